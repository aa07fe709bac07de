// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion"
)

const hourOfConversion = `{"settings":{"inputLocation":{"storageContainerUri":"https://a.example/in",` +
	`"storageContainerReadListSas":"sv=1&sig=read-signature","relativeInputAssetPath":"a.glb"},` +
	`"outputLocation":{"storageContainerUri":"https://a.example/out",` +
	`"storageContainerWriteSas":"sv=1&sig=write-signature"}}}`

func (s *service) putConversion(id string) reply {
	s.t.Helper()
	return s.call(http.MethodPut, "/accounts/"+s.Account().ID+"/conversions/"+id+apiVersion, hourOfConversion)
}

func TestRequestRecords(t *testing.T) {
	s := start(t, emulator.Options{Accounts: []emulator.AccountOptions{{PrimaryKey: "primary-secret"}}})
	s.inject(emulator.Fault{Name: "tired", Operation: "get", Status: 503})
	s.send("PUT", s.session("a")+apiVersion, standard5, http.Header{
		"Authorization": {"Bearer " + s.token}, "User-Agent": {"my-client/1 primary-secret"},
	})
	s.get("a")
	s.putConversion("c")
	s.put("b", `{"size":"primary-secret"}`)
	s.put("b", `no JSON, and primary-secret`)
	s.put("b", `{"x":"`+strings.Repeat("primary-secret", 500)+`"}`)
	s.call("GET", "/accounts/primary-secret/sessions/primary=secret/x", "")

	requests := s.Requests()
	var lines []string
	for i, r := range requests {
		assert.Equal(t, uint64(i+1), r.Sequence)
		assert.NotEmpty(t, r.CorrelationVector)
		path := strings.ReplaceAll(r.Path, s.Account().ID, "ID")
		lines = append(lines, strings.TrimSpace(r.Method+" "+path+" "+r.Operation+" "+r.SessionID+
			r.ConversionID+" "+http.StatusText(r.Status)+" "+r.ErrorCode+" "+r.RequestBody))
		for _, secret := range []string{"primary-secret", "signature", s.token} {
			assert.NotContains(t, r.Path+r.RequestBody+r.ResponseBody+r.UserAgent, secret)
		}
	}
	assert.Equal(t, []string{
		"GET /Accounts/ID/token GetToken  OK",
		"PUT /accounts/ID/sessions/a CreateSession a Created  " + standard5,
		"GET /accounts/ID/sessions/a GetSession a Service Unavailable ServiceUnavailable",
		`PUT /accounts/ID/conversions/c CreateConversion c Created  {"settings":{"inputLocation":` +
			`{"storageContainerUri":"https://a.example/in","storageContainerReadListSas":"REDACTED",` +
			`"relativeInputAssetPath":"a.glb"},"outputLocation":{"storageContainerUri":` +
			`"https://a.example/out","storageContainerWriteSas":"REDACTED"}}}`,
		`PUT /accounts/ID/sessions/b CreateSession b Bad Request BadRequest {"size":"REDACTED"}`,
		"PUT /accounts/ID/sessions/b CreateSession b Bad Request BadRequest (27 bytes, not JSON)",
		"PUT /accounts/ID/sessions/b CreateSession b Bad Request BadRequest (7008 bytes)",
		"GET /accounts/REDACTED/sessions/REDACTED/REDACTED unknown  Not Found",
	}, lines)
	assert.JSONEq(t, `{"AccessToken":"REDACTED"}`, requests[0].ResponseBody)
	assert.Equal(t, "my-client/1 REDACTED", requests[1].UserAgent)
	assert.Contains(t, requests[1].ResponseBody, `"status":"Starting"`)
	assert.Equal(t, []string{"tired"}, requests[2].Faults)

	assert.Len(t, s.Requests("create"), 4)
	assert.Len(t, s.Requests("createsession", "get"), 5)
	assert.Empty(t, s.Requests("creat"))
}

func TestRequestsAreBounded(t *testing.T) {
	s := start(t, emulator.Options{})
	for range 2100 {
		s.call("GET", "/nothing", "")
	}
	requests := s.Requests()
	require.Len(t, requests, 2000)
	assert.Equal(t, uint64(102), requests[0].Sequence)
	assert.Equal(t, uint64(2101), requests[1999].Sequence)
}

func TestSessionsOfAllAccounts(t *testing.T) {
	s := start(t, emulator.Options{Accounts: []emulator.AccountOptions{{}, {ID: secondAccount}}})
	other := s.as(secondAccount)
	other.create("c", standard5)
	s.create("b", standard5)
	s.in("remoterendering.uksouth.example").create("a", standard5)
	s.stop("b")
	var lines []string
	for _, each := range s.Sessions() {
		lines = append(lines, each.AccountID[:4]+" "+string(each.Region)+" "+each.ID+" "+string(each.Status))
	}
	assert.Equal(t, []string{
		s.Account().ID[:4] + " uksouth a Ready", s.Account().ID[:4] + " westeurope b Stopped",
		secondAccount[:4] + " westeurope c Ready",
	}, lines)
	assert.Len(t, s.RunningSessions(), 2)
}

