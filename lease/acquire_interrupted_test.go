// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

// ways are the ways in which Acquire can wait for a session.
var ways = map[string]func(t *testing.T, s *service) lease.AcquireOptions{
	"polling": func(*testing.T, *service) lease.AcquireOptions { return lease.AcquireOptions{} },
	"watching": func(t *testing.T, s *service) lease.AcquireOptions {
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		t.Cleanup(w.Close)
		return lease.AcquireOptions{Watcher: w}
	},
	"adopting one that is gone": func(*testing.T, *service) lease.AcquireOptions {
		return lease.AcquireOptions{SessionID: "gone"}
	},
	"second size": func(_ *testing.T, s *service) lease.AcquireOptions {
		s.fault(emulator.Fault{Start: emulator.StartNoCapacity, Count: 1})
		return lease.AcquireOptions{Sizes: arr.PossibleSessionSizeValues()}
	},
	"extending at once": func(*testing.T, *service) lease.AcquireOptions {
		return lease.AcquireOptions{MinRemaining: time.Hour}
	},
}

func eachWay(t *testing.T, story func(t *testing.T, s *service, options lease.AcquireOptions)) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(15 * time.Second)},
				)
				story(t, s, way(t, s))
			})
		})
	}
}

// requestsOf returns how many requests an Acquire that nothing disturbs sends, and how long it
// takes.
func requestsOf(t *testing.T, way string) (requests int, took time.Duration) {
	t.Run("undisturbed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newService(
				t,
				emulator.Options{StartupTime: emulator.FixedStartup(15 * time.Second)},
			)
			options := ways[way](t, s)
			began := time.Now()
			l, err := lease.Acquire(t.Context(), s.client, options)
			require.NoError(t, err)
			requests, took = len(s.requests()), time.Since(began)
			require.NoError(t, l.Release(t.Context()))
		})
	})
	return requests, took
}

// checkNothingLeft makes sure that an Acquire either succeeded, and can be released, or left
// nothing running.
func checkNothingLeft(t *testing.T, s *service, l *lease.Lease, err error) {
	t.Helper()
	if err == nil {
		assert.Equal(t, []string{l.Session().ID}, s.running())
		require.NoError(t, l.Release(t.Context()))
	} else {
		var notStopped *lease.NotStoppedError
		assert.NotErrorAs(t, err, &notStopped, err)
	}
	time.Sleep(5 * time.Minute) // whatever is on its way arrives
	assert.Empty(t, s.running())
}

// The context ends at each request in turn: before it is sent, after it took effect but before its
// answer, and with the answer.
func TestAcquireCancelledAtEveryRequest(t *testing.T) {
	moments := map[string]func(cancel func(), forward func() (*http.Response, error)) (*http.Response, error){
		"before the effect": func(cancel func(), _ func() (*http.Response, error)) (*http.Response, error) {
			cancel()
			return nil, context.Canceled
		},
		"after the effect": func(cancel func(), forward func() (*http.Response, error)) (*http.Response, error) {
			_, err := forward()
			cancel()
			return nil, errors.Join(context.Canceled, err)
		},
		"with the answer": func(cancel func(), forward func() (*http.Response, error)) (*http.Response, error) {
			resp, err := forward()
			cancel()
			return resp, err
		},
	}
	for way := range ways {
		for moment, meet := range moments {
			t.Run(way+"/"+moment, func(t *testing.T) {
				requests, _ := requestsOf(t, way)
				for at := 1; at <= requests; at++ {
					t.Run(fmt.Sprint(at), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							s := newService(
								t,
								emulator.Options{
									StartupTime: emulator.FixedStartup(15 * time.Second),
								},
							)
							options := ways[way](t, s)
							ctx, cancel := context.WithCancel(t.Context())
							defer cancel()
							s.handleNumbered(
								func(n int, forward testkit.Forward) (*http.Response, error) {
									if n == at {
										return meet(cancel, forward)
									}
									return forward()
								},
							)
							l, err := lease.Acquire(ctx, s.client, options)
							if err != nil {
								assert.ErrorIs(t, err, context.Canceled)
							}
							checkNothingLeft(t, s, l, err)
						})
					})
				}
			})
		}
	}
}

