// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const adminBase = "http://localhost/_emulator"

// admin sends an administrative request. Its answer must be as the description says.
func (s *service) admin(method, path, body string) reply {
	s.t.Helper()
	r := s.send(method, adminBase+path, body, http.Header{"Content-Type": {"application/json"}})
	r.conformsToOpenAPI(s.t, method, adminBase+path)
	return r
}

func TestAdminFaults(t *testing.T) {
	s := start(t, emulator.Options{Admin: true, RateLimit: emulator.RateLimit{Requests: 1}})
	assert.JSONEq(t, `{"faults":[]}`, s.admin("GET", "/faults", "").body)
	r := s.admin(
		"POST",
		"/faults",
		`{"operation":"create","status":503,"retryAfter":"15s","count":1}`,
	)
	assert.Equal(t, http.StatusCreated, r.status)
	assert.JSONEq(t, `{"id":1}`, r.body)
	assert.Equal(t, "/_emulator/faults/1", r.header.Get("Location"))
	assert.Equal(t, "no-store", r.header.Get("Cache-Control"))

	r = s.put("a", standard5)
	assert.Equal(t, http.StatusServiceUnavailable, r.status)
	assert.Equal(t, "15", r.header.Get("Retry-After"))
	assert.JSONEq(
		t,
		`{"faults":[{"id":1,"name":"status=503 retry-after=15s","operation":"CreateSession","count":1,"status":503,
		"retryAfter":"15s","matched":1,"affected":1}]}`,
		s.admin("GET", "/faults", "").body,
	)

	s.admin("POST", "/faults", `{"status":599}`)
	assert.Equal(t, 599, s.get("a").status)
	assert.Equal(t, http.StatusNoContent, s.admin("DELETE", "/faults/2", "").status)
	assert.Equal(t, http.StatusNotFound, s.admin("DELETE", "/faults/2", "").status)
	assert.Equal(t, http.StatusNotFound, s.admin("DELETE", "/faults/x", "").status)
	assert.Equal(
		t,
		http.StatusNotFound,
		s.get("a").status,
		"the first request that counts for the rate limit",
	)
	assert.Equal(t, http.StatusNoContent, s.admin("DELETE", "/faults", "").status)
	assert.Empty(t, s.Faults())
}

func TestAdminRefusesBadFaults(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	for body, want := range map[string]string{
		``:                             "not JSON",
		`[]`:                           "not a JSON object",
		`{"status":503,"stat":1}`:      `\"stat\" is not one of`,
		`{"status":503,"status":503}`:  "twice",
		`{"status":99}`:                "status 99 is out of range; give 200 to 599",
		`{"delay":5}`:                  "give text such as",
		`{}`:                           "no effect",
		`{"status":503}{"status":503}`: "not JSON",
	} {
		r := s.admin("POST", "/faults", body)
		assert.Equal(t, http.StatusBadRequest, r.status, body)
		assert.Equal(t, "BadRequest", r.code(t))
		assert.Contains(t, r.body, want)
	}
	r := s.admin("POST", "/faults", `{"name":"`+strings.Repeat("x", 1<<20)+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, r.status)
	assert.Empty(t, s.Faults())
}

func TestAdminSetsStatus(t *testing.T) {
	s := start(
		t,
		emulator.Options{
			Admin:    true,
			Accounts: []emulator.AccountOptions{{}, {ID: secondAccount}},
		},
	)
	s.create("a", standard5)
	other := s.as(secondAccount)
	other.create("a", standard5)
	other.create("b", standard5)
	abroad := s.in("remoterendering.uksouth.example")
	abroad.create("c", standard5)

	set := func(path, body string) int { return s.admin("POST", "/sessions/"+path, body).status }
	const failed = `{"status":"Error"}`
	assert.Equal(t, 204, set("a", failed))
	assert.Equal(t, "Error", s.look("a").Status)
	assert.Equal(t, 409, set("a", `{"status":"Ready"}`))
	assert.Equal(t, "Ready", other.look("a").Status, "that of the other account")
	assert.Equal(t, 204, set("a?account="+secondAccount, failed))
	assert.Equal(t, "Error", other.look("a").Status)
	assert.Equal(t, 204, set("b", `{"status":"Melting"}`))
	assert.Equal(t, "Melting", other.look("b").Status)
	assert.Equal(t, 404, set("c?region=westus2", failed))
	assert.Equal(t, 204, set("c?region=uksouth", failed))
	assert.Equal(t, 404, set("nobody", failed))
	assert.Equal(t, 404, set("a%2Fb", failed))
	assert.Equal(t, 404, set("a?account=00000000-0000-0000-0000-000000000000", failed))
	assert.Equal(t, 400, set("a?session=a", failed))
	for _, body := range []string{
		``, `{}`, `{"status":""}`, `{"status":5}`, `{"status":"\n"}`,
		`{"status":"Error","id":"a"}`,
	} {
		assert.Equal(t, 400, set("b", body), body)
	}
}

