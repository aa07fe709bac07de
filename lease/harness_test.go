// SPDX-License-Identifier: MIT

package lease_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// service is an emulator, and the network in front of it.
type service struct {
	t        testing.TB
	emulator *emulator.Emulator
	client   *arr.SessionsClient // goes through the network
	direct   *arr.SessionsClient // goes past it, for what the test wants to know

	wire testkit.Wire // the network
}

// newService starts an emulator. Called in a bubble of synctest, it lives in the bubble's time.
func newService(t testing.TB, options emulator.Options) *service {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	options.Admin = true
	e, err := emulator.New(options)
	require.NoError(t, err)
	s := &service{t: t, emulator: e, wire: testkit.Wire{Next: e.Transport()}}
	s.client = s.newClient("https://remoterendering.westeurope.mixedreality.azure.com", s)
	s.direct, err = e.SessionsClient(nil)
	require.NoError(t, err)
	return s
}

// newClient returns a client of the region with that endpoint.
func (s *service) newClient(endpoint string, transport interface {
	Do(*http.Request) (*http.Response, error)
}) *arr.SessionsClient {
	s.t.Helper()
	options := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: transport}}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		s.emulator.Account(),
		azcore.NewKeyCredential(s.emulator.Key()),
		options,
	)
	require.NoError(s.t, err)
	return client
}

// regions returns a client for several regions.
func (s *service) regions(clients ...*arr.SessionsClient) *arr.RegionsClient {
	s.t.Helper()
	regions, err := arr.NewRegionsClient(clients...)
	require.NoError(s.t, err)
	return regions
}

// Do makes the service a transport.
func (s *service) Do(req *http.Request) (*http.Response, error) { return s.wire.Do(req) }

// handle makes h handle the requests from now on.
func (s *service) handle(h testkit.Handler) { s.wire.Handle(h) }

// handleNumbered makes h handle the requests from now on. n is the number of the request, from 1,
// since the service was created.
func (s *service) handleNumbered(
	h func(n int, forward testkit.Forward) (*http.Response, error),
) {
	var n atomic.Int64
	n.Store(int64(len(s.requests())))
	s.handle(func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
		return h(int(n.Add(1)), forward)
	})
}

// beforeFirst calls do before the first request of that method is sent on.
func (s *service) beforeFirst(method string, do func()) {
	var once sync.Once
	s.handle(
		func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method == method {
				once.Do(do)
			}
			return forward()
		},
	)
}

// requests returns the names of all requests so far, in order: "PUT demo", "GET demo", "LIST",
// "STS".
func (s *service) requests() []string { return s.wire.Sent() }

// count returns how many requests had a name with that prefix.
func (s *service) count(prefix string) (n int) {
	for _, name := range s.requests() {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// answer makes an answer without a body.
func answer(req *http.Request, status int) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{},
		Body:       http.NoBody,
		Request:    req,
	}
}

// must fails the test if there is an error.
func (s *service) must(err error) {
	s.t.Helper()
	require.NoError(s.t, err)
}

// fault puts a misbehaviour in force.
func (s *service) fault(f emulator.Fault) (remove func()) {
	s.t.Helper()
	remove, err := s.emulator.Inject(f)
	require.NoError(s.t, err)
	return remove
}

// create creates a session, as another program would.
func (s *service) create(id string, size arr.SessionSize, lease time.Duration) {
	s.t.Helper()
	_, err := s.direct.BeginCreate(
		s.t.Context(),
		id,
		arr.CreateSessionSettings{Size: size, MaxLeaseTime: lease},
		nil,
	)
	require.NoError(s.t, err)
}

// ready creates a session and waits until it is Ready.
func (s *service) ready(id string, lease time.Duration) {
	s.t.Helper()
	s.create(id, arr.SessionSizeStandard, lease)
	for s.get(id).Status != arr.SessionStatusReady {
		time.Sleep(time.Second)
	}
}

// stop stops a session, as another program would.
func (s *service) stop(id string) {
	s.t.Helper()
	_, err := s.direct.Stop(s.t.Context(), id, nil)
	require.NoError(s.t, err)
}

// fail creates a session that will not become Ready.
func (s *service) fail(id string) {
	s.t.Helper()
	remove := s.fault(emulator.Fault{Session: id, Start: emulator.StartFails})
	defer remove()
	s.create(id, arr.SessionSizeStandard, 30*time.Minute)
}

// forget makes the service forget a session, as it does 30 days after its end.
func (s *service) forget(id string) {
	s.fault(emulator.Fault{Session: id, Status: 404})
}

// get returns a session as it is.
func (s *service) get(id string) arr.Session {
	s.t.Helper()
	got, err := s.direct.Get(s.t.Context(), id, nil)
	require.NoError(s.t, err)
	return got.Session
}

// life is what the emulator knows of a session.
type life struct {
	ID                         string
	Region                     arr.Region
	Status                     arr.SessionStatus
	ReadyAt, LeaseEnd, EndedAt time.Time // zero if not known or not yet
}

// running reports whether the session has not ended.
func (l life) running() bool { return !l.Status.Ended() }

// billed returns the time for which the session was billed until now.
func (l life) billed(now time.Time) time.Duration {
	if l.ReadyAt.IsZero() {
		return 0
	}
	if !l.EndedAt.IsZero() {
		now = l.EndedAt
	}
	return max(0, now.Sub(l.ReadyAt))
}

// lives returns all sessions that there are and were.
func (s *service) lives() []life {
	s.t.Helper()
	req := httptest.NewRequest(http.MethodGet, "http://localhost/_emulator/state", nil)
	recorder := httptest.NewRecorder()
	s.emulator.ServeHTTP(recorder, req)
	require.Equal(s.t, http.StatusOK, recorder.Code, recorder.Body)
	var state struct {
		Sessions []struct {
			Region                     arr.Region
			Session                    arr.Session
			ReadyAt, LeaseEnd, EndedAt time.Time
		}
	}
	require.NoError(s.t, json.NewDecoder(bytes.NewReader(recorder.Body.Bytes())).Decode(&state))
	lives := make([]life, 0, len(state.Sessions))
	for _, x := range state.Sessions {
		lives = append(
			lives,
			life{x.Session.ID, x.Region, x.Session.Status, x.ReadyAt, x.LeaseEnd, x.EndedAt},
		)
	}
	return lives
}

// running returns the ids of the sessions that have not ended.
func (s *service) running() []string {
	s.t.Helper()
	ids := []string{}
	for _, l := range s.lives() {
		if l.running() {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// within reports whether got is want, or less than tolerance away from it.
func within(got, want, tolerance time.Duration) bool {
	return (got - want).Abs() <= tolerance
}
