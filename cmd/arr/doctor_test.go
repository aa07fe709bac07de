// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

// diagnosis is what arr doctor says about a broken set-up.
type diagnosis struct {
	code   int
	check  string // the first step that fails
	detail string
	cure   string
}

// brokenSetup makes something real that is broken, and returns the settings that lead to it.
type brokenSetup func(t *testing.T, service *testService) (environment, flags []string)

func TestDoctorNamesWhatIsBroken(t *testing.T) {
	for name, test := range map[string]struct {
		broken brokenSetup
		want   diagnosis
	}{
		"nothing configured": {
			func(*testing.T, *testService) (environment, flags []string) { return []string{"ARR_ENDPOINT="}, nil },
			diagnosis{failure.Usage, "settings", "no service is configured", "Set ARR_ENDPOINT, ARR_ACCOUNT_ID"},
		},
		"malformed account id": {
			setting("ARR_ACCOUNT_ID=me"),
			diagnosis{failure.Usage, "settings", `ARR_ACCOUNT_ID "me"`, "Correct it."},
		},
		"misspelt region": {
			setting("ARR_ENDPOINT=westeurpoe"),
			diagnosis{failure.Usage, "settings", "did you mean westeurope?", "Correct it."},
		},
		"unreadable config file": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				return nil, []string{"--config", t.TempDir()}
			},
			diagnosis{failure.Usage, "settings", "cannot read the config file", "Correct it."},
		},
		"malformed config file": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				return nil, []string{"--config", file(t, "config.toml", "[profiles.default]\nendpont = \"x\"\n")}
			},
			diagnosis{failure.Usage, "settings", "did you mean endpoint?", "Correct it."},
		},
		"no file with certificates": {
			setting("ARR_CA_FILE=nowhere.pem"),
			diagnosis{failure.Usage, "settings", "nowhere.pem", "Correct it."},
		},
		"no key": {
			setting("ARR_ACCOUNT_KEY="),
			diagnosis{failure.Usage, "sign-in", "there is no account key", "Set ARR_ACCOUNT_KEY"},
		},
		"no file with a key": {
			setting("ARR_ACCOUNT_KEY=", "ARR_ACCOUNT_KEY_FILE=nowhere.key"),
			diagnosis{failure.Usage, "sign-in", "cannot read the account key: open nowhere.key", "Name a file"},
		},
		"empty file with a key": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				return []string{"ARR_ACCOUNT_KEY=", "ARR_ACCOUNT_KEY_FILE=" + file(t, "my.key", "\n")}, nil
			},
			diagnosis{failure.Usage, "sign-in", "holds no account key", "nothing else, where it is read from: ARR_ACC"},
		},
		"no keyring": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				skipWhereThereIsAKeyring(t)
				profile := file(t, "config.toml", "[profiles.default]\nkeyring = true\n")
				return []string{"ARR_ACCOUNT_KEY=", noKeyring}, []string{"--config", profile}
			},
			diagnosis{failure.Other, "sign-in", "the keyring cannot be used", "arr login"},
		},
		"no Azure CLI": {
			setting("ARR_ACCOUNT_KEY=", "ARR_AUTH=azure-cli", "PATH="),
			diagnosis{failure.Refused, "sign-in", "AzureCLICredential: ", "run: az login"},
		},
		"wrong key": {
			setting("ARR_ACCOUNT_KEY=wrong"),
			diagnosis{failure.Refused, "token-exchange", "401 Unauthorized", "ARR_ACCOUNT_ID, "},
		},
		"wrong account id": {
			setting("ARR_ACCOUNT_ID=11111111-2222-3333-4444-555555555555"),
			diagnosis{failure.Refused, "token-exchange", "401 Unauthorized", "ARR_ACCOUNT_ID, "},
		},
		"token that has expired": {
			setting("ARR_ACCOUNT_KEY=", "ARR_ACCESS_TOKEN="+tokenOf2001),
			diagnosis{failure.Refused, "sign-in", "expired", "Get a new token"},
		},
		"unknown host": {
			setting("ARR_STS_ENDPOINT=https://sts.arr.invalid"),
			diagnosis{failure.Other, "name-resolution", "sts.arr.invalid: ", ""},
		},
		"unknown domain of the account": {
			setting("ARR_STS_ENDPOINT=", "ARR_ACCOUNT_DOMAIN=arr.invalid"),
			diagnosis{failure.Other, "name-resolution", "sts.arr.invalid: ", ""},
		},
		"port closed": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				return []string{"ARR_STS_ENDPOINT=http://" + closedPort(t)}, nil
			},
			diagnosis{failure.Other, "tcp", "connection refused", "Nothing listens there"},
		},
		"http server at an https address": {
			func(_ *testing.T, service *testService) (environment, flags []string) {
				return []string{"ARR_STS_ENDPOINT=" + strings.Replace(service.url, "http:", "https:", 1)}, nil
			},
			diagnosis{failure.Other, "tls", "does not speak TLS", "http://"},
		},
		"certificate of an unknown authority": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				server, _ := tlsServer(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
				return []string{"ARR_STS_ENDPOINT=" + server}, nil
			},
			diagnosis{failure.Other, "tls", "authority that is not trusted", "--ca-file or ARR_CA_FILE"},
		},
		"expired certificate": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				server, ca := tlsServer(t, time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour), "127.0.0.1")
				return []string{"ARR_STS_ENDPOINT=" + server, "ARR_CA_FILE=" + ca}, nil
			},
			diagnosis{failure.Other, "tls", "expired on", "Renew the certificate"},
		},
		"certificate of tomorrow": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				server, ca := tlsServer(t, time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour), "127.0.0.1")
				return []string{"ARR_STS_ENDPOINT=" + server, "ARR_CA_FILE=" + ca}, nil
			},
			diagnosis{failure.Other, "tls", "is valid from", "Set the clock of this machine"},
		},
		"certificate of another host": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				server, ca := tlsServer(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "other.example")
				return []string{"ARR_STS_ENDPOINT=" + server, "ARR_CA_FILE=" + ca}, nil
			},
			diagnosis{failure.Other, "tls", "is for other.example", "another server answers there"},
		},
		"proxy that refuses": {
			throughProxy(faultproxy.ConnectAnswer{Status: http.StatusForbidden}),
			diagnosis{failure.Other, "proxy", "answered 403 Forbidden", "NO_PROXY"},
		},
		"proxy that wants a password": {
			throughProxy(faultproxy.ConnectAnswer{Status: http.StatusProxyAuthRequired}),
			diagnosis{failure.Other, "proxy", "answered 407", "user name and password"},
		},
		"proxy that is not there": {
			func(t *testing.T, _ *testService) (environment, flags []string) {
				return []string{"ARR_STS_ENDPOINT=https://sts.arr.test", "HTTPS_PROXY=http://" + closedPort(t)}, nil
			},
			diagnosis{failure.Other, "proxy", "connection refused", "HTTPS_PROXY"},
		},
		"proxy without an address": {
			setting("ARR_STS_ENDPOINT=https://sts.arr.test", "HTTPS_PROXY=http://me:pass%word@[proxy"),
			diagnosis{failure.Other, "proxy", "HTTPS_PROXY, cannot be read", "%XX"},
		},
		"clock ahead": {
			serving(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
				w.WriteHeader(http.StatusUnauthorized)
			}),
			diagnosis{failure.Other, "clock", "this machine is 1h0m", "Set the clock"},
		},
		"clock behind": {
			serving(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(24*time.Hour).UTC().Format(http.TimeFormat))
				w.WriteHeader(http.StatusUnauthorized)
			}),
			diagnosis{failure.Other, "clock", "behind", "Set the clock"},
		},
		"token service with a fault": {
			serving(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
			diagnosis{failure.Other, "token-exchange", "500 Internal Server Error", "try again later"},
		},
		"page of a hotel": {
			serving(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write([]byte("<html>Welcome! Please sign in.</html>"))
			}),
			diagnosis{failure.Other, "http", "a web page, which is not the service", "Sign in to this network"},
		},
		"redirect to a page": {
			serving(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://portal.example/", http.StatusFound)
			}),
			diagnosis{failure.Other, "http", "which is not the service", "Sign in to this network"},
		},
		"server that closes connections": {
			serving(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			diagnosis{failure.Other, "http", "does not answer", "whether the service runs"},
		},
		"list refused": {
			fault("operation=list status=403"),
			diagnosis{failure.Refused, "list", "403 Forbidden", "needs the role Remote Rendering Client"},
		},
		"token of another service": {
			fault("operation=list status=401"),
			diagnosis{failure.Refused, "list", "401 Unauthorized", "account and endpoint belong to the same service"},
		},
		"service with a fault": {
			fault("operation=list status=503"),
			diagnosis{failure.Other, "list", "503 Service Unavailable", "try again later"},
		},
		"service throttles": {
			fault("operation=list status=429"),
			diagnosis{failure.Throttled, "list", "429 Too Many Requests", "Wait before the next request"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			service := newTestService(t, emulator.Options{})
			environment, flags := test.broken(t, service)
			environment = append(service.environment, environment...)
			r := runArr(t, environment, "", append([]string{"doctor", "--output", "json"}, flags...)...)
			first := firstFailure(t, r.stdout)
			assert.Equal(t, test.want.code, r.code, r.stderr)
			assert.Empty(t, r.stderr, "all that is to say is in the steps")
			assert.Equal(t, test.want.check, first.Check, r.stdout)
			assert.Contains(t, first.Detail, test.want.detail)
			assert.Contains(t, first.Cure, test.want.cure)
			assert.NotEmpty(t, first.Cure)
			assert.NotContains(t, r.stdout, "pass%word")
			assert.NotContains(t, r.stdout, service.Key())
			r = runArr(t, environment, "", append([]string{"doctor"}, flags...)...)
			assert.Equal(t, test.want.code, r.code)
			assert.Regexp(t, `(?m)^failed   `+test.want.check+" .*\n {26}\\S", r.stdout)
		})
	}
}

