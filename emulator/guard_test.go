// SPDX-License-Identifier: MIT

package emulator_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// startedServers counts the servers that a back end was asked for.
type startedServers struct{ n int }

func (s *startedServers) Start(emulator.ServerSpec) emulator.BackendServer {
	s.n++
	return nil
}

// attack sends the requests of a web page to a server as far as its answers allow: it exchanges a
// credential for a token, creates and lists sessions, and reads page and state. It returns the
// statuses.
func attack(t *testing.T, server, credential, token string, header http.Header) map[string]int {
	t.Helper()
	statuses := make(map[string]int)
	for _, request := range []struct{ method, path, bearer, body string }{
		{"GET", "/Accounts/" + emulator.DevelopmentAccountID + "/token", credential, ""},
		{"OPTIONS", "/Accounts/" + emulator.DevelopmentAccountID + "/token", "", ""},
		{"PUT", "/accounts/" + emulator.DevelopmentAccountID + "/sessions/a" + apiVersion, token, standard5},
		{"OPTIONS", "/accounts/" + emulator.DevelopmentAccountID + "/sessions/a", "", ""},
		{"GET", "/accounts/" + emulator.DevelopmentAccountID + "/sessions/ready" + apiVersion, token, ""},
		{"GET", "/accounts/" + emulator.DevelopmentAccountID + "/sessions" + apiVersion, token, ""},
		{"POST", "/accounts/" + emulator.DevelopmentAccountID + "/sessions/ready/:stop" + apiVersion, token, ""},
		{"GET", "/", "", ""},
		{"GET", "/_emulator/state", "", ""},
		{"POST", "/_emulator/tokens/revoke", "", ""},
		{"GET", "/favicon.ico", "", ""},
	} {
		req, err := http.NewRequestWithContext(
			t.Context(), request.method, server+request.path, strings.NewReader(request.body))
		require.NoError(t, err)
		req.Header = header.Clone()
		req.Host = header.Get("Host")
		req.Header.Set("Content-Type", "application/json")
		if request.bearer != "" {
			req.Header.Set("Authorization", "Bearer "+request.bearer)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.NotContains(t, string(body), "AccessToken")
		assert.NotContains(t, string(body), "<html")
		for name := range resp.Header {
			assert.NotContains(t, name, "Access-Control")
		}
		statuses[request.method+" "+request.path] = resp.StatusCode
	}
	return statuses
}

// A web page reaches nothing, even with a key, an identity and a token in its hands: neither under
// a name of its own that leads here (DNS rebinding), nor from another origin.
func TestWebPagesReachNothing(t *testing.T) {
	const rebound = "attacker.example:20210"
	for name, test := range map[string]struct {
		header http.Header
		status int
	}{
		"rebound name": {http.Header{"Host": {rebound}}, 421},
		"rebound name, a page of the same origin": {
			http.Header{
				"Host": {rebound}, "Origin": {"http://" + rebound},
				"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"cors"},
			}, 421,
		},
		"rebound name, opened as a page": {
			http.Header{
				"Host": {rebound}, "Sec-Fetch-Site": {"none"}, "Sec-Fetch-Mode": {"navigate"},
				"Sec-Fetch-Dest": {"document"},
			}, 421,
		},
		"name that begins like a known one": {http.Header{"Host": {"localhost.attacker.example"}}, 421},
		"name that ends like a known one":   {http.Header{"Host": {"notmixedreality.azure.com"}}, 421},
		"name of an address":                {http.Header{"Host": {"127.0.0.1.nip.io"}}, 421},
		"address of all interfaces":         {http.Header{"Host": {"0.0.0.0:20210"}}, 421},
		"address of another machine":        {http.Header{"Host": {"192.0.2.1"}}, 421},
		"foreign origin": {
			http.Header{"Host": {"127.0.0.1:20210"}, "Origin": {"https://attacker.example"}}, 403,
		},
		"origin of another port": {
			http.Header{"Host": {"localhost:20210"}, "Origin": {"http://localhost:3000"}}, 403,
		},
		"sandboxed frame": {http.Header{"Host": {"127.0.0.1"}, "Origin": {"null"}}, 403},
		"cross-site request without origin": {
			http.Header{
				"Host": {"127.0.0.1"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"},
				"Sec-Fetch-Dest": {"image"},
			}, 403,
		},
		"frame in a foreign page": {
			http.Header{
				"Host": {"127.0.0.1"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"},
				"Sec-Fetch-Dest": {"iframe"},
			}, 403,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log lines
			servers := new(startedServers)
			s := start(t, emulator.Options{
				Admin:          true,
				Backend:        servers,
				AcceptIdentity: emulator.AcceptAnyIdentity(),
				Logger:         slog.New(slog.NewTextHandler(&log, nil)),
			})
			s.create("ready", standard5)
			before := s.everything()
			server, err := s.Listen("")
			require.NoError(t, err)
			defer func() { require.NoError(t, server.Close()) }()
			for _, credential := range []string{
				identity(t, nil), s.Account().ID + ":" + s.Key(),
			} {
				for request, status := range attack(t, server.URL, credential, s.token, test.header) {
					want := test.status
					if strings.Contains(request, "/_emulator") {
						want = 403
					}
					assert.Equal(t, want, status, request)
				}
			}
			assert.Equal(t, before, s.everything())
			assert.Equal(t, 1, servers.n, "no program is started")
			assert.Contains(t, log.String(), `level=WARN msg="request refused"`)
			assert.NotContains(t, log.String(), s.Key())
			assert.NotContains(t, log.String(), s.token)
		})
	}
}

// A link from another page to the emulator's own page may be followed.
func TestLinksLeadToThePage(t *testing.T) {
	s := start(t, emulator.Options{})
	server, err := s.Listen("")
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	for path, want := range map[string]int{"/": 200, s.list() + apiVersion: 403} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		require.NoError(t, err)
		req.Header = http.Header{
			"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"},
			"Sec-Fetch-Dest": {"document"}, "Sec-Fetch-User": {"?1"},
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode, path)
	}
}

