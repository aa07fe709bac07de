// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// Stop makes sure, whatever stands in the way for less than half a minute.
func TestStopMakesSure(t *testing.T) {
	for name, prepare := range map[string]func(s *service){
		"nothing in the way": func(*service) {},
		"eight lost answers": func(s *service) {
			s.fault(emulator.Fault{Operation: "stop", Drop: emulator.DropAfter, Count: 8})
		},
		"a service out of order": func(s *service) { s.outage("service", 20*time.Second) },
		"a session that ended":   func(s *service) { s.stop("demo") },
		"a session forgotten":    func(s *service) { s.stop("demo"); s.forget("demo") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				s.ready("demo", 30*time.Minute)
				prepare(s)
				ctx, cancel := context.WithCancel(t.Context())
				cancel() // that is usually why a session is to be stopped
				require.NoError(t, lease.Stop(ctx, s.client, "demo"))
				assert.Empty(t, s.running())
			})
		})
	}
}

func TestStopSaysWhatItCouldNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		for name, test := range map[string]struct {
			fault emulator.Fault
			want  error
			most  time.Duration
		}{
			"refused": {emulator.Fault{Operation: "stop", Status: 403}, arr.ErrForbidden, 0},
			"throttled": {
				emulator.Fault{Operation: "stop", Status: 429, RetryAfter: time.Minute},
				arr.ErrThrottled, 30 * time.Second,
			},
			"no answer": {emulator.Fault{Operation: "stop", Delay: time.Hour}, arr.ErrOutcomeUnknown, 30 * time.Second},
		} {
			fix := s.fault(test.fault)
			began := time.Now()
			err := lease.Stop(t.Context(), s.client, "demo")
			var notStopped *lease.NotStoppedError
			require.ErrorAs(t, err, &notStopped, name)
			assert.ErrorIs(t, err, test.want, name)
			assert.LessOrEqual(t, time.Since(began), test.most, name)
			assert.Equal(t, "demo", notStopped.SessionID)
			fix()
		}
		assert.ErrorIs(t, lease.Stop(t.Context(), nil, "demo"), arr.ErrInvalidArgument)
		assert.ErrorIs(t, lease.Stop(t.Context(), s.client, "not/an/id"), arr.ErrInvalidArgument)
	})
}

// A gateway that answers 404 with a page of its own knows nothing of sessions. A lease neither ends
// by that nor counts as stopped.
func TestAGatewaysPageIsNoAnswerAboutASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l := acquire(t, s, lease.AcquireOptions{})
		gateway := func() {
			s.handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
				resp := testkit.Answer(req, http.StatusNotFound, "<html>")
				resp.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
				return resp, nil
			})
		}
		gateway()
		time.Sleep(5 * time.Minute)
		require.NoError(t, context.Cause(l.Context()))
		s.handle(nil)
		time.Sleep(5 * time.Hour)
		require.NoError(t, context.Cause(l.Context()))
		require.Len(t, s.running(), 1)

		gateway()
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, lease.Stop(t.Context(), s.client, l.Session().ID), &notStopped)
		assert.ErrorIs(t, notStopped, arr.ErrNotFound)
		time.AfterFunc(10*time.Second, func() { s.handle(nil) })
		require.NoError(t, l.Release(t.Context()))
		assert.Empty(t, s.running())
	})
}

// three creates sessions of two programs: "show-old" an hour ago, "show-new" and "other" now.
func three(t *testing.T) *service {
	s := newService(t, emulator.Options{})
	s.ready("show-old", 5*time.Hour)
	time.Sleep(time.Hour)
	s.ready("show-new", 5*time.Hour)
	s.create("other", arr.SessionSizeStandard, 5*time.Hour)
	return s
}

func TestStopAllStopsWhatIsMeant(t *testing.T) {
	for name, test := range map[string]struct {
		options lease.StopAllOptions
		left    []string
	}{
		"a prefix": {lease.StopAllOptions{Prefix: "show-"}, []string{"other"}},
		"old ones": {
			lease.StopAllOptions{Prefix: "show-", OlderThan: 30 * time.Minute},
			[]string{"show-new", "other"},
		},
		"all but one": {
			lease.StopAllOptions{Prefix: "show-", Keep: func(s arr.RegionSession) bool { return s.ID == "show-old" }},
			[]string{"show-old", "other"},
		},
		"everything": {lease.StopAllOptions{EveryPrefix: true}, []string{}},
		"everything old": {
			lease.StopAllOptions{EveryPrefix: true, OlderThan: time.Hour},
			[]string{"show-new", "other"},
		},
		"a prefix that nobody has": {
			lease.StopAllOptions{Prefix: "none-"}, []string{"show-old", "show-new", "other"},
		},
		"a prefix is case-sensitive": {
			lease.StopAllOptions{Prefix: "SHOW-"}, []string{"show-old", "show-new", "other"},
		},
		"a prefix is not any substring": {
			lease.StopAllOptions{Prefix: "old"}, []string{"show-old", "show-new", "other"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := three(t)
				stopped, err := lease.StopAll(t.Context(), s.client, test.options)
				require.NoError(t, err)
				assert.ElementsMatch(t, test.left, s.running())
				assert.Len(t, stopped, 3-len(test.left))
			})
		})
	}
}

