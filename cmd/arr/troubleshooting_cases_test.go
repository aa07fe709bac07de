// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

// troubles are all transcripts of docs/troubleshooting.md.
func troubles() map[string]func(*trouble) {
	all := map[string]func(*trouble){}
	for _, some := range []map[string]func(*trouble){
		mistakes(), signInTroubles(), networkTroubles(), refusals(), endings(),
		conversionTroubles(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// mistakes are refused before any request.
func mistakes() map[string]func(*trouble) {
	inNothing := func(words ...string) func(*trouble) { return func(tr *trouble) { tr.run(words...) } }
	return map[string]func(*trouble){
		"config-mistake": func(tr *trouble) {
			tr.write("arr.toml", "[profiles.work]\nendpont = \"westeurope\"\n")
			tr.run("session", "list", "--config", "arr.toml")
		},
		"profile-missing": func(tr *trouble) {
			tr.write("arr.toml", "[profiles.work]\nendpoint = \"westeurope\"\n")
			tr.run("session", "list", "--config", "arr.toml", "--profile", "lab")
		},
		"negative-lease": inNothing("session", "create", "demo", "--lease=-5m"),
		"no-session-id":  inNothing("session", "get", "my/session"),
		"not-configured": inNothing("session", "list"),
		"http-endpoint": once(
			"",
			"session",
			"list",
			"--endpoint",
			"http://arr.example.com",
		),
		"account-domain-as-endpoint": once(
			"",
			"session",
			"list",
			"--endpoint",
			"mixedreality.azure.com",
		),
		"token-service-as-endpoint": once(
			"",
			"session",
			"list",
			"--endpoint",
			"https://sts.westeurope.mixedreality.azure.com",
		),
		"endpoint-as-account-domain": once(
			"",
			"ARR_STS_ENDPOINT=",
			"session",
			"list",
			"--account-domain",
			"remoterendering.westeurope.mixedreality.azure.com",
		),
		"account-id-that-is-none": once("", "session", "list", "--account-id", "my-account"),
		"key-missing": inNothing(
			"session",
			"list",
			"--endpoint",
			"westeurope",
			"--account-id",
			emulator.DevelopmentAccountID,
		),
		"arrconfig-found": func(tr *trouble) {
			tr.script("https://arr.example.com", "")
			tr.run("ARR_ACCOUNT_KEY=KEY", "session", "list")
		},
		"arrconfig-not-filled-in": func(tr *trouble) {
			tr.script("<select from available regions>", "<fill in>")
			tr.run("session", "list")
		},
	}
}

// script writes an arrconfig.json into the working folder.
func (tr *trouble) script(domain, key string) {
	tr.t.Helper()
	tr.write(
		"arrconfig.json",
		`{"accountSettings": {"arrAccountId": "`+emulator.DevelopmentAccountID+`", "arrAccountKey": "`+key+
			`", "arrAccountDomain": "westeurope"},
"renderingSessionSettings": {"remoteRenderingDomain": "`+domain+`"}}`,
	)
}

// write writes a file into the working folder.
func (tr *trouble) write(name, text string) {
	tr.t.Helper()
	tr.folder = tr.t.TempDir()
	require.NoError(tr.t, os.WriteFile(filepath.Join(tr.folder, name), []byte(text), 0o600))
}

// signInTroubles end before the service is asked, or with its 401 or 403.
func signInTroubles() map[string]func(*trouble) {
	return map[string]func(*trouble){
		"wrong-key": once("", "ARR_ACCOUNT_KEY=an-old-key", "session", "list"),
		"wrong-account": once(
			"",
			"session",
			"list",
			"--account-id",
			"11111111-2222-3333-4444-555555555555",
		),
		"token-service-400": once("operation=token status=400", "session", "list"),
		"token-service-throttled": once(
			"operation=token status=429 retry-after=15s",
			"session",
			"list",
		),
		"token-service-fault": once("operation=token status=503", "session", "list"),
		"token-service-html":  once("operation=token body=invalid", "session", "list"),
		"no-identity": once(
			"",
			"PATH=/nowhere",
			"session",
			"list",
			"--auth",
			"azure-cli",
		),
		"forbidden": once("operation=list status=403", "session", "list"),
		"unauthorized": func(tr *trouble) {
			tr.with(emulator.Options{}, "operation=list status=401")
			tr.run("session", "list")
			tr.service.ClearFaults()
			tr.service.inject("operation=list status=401 challenge=none")
			tr.run("session", "list")
		},
		"revoked-and-replaced": func(tr *trouble) {
			_, err := tr.with(
				emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)},
			).client.BeginCreate(
				tr.t.Context(),
				"demo",
				arr.CreateSessionSettings{
					Size:         arr.SessionSizeStandard,
					MaxLeaseTime: time.Hour,
				},
				nil,
			)
			require.NoError(tr.t, err)
			tr.whileItStarts(func(*os.Process) error {
				return errors.Join(
					tr.service.RevokeTokens(tr.service.Account().ID),
					tr.service.SetStatus("demo", arr.SessionStatusReady),
				)
			}, "session", "wait", "demo", "--interval", "500ms")
		},
		"revoked-token": func(tr *trouble) {
			token := strings.TrimSpace(tr.with(emulator.Options{}).arr("token", "--quiet").stdout)
			require.NoError(tr.t, tr.service.RevokeTokens(tr.service.Account().ID))
			tr.service.environment = tr.service.withoutKey()
			tr.run("ARR_ACCESS_TOKEN="+token, "session", "list")
		},
		"expired-token": func(tr *trouble) {
			tr.with(emulator.Options{}).environment = tr.service.withoutKey()
			tr.run("ARR_ACCESS_TOKEN="+expiredToken(), "session", "list")
		},
	}
}

// networkTroubles are those in which no answer of the service came, or none that can be read.
func networkTroubles() map[string]func(*trouble) {
	return map[string]func(*trouble){
		"unknown-host":           nowhere("session", "list", "--endpoint", "https://arr.invalid"),
		"unknown-account-domain": nowhere("session", "list", "--account-domain", "arr.invalid"),
		"connection-refused":     once("", "session", "list", "--endpoint", "http://127.0.0.1:1"),
		"http-at-https": func(tr *trouble) {
			tr.with(emulator.Options{})
			tr.run("session", "list", "--endpoint", "https://"+tr.host())
		},
		"html": once("operation=get body=invalid", "session", "get", "demo"),
		"html-from-a-proxy": func(tr *trouble) {
			tr.behindProxy(http.StatusBadGateway)
			tr.run("session", "get", "demo")
		},
		"proxy-refuses": func(tr *trouble) {
			proxy, err := faultproxy.ListenConnect(func(string) faultproxy.ConnectAnswer {
				return faultproxy.ConnectAnswer{Status: http.StatusProxyAuthRequired}
			})
			require.NoError(tr.t, err)
			tr.t.Cleanup(func() { _ = proxy.Close() })
			tr.with(emulator.Options{})
			tr.hosts = []string{proxy.URL().Host, "PROXY"}
			tr.run("HTTPS_PROXY="+proxy.URL().String(), "session", "create", "demo",
				"--endpoint", "https://arr.example.com")
		},
		"truncated": once("operation=get body=truncated", "session", "get", "demo"),
		"redirect":  func(tr *trouble) { tr.behindProxy(http.StatusFound); tr.run("session", "get", "demo") },
		"untrusted": func(tr *trouble) {
			authority, err := emulator.OpenAuthority(tr.t.TempDir(), "arr.test")
			require.NoError(tr.t, err)
			server, err := tr.with(emulator.Options{}).ListenTLS("", authority.TLSConfig())
			require.NoError(tr.t, err)
			tr.t.Cleanup(func() { _ = server.Close() })
			tr.hosts = []string{
				strings.TrimPrefix(server.URL, "https://"),
				"HOST",
				authority.CertificateFile(),
				"/etc/arr/ca.pem",
			}
			tr.service.ready("demo")
			tr.run("session", "list", "--quiet", "--endpoint", server.URL)
			tr.run(
				"session",
				"list",
				"--quiet",
				"--endpoint",
				server.URL,
				"--ca-file",
				authority.CertificateFile(),
			)
		},
		"next-link": func(tr *trouble) {
			tr.with(
				emulator.Options{Decisions: emulator.Decisions{PageSize: 1}},
				"operation=list next-link=foreign",
			)
			tr.service.ready("one")
			tr.service.ready("two")
			tr.run("session", "list")
		},
	}
}

func (tr *trouble) host() string { return strings.TrimPrefix(tr.service.url, "http://") }

// behindProxy puts something between the program and the service that answers by itself.
func (tr *trouble) behindProxy(status int) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Location", "https://login.example.com/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body>Please sign in to the proxy</body></html>"))
	}))
	tr.t.Cleanup(proxy.Close)
	service := tr.with(emulator.Options{})
	// the last one counts
	service.environment = append(service.environment, "ARR_ENDPOINT="+proxy.URL)
	tr.hosts = []string{strings.TrimPrefix(proxy.URL, "http://"), "HOST"}
}

