// SPDX-License-Identifier: MIT

package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/service"
)

const (
	account   = "00000000-1111-2222-3333-444455556666"
	sessions  = "/accounts/" + account + "/sessions"
	version   = "?api-version=2021-01-01"
	standard5 = `{"maxLeaseTimeMinutes":5,"size":"Standard"}`
)

// replica makes a service over a store. All replicas have the same account and signing key.
func replica(t *testing.T, store service.Store, options service.Options) *service.Service {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	options.Accounts = []service.AccountOptions{{ID: account, PrimaryKey: "key"}}
	s, err := service.New(store, options)
	require.NoError(t, err)
	return s
}

// ask sends a request with a token, or with the key for one.
func ask(t *testing.T, s http.Handler, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	send := func(method, target, credential string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+credential)
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, r)
		return recorder
	}
	var issued struct{ AccessToken string }
	exchange := send(http.MethodGet, "/Accounts/"+account+"/token", account+":key")
	require.NoError(t, json.Unmarshal(exchange.Body.Bytes(), &issued), exchange.Body)
	return send(method, target, issued.AccessToken)
}

// Replicas keep nothing of their own: each continues what another began.
func TestReplicasShareAStore(t *testing.T) {
	store := new(table)
	one := replica(t, store, service.Options{})
	two := replica(t, store, service.Options{Decisions: service.Decisions{PageSize: 1}})
	r := ask(t, one, "PUT", sessions+"/a"+version, standard5)
	assert.Equal(t, http.StatusCreated, r.Code)
	assert.Contains(t, r.Body.String(), `"status":"Starting"`)
	r = ask(t, two, "PUT", sessions+"/a"+version, standard5)
	assert.Equal(t, http.StatusOK, r.Code)
	assert.Contains(t, r.Body.String(), `"status":"Ready"`)
	r = ask(t, two, "PUT", sessions+"/a"+version, `{"maxLeaseTimeMinutes":6,"size":"Standard"}`)
	assert.Equal(t, http.StatusConflict, r.Code)
	r = ask(t, two, "PATCH", sessions+"/a"+version, `{"maxLeaseTimeMinutes":7}`)
	assert.Equal(t, http.StatusOK, r.Code)
	assert.Contains(t, ask(t, one, "GET", sessions+"/a"+version, "").Body.String(),
		`"maxLeaseTimeMinutes":7`)

	ask(t, one, "PUT", sessions+"/b"+version, standard5)
	var page struct {
		Sessions []struct{ ID string }
		NextLink string `json:"@nextLink"`
	}
	r = ask(t, two, "GET", sessions+version, "")
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &page))
	require.Equal(t, "a", page.Sessions[0].ID)
	r = ask(t, one, "GET", page.NextLink, "")
	assert.Contains(t, r.Body.String(), `"id":"b"`)
	assert.NotContains(t, r.Body.String(), "nextLink")

	assert.Equal(t, http.StatusNoContent, ask(t, two, "POST", sessions+"/a/:stop"+version, "").Code)
	assert.Equal(t, http.StatusNoContent, ask(t, one, "POST", sessions+"/a/:stop"+version, "").Code)
	assert.NotContains(t, ask(t, one, "GET", sessions+version, "").Body.String(), `"id":"a"`)
}

// racing is a store in which another request changes the lease between a read and its extension.
type racing struct {
	service.Store
	changes []time.Duration // leases that others set, one before each Extend
	stop    bool            // stop the session instead
}

func (s *racing) Extend(
	ctx context.Context, in service.PartitionKey, id string, from, to time.Duration,
) (service.Facts, error) {
	if s.stop {
		if _, err := s.Stop(ctx, in, id); err != nil {
			return service.Facts{}, err
		}
	} else if len(s.changes) > 0 {
		other := s.changes[0]
		s.changes = s.changes[1:]
		if _, err := s.Store.Extend(ctx, in, id, from, other); err != nil {
			return service.Facts{}, err
		}
	}
	return s.Store.Extend(ctx, in, id, from, to)
}

// An update is checked against the lease that it replaces, no matter who changed it meanwhile.
func TestUpdateThatLosesARace(t *testing.T) {
	const minute = time.Minute
	for name, test := range map[string]struct {
		store  racing
		status int
		body   string
	}{
		"still longer": {
			racing{changes: []time.Duration{6 * minute, 7 * minute}},
			http.StatusOK, `"maxLeaseTimeMinutes":10`,
		},
		"not longer any more": {
			racing{changes: []time.Duration{20 * minute}},
			http.StatusUnprocessableEntity, "larger than the current value 20",
		},
		"again and again": {
			racing{changes: slices.Repeat([]time.Duration{6 * minute, 7 * minute}, 500)},
			http.StatusInternalServerError, "",
		},
		"stopped": {
			racing{stop: true},
			http.StatusUnprocessableEntity, "The session has ended",
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := test.store
			store.Store = new(table)
			s := replica(t, &store, service.Options{})
			ask(t, s, "PUT", sessions+"/a"+version, standard5)
			r := ask(t, s, "PATCH", sessions+"/a"+version, `{"maxLeaseTimeMinutes":10}`)
			assert.Equal(t, test.status, r.Code)
			assert.Contains(t, r.Body.String(), test.body)
		})
	}
}