func TestDoctorOfWhatWorks(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	r := service.arr("doctor")
	assert.Equal(t, failure.OK, r.code, r.stdout)
	assert.Empty(t, r.stderr)
	for _, want := range []string{
		"ok       settings         account " + service.Account().ID + " from ARR_ACCOUNT_ID",
		"ok       proxy            none\n",
		"ok       tcp              connected to 127.0.0.1:",
		"ok       http             127.0.0.1:", "ok       clock            agrees with ",
		"ok       sign-in          a key from ARR_ACCOUNT_KEY\n",
		"ok       token-exchange   an access token until ",
		"ok       list             1 session at 127.0.0.1:", "\nEverything works.\n",
	} {
		assert.Contains(t, r.stdout, want)
	}
	assert.Empty(t, service.arr("doctor", "--quiet").stdout)
	assert.Equal(t, "token-exchange\n",
		runArr(t, append(service.environment, "ARR_ACCOUNT_KEY=wrong"), "", "doctor", "--quiet").stdout)
	assert.Equal(t, failure.OK, runArr(t, nil, "", "doctor", "--emulator").code)

	token := strings.TrimSpace(service.arr("token", "--quiet").stdout)
	r = runArr(t, append(service.withoutKey(), "ARR_ACCESS_TOKEN="+token), "", "doctor")
	assert.Equal(t, failure.OK, r.code, r.stdout)
	assert.Contains(t, r.stdout, "skipped  token-exchange   not needed with an access token")

	authority, err := emulator.OpenAuthority(t.TempDir(), "arr.test")
	require.NoError(t, err)
	server, err := service.ListenTLS("", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	r = runArr(t, append(service.environment, "ARR_ENDPOINT="+server.URL, "ARR_STS_ENDPOINT="+server.URL,
		"ARR_CA_FILE="+authority.CertificateFile()), "", "doctor")
	assert.Equal(t, failure.OK, r.code, r.stdout)
	assert.Regexp(t, `(?m)^ok       tls              TLS 1\.3, certificate of `, r.stdout)
}

// One endpoint that cannot be reached hides no other.
func TestDoctorGoesOnWithOtherEndpoints(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	closed := closedPort(t)
	r := runArr(t, append(service.environment, "ARR_FALLBACK=http://"+closed), "", "doctor")
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stdout, "failed   tcp              no connection to "+closed+": connection refused\n")
	assert.Contains(t, r.stdout, "ok       list             0 sessions at "+strings.TrimPrefix(service.url, "http://"))
	assert.Contains(t, r.stdout, "skipped  list             because "+closed+" cannot be reached")
}

func TestDoctorWarnsOfAKeyThatOthersCanRead(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	key := file(t, "my.key", service.Key())
	require.NoError(t, os.Chmod(key, 0o644))
	r := runArr(t, append(service.withoutKey(), "ARR_ACCOUNT_KEY_FILE="+key), "", "doctor")
	assert.Equal(t, failure.OK, r.code, "a warning is no failure")
	assert.Contains(t, r.stdout, "warning  settings         "+key+" holds a key or token")
	assert.Contains(t, r.stdout, "chmod 600 '"+key+"'\n")
}