// nowhere makes the transcript of a command about a host that does not exist. It fails at once,
// although repeats are allowed.
func nowhere(words ...string) func(*trouble) {
	return func(tr *trouble) {
		var dns *net.DNSError
		if _, err := net.DefaultResolver.LookupHost(
			context.Background(),
			"arr.invalid",
		); !errors.As(err, &dns) ||
			!dns.IsNotFound {
			tr.t.Skip("nobody here says which names exist")
		}
		tr.with(emulator.Options{})
		tr.service.environment = append(tr.service.environment, "ARR_RETRIES=3")
		if slices.Contains(words, "--account-domain") {
			// which would do without the domain
			tr.service.environment = append(tr.service.environment, "ARR_STS_ENDPOINT=")
		}
		began := time.Now()
		tr.run(words...)
		assert.Less(tr.t, time.Since(began), 5*time.Second)
	}
}

// whileItStarts makes the transcript of a command that waits for a session, during which something
// happens.
func (tr *trouble) whileItStarts(happens func(*os.Process) error, words ...string) {
	tr.t.Helper()
	cmd := command(tr.t, tr.service.environment, words...)
	screen := new(output)
	cmd.Stdout, cmd.Stderr, cmd.Dir = screen, screen, tr.t.TempDir()
	require.NoError(tr.t, cmd.Start())
	require.Eventually(
		tr.t,
		func() bool { return strings.Contains(screen.String(), "Starting") },
		patience,
		10*time.Millisecond,
	)
	require.NoError(tr.t, happens(cmd.Process))
	_ = cmd.Wait() // the exit code tells
	tr.add(words, 0, screen.String(), cmd.ProcessState.ExitCode())
}

// expiredToken is an access token whose end has passed.
func expiredToken() string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(
		`{"alg":"none","typ":"JWT"}`,
	) + "." + part(
		`{"iat":1500000000,"exp":1500086400}`,
	) + "."
}