// statusFor returns the status of a get through a handler of a server, for a host.
func (s *service) statusFor(server, host string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(
		s.t.Context(), http.MethodGet, server+s.session("a")+apiVersion, nil)
	require.NoError(s.t, err)
	req.Host = host
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	return resp.StatusCode
}

func TestKnownHosts(t *testing.T) {
	s := start(t, emulator.Options{
		Domain:     "arr.test",
		AllowHosts: []string{"emulator", "192.0.2.7", ".cluster.Local", "FD00:0:0::1"},
	})
	s.create("a", standard5)
	server := httptest.NewServer(s) // a server of the user's own
	defer server.Close()
	for host, known := range map[string]bool{
		"localhost": true, "LOCALHOST.:80": true, "emulator.localhost:80": true,
		"127.0.0.1": true, "127.9.9.9:1": true, "[::1]:80": true, "[::ffff:127.0.0.1]": true,
		"arr.test": true, "sts.arr.test:443": true, "remoterendering.westeurope.ARR.test": true,
		"emulator": true, "Emulator:20210": true, "192.0.2.7:20210": true, "[fd00::1]:1": true,
		"[FD00:0000::0:1]": true, "[::ffff:192.0.2.7]": true, "[0:0:0:0:0:0:0:1]:80": true,
		"cluster.local": true, "emulator.tests.svc.cluster.local.": true,

		"x.emulator": false, "emulator.evil.example": false, "192.0.2.70": false,
		"notcluster.local": false, "arr.test.evil.example": false, "[fd00::2]": false,
		"remoterendering.westeurope.mixedreality.azure.com": false,
	} {
		want := http.StatusMisdirectedRequest
		if known {
			want = http.StatusOK
		}
		assert.Equal(t, want, s.statusFor(server.URL, host), host)
	}
}

// The address that [emulator.Server.URL] gives always works.
func TestAddressListenedOnIsKnown(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || !network.IP.IsGlobalUnicast() {
			continue
		}
		s := start(t, emulator.Options{})
		s.create("a", standard5)
		server, err := s.Listen(net.JoinHostPort(network.IP.String(), "0"))
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, s.statusFor(server.URL, ""), server.URL)
		assert.Equal(t, 421, s.statusFor(server.URL, "192.0.2.1"))
		require.NoError(t, server.Close())
	}
}

func TestAllowHostsAreChecked(t *testing.T) {
	for _, host := range []string{
		"", ".", "*", "http://emulator", "emulator:80", "a..b", "a b", "[::1]", "emulator/",
	} {
		_, err := emulator.New(emulator.Options{AllowHosts: []string{"good", host}})
		var invalid *azremoterendering.InvalidArgumentError
		require.ErrorAs(t, err, &invalid, host)
		assert.Equal(t, "Options.AllowHosts[1]", invalid.Name)
	}
}