// broken is a store that fails or panics.
type broken struct {
	service.Store
	fail func() error
}

func (s broken) Get(context.Context, service.PartitionKey, string) (service.Facts, error) {
	return service.Facts{}, s.fail()
}

func TestStoreThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		fail   func() error
		status int
		logged string
	}{
		"error": {
			func() error { return errors.New("the cluster is unreachable") },
			http.StatusInternalServerError, "the cluster is unreachable",
		},
		"panic": {
			func() error { panic("no cluster") },
			http.StatusInternalServerError, "no cluster",
		},
		"wrapped": {
			func() error { return fmt.Errorf("job arr-1: %w", service.ErrNotFound) },
			http.StatusNotFound, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := replica(t, broken{new(table), test.fail}, service.Options{
				Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			r := ask(t, s, "GET", sessions+"/a"+version, "")
			assert.Equal(t, test.status, r.Code)
			assert.Contains(t, log.String(), test.logged)
			assert.NotContains(t, r.Body.String(), "cluster", "clients learn no details")
		})
	}
}

func TestInterceptor(t *testing.T) {
	s := replica(t, new(table), service.Options{})
	ask(t, s, "PUT", sessions+"/a"+version, standard5)
	get := func(path, token string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return r
	}
	var seen []string
	note := func(q *service.Request, perform func() service.Answer) service.Answer {
		seen = append(seen, q.Operation+" "+q.AccountID+" "+q.SessionID+" "+string(q.Region))
		return perform()
	}
	answer, q := s.Respond(get(sessions+"/a"+version, "no token"), note)
	assert.Equal(t, http.StatusUnauthorized, answer.Status)
	assert.Equal(t, service.GetSession, q.Operation)
	answer, q = s.Respond(get("/nowhere", ""), note)
	assert.Equal(t, http.StatusNotFound, answer.Status)
	assert.Equal(t, "unknown", q.Operation)
	assert.Equal(t, []string{"GetSession " + account + " a westeurope"}, seen)

	answer, _ = s.Respond(get(sessions+"/a"+version, ""),
		func(*service.Request, func() service.Answer) service.Answer {
			return service.EmptyAnswer(http.StatusTeapot)
		})
	assert.Equal(t, http.StatusTeapot, answer.Status)
	assert.NotEmpty(t, answer.Header.Get("MS-CV"))
}

func TestNewRefuses(t *testing.T) {
	for name, options := range map[string]service.Options{
		"Options.Region":         {Region: "West Europe"},
		"Options.Domain":         {Domain: "localhost"},
		"Options.Accounts[0].ID": {Accounts: []service.AccountOptions{{ID: "x"}}},
		"Options.TokenLifetime":  {TokenLifetime: time.Millisecond},
		"Decisions.PageSize":     {Decisions: service.Decisions{PageSize: -1}},
	} {
		_, err := service.New(new(table), options)
		var invalid *azremoterendering.InvalidArgumentError
		require.ErrorAs(t, err, &invalid, name)
		assert.Equal(t, name, invalid.Name)
	}
	_, err := service.New(nil, service.Options{})
	require.ErrorIs(t, err, azremoterendering.ErrInvalidArgument)
}

// A key or token in the wrong field is not shown.
func TestNewShowsNoSecret(t *testing.T) {
	for name, options := range map[string]service.Options{
		"ID":     {Accounts: []service.AccountOptions{{ID: testkit.Key}}},
		"Region": {Region: testkit.Key},
		"Domain": {Domain: testkit.Key},
	} {
		_, err := service.New(new(table), options)
		require.ErrorIs(t, err, azremoterendering.ErrInvalidArgument, name)
		assert.NotContains(t, err.Error(), testkit.Key, name)
		assert.Contains(t, err.Error(), "44 characters, not shown", name)
	}
}

// Without a way to check them, identities are refused.
func TestIdentitiesAreRefusedByDefault(t *testing.T) {
	s := replica(t, new(table), service.Options{})
	r := httptest.NewRequest(http.MethodGet, "/accounts/"+account+"/token", nil)
	r.Header.Set("Authorization", "Bearer a.b.c")
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	assert.Equal(t, http.StatusUnauthorized, recorder.Code)
}