// The context ends at each moment of the waiting.
func TestAcquireCancelledAtEveryWait(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			_, took := requestsOf(t, way)
			for after := time.Duration(0); after <= took+time.Second; after += 500 * time.Millisecond {
				synctest.Test(t, func(t *testing.T) {
					s := newService(
						t,
						emulator.Options{StartupTime: emulator.FixedStartup(15 * time.Second)},
					)
					options := ways[way](t, s)
					ctx, cancel := context.WithTimeout(t.Context(), after)
					defer cancel()
					began := time.Now()
					l, err := lease.Acquire(ctx, s.client, options)
					if err != nil {
						assert.ErrorIs(t, err, context.DeadlineExceeded)
						assert.Less(
							t,
							time.Since(began)-after,
							6*time.Second,
							"Acquire returns soon",
						)
					}
					checkNothingLeft(t, s, l, err)
				})
			}
		})
	}
}

// The answer to each request in turn is lost, with and without effect, once and for a while.
func TestAcquireWithAnswersLost(t *testing.T) {
	losses := map[string]func(forward testkit.Forward) (*http.Response, error){
		"before the effect": func(testkit.Forward) (*http.Response, error) { return nil, testkit.ErrLost },
		"after the effect": func(forward func() (*http.Response, error)) (*http.Response, error) {
			_, err := forward()
			return nil, errors.Join(testkit.ErrLost, err)
		},
	}
	for way := range ways {
		for loss, lose := range losses {
			for _, howMany := range []int{1, 6} {
				t.Run(fmt.Sprintf("%s/%s/%d", way, loss, howMany), func(t *testing.T) {
					requests, _ := requestsOf(t, way)
					for at := 1; at <= requests; at++ {
						synctest.Test(t, func(t *testing.T) {
							s := newService(
								t,
								emulator.Options{
									StartupTime: emulator.FixedStartup(15 * time.Second),
								},
							)
							options := ways[way](t, s)
							s.handleNumbered(
								func(n int, forward testkit.Forward) (*http.Response, error) {
									if n >= at && n < at+howMany {
										return lose(forward)
									}
									return forward()
								},
							)
							l, err := lease.Acquire(t.Context(), s.client, options)
							if howMany == 1 {
								require.NoError(t, err, "one lost answer hurts nobody")
							}
							checkNothingLeft(t, s, l, err)
						})
					}
				})
			}
		}
	}
}

// A creation can arrive after the program has given it up and has asked to stop the session.
func TestAcquireStopsASessionWhoseCreationArrivesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method != http.MethodPut {
					return forward()
				}
				late := req.Clone(context.WithoutCancel(req.Context()))
				go func() {
					time.Sleep(1500 * time.Millisecond)
					_, _ = s.emulator.Transport().Do(late)
				}()
				<-req.Context().Done()
				return nil, req.Context().Err()
			},
		)
		_, err := lease.Acquire(ctx, s.client, lease.AcquireOptions{})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, err, arr.ErrOutcomeUnknown)
		time.Sleep(time.Minute)
		assert.Len(t, s.lives(), 1, "the creation arrived")
		assert.Empty(t, s.running())
	})
}

// What cannot be stopped is named.
func TestAcquireNamesWhatItCouldNotStop(t *testing.T) {
	eachWay(t, func(t *testing.T, s *service, options lease.AcquireOptions) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s.fault(emulator.Fault{Operation: "stop", Drop: emulator.DropBefore})
		s.fault(emulator.Fault{Operation: "create", Start: emulator.StartNever})
		_, err := lease.Acquire(ctx, s.client, options)
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, err, &notStopped)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []string{notStopped.SessionID}, s.running())
		assert.Contains(t, err.Error(), notStopped.SessionID)
		assert.Equal(t, s.client.Endpoint(), notStopped.Endpoint)
	})
}

// The error of a wait that was given up tells what became of the session, and why.
func TestAcquireGivenUpSaysWhatBecameOfTheSession(t *testing.T) {
	for _, way := range []string{"polling", "watching"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)},
				)
				reason := errors.New("the show is cancelled")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(20*time.Second, func() { cancel(reason) })
				_, err := lease.Acquire(ctx, s.client, ways[way](t, s))
				assert.ErrorIs(t, err, context.Canceled)
				assert.ErrorIs(t, err, reason)
				assert.ErrorContains(t, err, `last seen "Starting"`)
				assert.ErrorContains(t, err, "the session was stopped")
				assert.NotContains(t, err.Error(), "goes on")
			})
		})
	}
}