// How old a session is the service knows. A local clock that is years off must not make old what is
// new, nor new what is old.
func TestStopAllGoesByTheClockOfTheService(t *testing.T) {
	for name, off := range map[string]time.Duration{
		"ten years ahead": 10 * 365 * 24 * time.Hour,
		"ten years back":  -10 * 365 * 24 * time.Hour,
		"right":           0,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := three(t)
			s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.Name(req) != "LIST" {
					return forward()
				}
				served := time.Now().Add(-off)
				resp, err := changeAnswers(req, forward, func(m map[string]any) {
					for _, x := range m["sessions"].([]any) {
						session := x.(map[string]any)
						created, err := time.Parse(time.RFC3339, session["creationTime"].(string))
						assert.NoError(t, err)
						session["creationTime"] = created.Add(-off).Format(time.RFC3339)
					}
				})
				if err == nil {
					resp.Header.Set("Date", served.UTC().Format(http.TimeFormat))
				}
				return resp, err
			})
			_, err := lease.StopAll(t.Context(), s.client,
				lease.StopAllOptions{Prefix: "show-", OlderThan: 30 * time.Minute})
			require.NoError(t, err)
			assert.ElementsMatch(t, []string{"show-new", "other"}, s.running(), name)
		})
	}
}

// Empty pages whose next links lead on and on must not keep StopAll from what it has found.
func TestStopAllMeetsAnEndlessList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := three(t)
		page := 0
		s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if testkit.Name(req) != "LIST" {
				return forward()
			}
			page++
			sessions := ""
			if page == 1 {
				sessions = testkit.SessionJSON("show-old", "Ready")
			}
			return testkit.Answer(req, http.StatusOK, fmt.Sprintf(
				`{"sessions":[%s],"@nextLink":"%s?page=%d"}`, sessions, req.URL.Path, page)), nil
		})
		began := time.Now()
		stopped, err := lease.StopAll(t.Context(), s.client, lease.StopAllOptions{Prefix: "show-"})
		require.ErrorContains(t, err, "leads nowhere")
		assert.Len(t, stopped, 1)
		assert.Less(t, time.Since(began), time.Minute)
		assert.ElementsMatch(t, []string{"show-new", "other"}, s.running())
	})
}

func TestStopAllRefusesToStopEverythingByMistake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := three(t)
		for _, options := range []lease.StopAllOptions{
			{}, {Prefix: "show-", EveryPrefix: true}, {Prefix: "show-", OlderThan: -1},
		} {
			_, err := lease.StopAll(t.Context(), s.client, options)
			assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		}
		_, err := lease.StopAll(t.Context(), nil, lease.StopAllOptions{Prefix: "show-"})
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		assert.Len(t, s.running(), 3)
	})
}

// One request in five fails, on many pages; everything is stopped all the same.
func TestStopAllThroughFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 7}, Seed: 5})
		for i := range 100 {
			s.create(fmt.Sprintf("show-%d", i), arr.SessionSizeStandard, time.Hour)
		}
		for _, f := range []emulator.Fault{
			{Status: 503}, {Drop: emulator.DropBefore}, {Drop: emulator.DropAfter},
			{Body: emulator.BodyTruncated},
		} {
			f.Probability = 0.05
			s.fault(f)
		}
		stopped, err := lease.StopAll(t.Context(), s.client, lease.StopAllOptions{Prefix: "show-"})
		require.NoError(t, err)
		assert.Len(t, stopped, 100)
		assert.Empty(t, s.running())
	})
}

// What could not be stopped is named, and everything else is stopped.
func TestStopAllNamesWhatItCouldNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := three(t)
		s.fault(emulator.Fault{Operation: "stop", Session: "show-old", Status: 403})
		stopped, err := lease.StopAll(
			t.Context(),
			s.client,
			lease.StopAllOptions{EveryPrefix: true},
		)
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, err, &notStopped)
		assert.Equal(t, "show-old", notStopped.SessionID)
		assert.ErrorIs(t, err, arr.ErrForbidden)
		assert.Len(t, stopped, 2)
		assert.Equal(t, []string{"show-old"}, s.running())
	})
}

// A list that breaks off is no reason to leave running what it has shown.
func TestStopAllWithAnIncompleteList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 10}})
		for i := range 30 {
			s.create(fmt.Sprintf("show-%02d", i), arr.SessionSizeStandard, time.Hour)
		}
		s.fault(emulator.Fault{Operation: "list", Skip: 1, Status: 403})
		stopped, err := lease.StopAll(t.Context(), s.client, lease.StopAllOptions{Prefix: "show-"})
		assert.ErrorIs(t, err, arr.ErrForbidden)
		assert.Len(t, stopped, 10)
		assert.False(
			t,
			slices.ContainsFunc(
				s.running(),
				func(id string) bool { return strings.HasPrefix(id, "show-0") },
			),
		)
	})
}

// A refusal without correlation vector and error object is not the service's, but a gateway's. Stop
// uses its 30 seconds.
func TestStopRetriesARefusalThatIsNotTheServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		var once sync.Once
		s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			refuse := false
			if req.Method == http.MethodPost {
				once.Do(func() { refuse = true })
			}
			if refuse {
				return answer(req, http.StatusBadRequest), nil
			}
			return forward()
		})
		require.NoError(t, lease.Stop(t.Context(), s.client, "demo"))
		assert.Equal(t, arr.SessionStatusStopped, s.get("demo").Status)
	})
}
