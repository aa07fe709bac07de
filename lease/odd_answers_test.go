// SPDX-License-Identifier: MIT

package lease_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
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

// What follows is a service that answers what it should not.

// changeAnswers rewrites the JSON object in an answer.
func changeAnswers(
	_ *http.Request,
	forward func() (*http.Response, error),
	change func(map[string]any),
) (*http.Response, error) {
	resp, err := forward()
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	data, err := io.ReadAll(resp.Body)
	var object map[string]any
	if err == nil && json.Unmarshal(data, &object) == nil {
		change(object)
		data, err = json.Marshal(object)
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	resp.ContentLength = int64(len(data))
	resp.Header.Del("Content-Length")
	return resp, err
}

// emptyList answers with a list that shows nothing.
func emptyList(req *http.Request) *http.Response {
	resp := answer(req, http.StatusOK)
	resp.Body = io.NopCloser(strings.NewReader(`{"sessions":[]}`))
	return resp
}

// A part of the service may not know the new session yet.
func TestAcquireBearsANotFoundAfterItsCreate(t *testing.T) {
	for _, watched := range []bool{false, true} {
		t.Run(fmt.Sprint("watched ", watched), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)},
				)
				var once atomic.Bool
				s.handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						isGet := strings.HasPrefix(testkit.Name(req), "GET ")
						if isGet && once.CompareAndSwap(false, true) {
							return answer(req, http.StatusNotFound), nil
						}
						if watched && testkit.Name(req) == "LIST" {
							return emptyList(req), nil // the list lags, too
						}
						return forward()
					},
				)
				options := lease.AcquireOptions{}
				if watched {
					w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
					require.NoError(t, err)
					defer w.Close()
					options.Watcher = w
				}
				l, err := lease.Acquire(t.Context(), s.client, options)
				if err == nil {
					_ = l.Release(t.Context())
					return
				}
				time.Sleep(5 * time.Minute)
				assert.Empty(
					t,
					s.running(),
					"watched %v: Acquire failed with %v, its session runs on; requests %v",
					watched,
					err,
					s.requests(),
				)
			})
		})
	}
}

// The same when the session is to be stopped: that it is not known is not believed at once.
func TestAcquireStopsASessionThatIsNotKnownYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		ctx, cancel := context.WithCancel(t.Context())
		var once atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method == http.MethodPut {
					time.AfterFunc(time.Second, cancel)
				}
				if req.Method == http.MethodPost && strings.Contains(req.URL.Path, ":stop") &&
					once.CompareAndSwap(false, true) {
					return answer(req, 404), nil
				}
				return forward()
			},
		)
		_, err := lease.Acquire(ctx, s.client, lease.AcquireOptions{})
		require.Error(t, err)
		assert.Empty(t, s.running(), "%v", err)
	})
}

// One list without the session and one lookup that does not find it are not the end of a lease.
func TestLeaseBearsOneListWithoutIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		l := acquire(t, s, lease.AcquireOptions{Watcher: w})
		time.Sleep(5 * time.Minute)
		var list, get atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				switch {
				case testkit.Name(req) == "LIST" && list.CompareAndSwap(false, true):
					return emptyList(req), nil
				case strings.HasPrefix(testkit.Name(req), "GET ") && get.CompareAndSwap(false, true):
					return answer(req, 404), nil
				}
				return forward()
			},
		)
		time.Sleep(5 * time.Minute)
		assert.NoError(t, l.Context().Err(), "%v", context.Cause(l.Context()))
		_ = l.Release(t.Context())
	})
}

// A PATCH that succeeds and changes nothing is no success.
func TestExtendThatWasNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 5*time.Minute)
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method == http.MethodPatch {
					req.Method, req.Body, req.ContentLength = http.MethodGet, nil, 0
				}
				return forward()
			},
		)
		got, err := lease.Extend(t.Context(), s.client, "demo", time.Hour)
		assert.Error(
			t,
			err,
			"Extend says an hour is left; the session says %v in all",
			got.MaxLeaseTime,
		)
	})
}

// An extension that takes effect and is answered with the old lease is not given up.
func TestKeepAliveBearsAnAnswerThatIsOutOfDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		var before any
		var once atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method == http.MethodPatch && once.CompareAndSwap(false, true) {
					before = s.get("demo").MaxLeaseTime.Minutes()
					return changeAnswers(
						req,
						forward,
						func(m map[string]any) { m["maxLeaseTimeMinutes"] = before },
					)
				}
				return forward()
			},
		)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
		defer cancel()
		err := lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{})
		assert.ErrorIs(
			t,
			err,
			context.DeadlineExceeded,
			"the session has %v of %v left",
			s.get("demo").MaxLeaseTime-s.get("demo").ElapsedTime,
			s.get("demo").MaxLeaseTime,
		)
	})
}

// An unknown state without elapsed minutes moves no bounds.
func TestKeepAliveIsNotHurriedByAnUnknownState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(5 * time.Hour)})
		s.create("demo", arr.SessionSizeStandard, 30*time.Minute)
		s.fault(emulator.Fault{Operation: "get", Skip: 1, ShowStatus: "Queued"})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		var n atomic.Int64
		s.handle(
			func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
				if n.Add(1) > 500 {
					t.Errorf("500 requests within %v", time.Since(began))
					cancel()
				}
				return forward()
			},
		)
		_ = lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{})
	})
}

// One answer that shows an end which is none does not keep Release from stopping the session.
func TestReleaseStopsWhateverWasSeen(t *testing.T) {
	for _, status := range []arr.SessionStatus{
		arr.SessionStatusError, arr.SessionStatusStopped, arr.SessionStatusExpired,
	} {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				l := acquire(t, s, lease.AcquireOptions{})
				s.fault(emulator.Fault{Operation: "get", ShowStatus: status, Count: 1})
				<-l.Context().Done()
				require.NoError(t, l.Release(t.Context()))
				assert.Empty(t, s.running())
			})
		})
	}
}

// A list that was sent before another answer, and comes after it, shows what was before.
func TestSlowListsDoNotTakeASessionBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Second)})
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		var slow atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				resp, err := forward()
				if testkit.Name(req) == "LIST" && slow.CompareAndSwap(true, false) {
					time.Sleep(40 * time.Second)
				}
				return resp, err
			},
		)
		s.ready("demo", 12*time.Minute)
		time.Sleep(time.Minute)
		l := acquire(t, s, lease.AcquireOptions{SessionID: "demo", Watcher: w})
		var most time.Duration
		for range 2000 {
			time.Sleep(time.Second)
			if time.Now().Second()%7 == 0 {
				slow.Store(true)
			}
			require.GreaterOrEqual(
				t,
				l.Session().MaxLeaseTime,
				most,
				"the lease of the session has become shorter",
			)
			most = l.Session().MaxLeaseTime
		}
		_ = l.Release(t.Context())
	})
}

// A session of which the service does not say when it was created may be young.
func TestStopAllSparesSessionsOfUnknownAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("x-demo", 30*time.Minute)
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.Name(req) != "LIST" {
					return forward()
				}
				return changeAnswers(req, forward, func(m map[string]any) {
					for _, x := range m["sessions"].([]any) {
						delete(x.(map[string]any), "creationTime")
					}
				})
			},
		)
		_, err := lease.StopAll(
			t.Context(),
			s.client,
			lease.StopAllOptions{Prefix: "x-", OlderThan: 12 * time.Hour},
		)
		require.NoError(t, err)
		assert.Len(t, s.running(), 1, "it is a minute old")
	})
}