func TestAdminRevokesTokens(t *testing.T) {
	s := start(
		t,
		emulator.Options{
			Admin:    true,
			Accounts: []emulator.AccountOptions{{}, {ID: secondAccount}},
		},
	)
	other := s.as(secondAccount)
	assert.Equal(t, 204, s.admin("POST", "/tokens/revoke?account="+secondAccount, "").status)
	assert.Equal(t, 404, s.get("a").status)
	assert.Equal(t, 401, other.get("a").status)
	assert.Equal(t, 204, s.admin("POST", "/tokens/revoke", "").status)
	assert.Equal(t, 401, s.get("a").status)
	assert.Equal(t, 404, s.admin("POST", "/tokens/revoke?account=x", "").status)
	assert.Equal(t, 400, s.admin("POST", "/tokens/revoke?accountId=x", "").status)
}

func TestAdminState(t *testing.T) {
	s := start(
		t,
		emulator.Options{
			Admin:       true,
			Accounts:    []emulator.AccountOptions{{PrimaryKey: "primary-secret"}},
			StartupTime: emulator.FixedStartup(time.Hour),
		},
	)
	s.create("a", standard5)
	require.NoError(t, s.SetStatus("a", "Ready"))
	s.inject(emulator.Fault{Name: "tired", Status: 503})
	s.get("a")
	r := s.admin("GET", "/state", "")
	assert.Equal(t, http.StatusOK, r.status)
	var state struct {
		Time     time.Time
		Accounts []struct{ ID, Domain, Region string }
		Sessions []struct {
			Account, Region  string
			Session          seen
			Since            time.Time
			ReadyAt, EndedAt time.Time
			LeaseEnd         time.Time
		}
		Requests []struct {
			Operation, Method, Account, Session, CorrelationVector string
			Status                                                 int
			Faults                                                 []string
		}
		Faults []emulator.FaultState
	}
	decoder := json.NewDecoder(strings.NewReader(r.body))
	require.NoError(t, decoder.Decode(&state), r.body)
	assert.Equal(t, s.Account().Domain, state.Accounts[0].Domain)
	assert.Equal(t, "Ready", state.Sessions[0].Session.Status)
	assert.Equal(t, 5*time.Minute, state.Sessions[0].LeaseEnd.Sub(state.Sessions[0].ReadyAt))
	assert.True(t, state.Sessions[0].EndedAt.IsZero())
	require.Len(
		t,
		state.Requests,
		3,
		"token, create, get: administrative requests are not among them",
	)
	assert.Equal(t, []string{"tired"}, state.Requests[2].Faults)
	assert.Equal(t, 503, state.Requests[2].Status)
	assert.Equal(t, "a", state.Requests[2].Session)
	assert.Equal(t, 1, state.Faults[0].Affected)
	assert.NotContains(t, r.body, "primary-secret")
	assert.NotContains(t, r.body, s.SecondaryKey())
	assert.NotContains(t, r.body, s.token)
}

func TestAdminPaths(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	for _, path := range []string{
		"//", "/faults/", "/faults/1/2", "/nothing", "/sessions/a", "//faults", "/../faults",
	} {
		assert.Equal(t, http.StatusNotFound, s.admin("GET", path, "").status, path)
	}
	r := s.admin("PUT", "/faults", "{}")
	assert.Equal(t, http.StatusMethodNotAllowed, r.status)
	assert.Equal(t, "GET, POST, DELETE", r.header.Get("Allow"))
	assert.Equal(t, http.StatusMethodNotAllowed, s.admin("OPTIONS", "/faults", "").status)
	assert.Equal(
		t,
		http.StatusNotFound,
		s.send("GET", "http://localhost/_emulatorx", "", nil).status,
	)
}

func TestAdminIsOptIn(t *testing.T) {
	s := start(t, emulator.Options{})
	r := s.admin("POST", "/faults", `{"status":503}`)
	assert.Equal(t, http.StatusNotFound, r.status)
	assert.Empty(t, r.body)
	assert.Empty(t, s.Faults())
}