func TestReset(t *testing.T) {
	second := secondAccount
	for name, test := range map[string]struct {
		scope                        emulator.Scope
		first, second, conversions   string // the ids that are left
		faults                       string
		requestsOfA1, requestsOfList int
	}{
		"everything":  {emulator.Scope{}, "", "", "", "at first", 0, 0},
		"an account":  {emulator.Scope{AccountID: second}, "a1 b1", "", "c1", "at first, one, both", 1, 1},
		"a prefix":    {emulator.Scope{Prefix: "a"}, "b1", "b2", "c1", "at first, second", 0, 2},
		"conversions": {emulator.Scope{Prefix: "c1"}, "a1 b1", "a2 b2", "", "at first, second, one, both", 1, 2},
		"both": {emulator.Scope{AccountID: second, Prefix: "a"}, "a1 b1", "b2", "c1",
			"at first, second, one", 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, emulator.Options{
				Accounts: []emulator.AccountOptions{{}, {ID: second}},
				Faults:   []emulator.Fault{{Name: "at first", Session: "x", Operation: "get", Status: 503}},
			})
			other := s.as(second)
			for _, id := range []string{"a", "b"} {
				s.create(id+"1", standard5)
				other.create(id+"2", standard5)
			}
			s.putConversion("c1")
			s.call("GET", s.list()+apiVersion, "")
			other.call("GET", other.list()+apiVersion, "")
			s.inject(emulator.Fault{Name: "second", AccountID: second, Session: "x*", Status: 503})
			s.inject(emulator.Fault{Name: "one", Session: "a*", Status: 503})
			both := s.inject(emulator.Fault{Name: "both", AccountID: second, Session: "a2", Status: 503})
			if name == "a prefix" || name == "both" {
				defer both()
			}
			if name == "an account" {
				both()
				s.inject(emulator.Fault{Name: "both", Session: "a2", Status: 503})
			}

			require.NoError(t, s.Reset(test.scope))
			left := map[string][]string{}
			for _, each := range s.Sessions() {
				left[each.AccountID] = append(left[each.AccountID], each.ID)
			}
			assert.Equal(t, test.first, strings.Join(left[s.Account().ID], " "))
			assert.Equal(t, test.second, strings.Join(left[second], " "))
			var faults []string
			for _, f := range s.Faults() {
				faults = append(faults, f.Name)
			}
			assert.Equal(t, test.faults, strings.Join(faults, ", "))
			creates, lists := 0, 0
			for _, r := range s.Requests("create", "list") {
				if r.SessionID == "a1" {
					creates++
				} else if r.Operation == "ListSessions" {
					lists++
				}
			}
			assert.Equal(t, test.requestsOfA1, creates)
			assert.Equal(t, test.requestsOfList, lists)
			s.ClearFaults()
			conversion := s.call("GET", "/accounts/"+s.Account().ID+"/conversions/c1"+apiVersion, "")
			assert.Equal(t, test.conversions == "c1", conversion.status == 200)
			if test.first == "" {
				s.create("a1", standard5) // the id is free, and the token is still valid
			}
		})
	}
	s := start(t, emulator.Options{})
	assert.ErrorContains(t, s.Reset(emulator.Scope{AccountID: second}), "there is no account")
}

// A creation in flight leaves neither a session nor a server.
func TestResetWaitsForCreations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &slowBackend{}
		s := start(t, emulator.Options{Backend: backend})
		created := make(chan reply)
		go func() { created <- s.put("a", standard5) }()
		time.Sleep(time.Second)
		begin := time.Now()
		require.NoError(t, s.Reset(emulator.Scope{}))
		assert.Equal(t, time.Minute-time.Second, time.Since(begin))
		assert.Equal(t, 1, backend.stopped)
		assert.Equal(t, http.StatusCreated, (<-created).status)
		assert.Equal(t, http.StatusNotFound, s.get("a").status)
		assert.Empty(t, s.Sessions())
		s.create("a", standard5)
		require.NoError(t, s.Close())
		assert.Equal(t, 2, backend.stopped)
	})
}

// slowBackend takes a minute for each start.
type slowBackend struct{ stopped int }

func (b *slowBackend) Start(emulator.ServerSpec) emulator.BackendServer {
	time.Sleep(time.Minute)
	return slowServer{b}
}

type slowServer struct{ backend *slowBackend }

func (slowServer) Status() emulator.ServerStatus { return emulator.ServerStatus{} }
func (slowServer) SetLease(time.Duration)        {}
func (s slowServer) Stop()                       { s.backend.stopped++ }

func TestResetEndsConversionsInStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		converter := &endlessConverter{}
		s := start(t, emulator.Options{Storage: converter})
		for _, id := range []string{"a", "b"} {
			require.Equal(t, http.StatusCreated, s.putConversion(id).status)
		}
		synctest.Wait()
		require.NoError(t, s.Reset(emulator.Scope{Prefix: "a"}))
		assert.Equal(t, 1, converter.ended)
		require.NoError(t, s.Close())
		assert.Equal(t, 2, converter.ended)
	})
}

type endlessConverter struct{ ended int }

func (c *endlessConverter) Convert(ctx context.Context, _ conversion.Request) (conversion.Result, error) {
	<-ctx.Done()
	c.ended++
	return conversion.Result{}, ctx.Err()
}

func TestResetReachesTheStateFile(t *testing.T) {
	options := emulator.Options{StateFile: t.TempDir() + "/state"}
	s := start(t, options)
	s.create("a", standard5)
	s.create("b", standard5)
	s.putConversion("a")
	require.NoError(t, s.Reset(emulator.Scope{Prefix: "a"}))
	require.NoError(t, s.Close())
	s = start(t, options)
	require.Len(t, s.Sessions(), 1)
	assert.Equal(t, "b", s.Sessions()[0].ID)
	assert.Equal(t, http.StatusNotFound,
		s.call("GET", "/accounts/"+s.Account().ID+"/conversions/a"+apiVersion, "").status)
	require.NoError(t, s.Close())
}