// The protections hold in memory and on a socket.
func TestAdminProtection(t *testing.T) {
	own := emulator.Options{Admin: true, Domain: "arr.test"}
	for _, test := range []struct {
		method, host, header string // of the header "Name: value", or empty
		want                 int
	}{
		{"GET", "localhost", "", 200},
		{"GET", "localhost:8080", "", 200},
		{"GET", "LOCALHOST.", "", 200},
		{"GET", "127.0.0.1", "", 200},
		{"GET", "127.1.2.3:1", "", 200},
		{"GET", "[::1]:1", "", 200},
		{"GET", "[::1]", "", 200},
		{"GET", "[::ffff:127.0.0.1]", "", 200},
		{"GET", "arr.test", "", 200},
		{"GET", "sts.arr.test:443", "", 200},
		{"GET", "evil.example", "", 403},
		{"GET", "notarr.test", "", 403},
		{"GET", "arr.test.evil.example", "", 403},
		{"GET", "localhost.evil.example", "", 403},
		{"GET", "127.0.0.1.evil.example", "", 403},
		{"GET", "192.168.0.1", "", 403},
		{"GET", "0.0.0.0", "", 403},
		{"GET", "remoterendering.westeurope.mixedreality.azure.com", "", 403},

		{"GET", "localhost:1", "Origin: http://localhost:1", 200},
		{"GET", "localhost", "Origin: http://localhost:80", 200},
		{"GET", "localhost:1", "Origin: http://localhost:2", 403},
		{"GET", "localhost:1", "Origin: https://localhost:1", 403},
		{"GET", "localhost:1", "Origin: http://127.0.0.1:1", 403},
		{"GET", "localhost:1", "Origin: http://evil.example", 403},
		{"GET", "localhost:1", "Origin: null", 403},
		{"GET", "localhost", "Sec-Fetch-Site: same-origin", 200},
		{"GET", "localhost", "Sec-Fetch-Site: none", 200},
		{"GET", "localhost", "Sec-Fetch-Site: same-site", 403},
		{"GET", "localhost", "Sec-Fetch-Site: cross-site", 403},
		{"DELETE", "localhost", "Origin: http://evil.example", 403},
		{"POST", "localhost", "Origin: http://evil.example", 403},

		{"POST", "localhost", "", 415},
		{"POST", "localhost", "Content-Type: text/plain", 415},
		{"POST", "localhost", "Content-Type: application/x-www-form-urlencoded", 415},
		{"POST", "localhost", "Content-Type: text/plain; application/json", 415},
		{"POST", "localhost", "Content-Type: application/json; charset=utf-8", 201},
	} {
		onEachTransport(t, own, func(t *testing.T, s *service, client doer) {
			address := s.host
			if strings.HasSuffix(address, ".example") {
				address = "http://" + test.host
			}
			req, err := http.NewRequestWithContext(
				t.Context(),
				test.method,
				address+"/_emulator/faults",
				strings.NewReader(`{"status":503}`),
			)
			require.NoError(t, err)
			req.Host = test.host
			name, value, _ := strings.Cut(test.header, ": ")
			// over TLS the same, except for the scheme and its port
			if strings.HasPrefix(address, "https:") && name == "Origin" {
				value = strings.NewReplacer("https:", "http:", "http:", "https:", ":80", ":443").
					Replace(value)
			}
			if name != "" {
				req.Header.Set(name, value)
			}
			resp, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(
				t,
				test.want,
				resp.StatusCode,
				"%s %s %s",
				test.method,
				test.host,
				test.header,
			)
			for name := range resp.Header {
				assert.NotContains(t, name, "Access-Control")
			}
			assert.Equal(t, test.want == 201, len(s.Faults()) == 1)
		})
	}
}

func TestAdminPanicIsAnAnswer(t *testing.T) {
	var log bytes.Buffer
	s := start(
		t,
		emulator.Options{
			Admin:   true,
			Backend: panicking{},
			Logger:  slog.New(slog.NewTextHandler(&log, nil)),
		},
	)
	s.create("a", standard5)
	assert.Equal(t, http.StatusInternalServerError, s.admin("GET", "/state", "").status)
	assert.Contains(t, log.String(), "no status")
}

// panicking starts servers whose second Status panics.
type panicking struct{}

func (panicking) Start(emulator.ServerSpec) emulator.BackendServer { return new(panickingServer) }

type panickingServer struct{ asked bool }

func (p *panickingServer) Status() emulator.ServerStatus {
	if p.asked {
		panic("no status")
	}
	p.asked = true
	return emulator.ServerStatus{}
}
func (*panickingServer) SetLease(time.Duration) {}
func (*panickingServer) Stop()                  {}
