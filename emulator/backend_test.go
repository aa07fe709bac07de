// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestBackendServerBecomesReady(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		there := s.in("remoterendering.uksouth.example")
		there.create("a", premium5)
		there.put("a", premium5)
		assert.Equal(t, []emulator.ServerSpec{{
			AccountID: emulator.DevelopmentAccountID, SessionID: "a", Region: "uksouth",
			Size: azremoterendering.SessionSizePremium, Lease: 5 * time.Minute,
			Clock: s.Clock(),
		}}, b.specs, "once")

		time.Sleep(100 * 24 * time.Hour)
		s.authorize()
		there = s.in(there.host)
		assert.Equal(
			t,
			"Starting",
			there.look("a").Status,
			"however long it takes: nothing forgets it",
		)
		assert.Equal(t, []string{"a"}, there.walk())
		b.server("a").ready()
		time.Sleep(2 * time.Minute)
		ready := there.look("a")
		assert.Equal(t, "Ready", ready.Status)
		assert.Equal(
			t,
			2,
			ready.ElapsedTimeMinutes,
			"since it was ready, not since that was noticed",
		)
		assert.Equal(t, []any{"host", 1, 2, 3.0},
			[]any{ready.Hostname, ready.HandshakePort, ready.ArrInspectorPort, ready.Teraflops})

		b.server("a").set(emulator.ServerStatus{Hostname: "moved"})
		ready = there.look("a")
		assert.Equal(t, "Ready", ready.Status, "nothing leads back")
		assert.Equal(t, "moved", ready.Hostname)
		time.Sleep(3 * time.Minute)
		assert.Equal(t, "Expired", there.look("a").Status)
	})
}

func TestBackendServerThatWillBeReady(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		b.started = func(server *scriptedServer) {
			server.status = emulator.ServerStatus{
				ReadyAt: time.Now().Add(time.Minute),
				Settled: true,
			}
		}
		s.create("a", standard5)
		for _, want := range []string{"Starting", "Ready"} {
			assert.Equal(t, want, s.look("a").Status)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, 1, b.server("a").asked, "it is settled")
	})
}

func TestBackendServerThatWasReadyBefore(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		b.started = func(server *scriptedServer) {
			server.status = emulator.ServerStatus{
				ReadyAt: time.Now().Add(-time.Hour),
				Settled: true,
			}
		}
		s.create("a", standard5)
		assert.Equal(t, "Ready", s.look("a").Status)
		assert.Zero(t, s.look("a").ElapsedTimeMinutes, "a lease begins with the session")
	})
}

func TestBackendServerFails(t *testing.T) {
	detail := &azremoterendering.ErrorDetail{Code: "NoDisplay", Message: "There is no display."}
	for name, test := range map[string]struct {
		ready    time.Duration // after creation; 0 for never
		failed   time.Duration // after creation; 0 for unsaid
		status   string        // 3 minutes after creation
		elapsed  int
		code     string
		listed   []string
		occupied bool
	}{
		"while starting":         {0, time.Minute, "Error", 0, "NoDisplay", nil, false},
		"while starting, unsaid": {0, 0, "Error", 0, "NoDisplay", nil, false},
		"while ready":            {time.Second, 2 * time.Minute, "Error", 1, "NoDisplay", nil, false},
		"while ready, unsaid":    {time.Second, 0, "Error", 2, "NoDisplay", nil, false},
		"before it was ready":    {2 * time.Minute, time.Minute, "Error", 0, "NoDisplay", nil, false},
		"later":                  {time.Second, 4 * time.Minute, "Ready", 2, "", []string{"a"}, true},
		"after its lease":        {time.Second, time.Hour, "Ready", 2, "", []string{"a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			withBackend(
				t,
				emulator.Options{Capacity: emulator.FixedCapacity(1)},
				func(s *service, b *scripted) {
					created := time.Now()
					s.create("a", standard5)
					time.Sleep(3 * time.Minute)
					status := emulator.ServerStatus{Failure: detail}
					if test.ready != 0 {
						status.ReadyAt = created.Add(test.ready)
					}
					if test.failed != 0 {
						status.FailedAt = created.Add(test.failed)
					}
					b.server("a").set(status)
					for range 2 { // what is unsaid stays as it was first taken
						seen := s.look("a")
						assert.Equal(t, test.status, seen.Status)
						assert.Equal(t, test.elapsed, seen.ElapsedTimeMinutes)
						if test.code == "" {
							assert.Nil(t, seen.Error)
						} else {
							require.NotNil(t, seen.Error)
							assert.Equal(t, test.code, seen.Error.Code)
							assert.Equal(t, 1, b.server("a").stops, "a server that failed is stopped too")
							time.Sleep(5 * time.Minute)
						}
					}
					assert.Equal(t, test.listed, s.walk())
					s.create("b", standard5)
					assert.Equal(t, test.occupied, b.server("b") == nil, "its place is free")
				},
			)
		})
	}
}

// A failure after the end of the lease, as of a process that ended itself in time, is none.
func TestBackendServerThatEndsWithItsLease(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		s.create("a", standard5)
		b.server("a").set(emulator.ServerStatus{
			ReadyAt:  time.Now(),
			Failure:  &azremoterendering.ErrorDetail{Code: "x"},
			FailedAt: time.Now().Add(5 * time.Minute),
		})
		time.Sleep(10 * time.Minute)
		expired := s.look("a")
		assert.Equal(t, "Expired", expired.Status)
		assert.Nil(t, expired.Error)
	})
}

// A death is found by whatever request comes next, and frees the place for the creation that finds
// it.
func TestDeathIsFoundByEveryOperation(t *testing.T) {
	for name, request := range map[string]func(s *service){
		"get":  func(s *service) { assert.Equal(t, "Error", s.look("a").Status) },
		"list": func(s *service) { assert.Empty(t, s.walk()) },
		"update": func(s *service) {
			assert.Equal(t, 422, s.patch("a", `{"maxLeaseTimeMinutes":9}`).status)
		},
		"stop":              func(s *service) { assert.Equal(t, 204, s.stop("a").status) },
		"repeated create":   func(s *service) { assert.Equal(t, "Error", s.put("a", standard5).session(t).Status) },
		"create of another": func(s *service) { s.create("b", standard5) },
		"SetStatus": func(s *service) {
			require.ErrorContains(t, s.SetStatus("a", "Ready"), "ended as Error")
		},
		"create beside that": func(s *service) { s.as(otherID).create("b", standard5) },
	} {
		t.Run(name, func(t *testing.T) {
			options := twoAccounts
			options.Capacity = emulator.FixedCapacity(1)
			withBackend(t, options, func(s *service, b *scripted) {
				s.create("a", standard5)
				b.server("a").ready()
				time.Sleep(time.Minute)
				b.server("a").
					set(emulator.ServerStatus{Failure: &azremoterendering.ErrorDetail{Code: "x", Message: "died"}})
				request(s)
				assert.Equal(t, 1, b.server("a").stops)
				s.create("c", standard5)
				assert.Equal(t, b.server("b") == nil, b.server("c") != nil, "one place for b or c")
				assert.Equal(t, "Error", s.look("a").Status)
				assert.Equal(t, 1, b.server("a").stops)
			})
		})
	}
}

func TestBackendServerIsStoppedOnce(t *testing.T) {
	for name, end := range map[string]func(s *service){
		"stop":      func(s *service) { s.stop("a") },
		"expiry":    func(*service) { time.Sleep(5 * time.Minute) },
		"SetStatus": func(s *service) { require.NoError(t, s.SetStatus("a", azremoterendering.SessionStatusError)) },
	} {
		t.Run(name, func(t *testing.T) {
			withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
				s.create("a", standard5)
				b.server("a").ready()
				s.look("a")
				assert.Zero(t, b.server("a").stops)
				end(s)
				s.get("nobody") // any request will do
				assert.Equal(t, 1, b.server("a").stops)
				asked := b.server("a").asked
				for range 2 {
					s.look("a")
					s.walk()
					s.stop("a")
					s.patch("a", `{"maxLeaseTimeMinutes":9}`)
				}
				time.Sleep(31 * 24 * time.Hour)
				s.authorize()
				assert.Equal(t, http.StatusNotFound, s.get("a").status)
				require.Error(t, s.Close())
				assert.Equal(t, 1, b.server("a").stops)
				assert.Equal(t, asked, b.server("a").asked, "nobody asks the dead")
				assert.Empty(t, b.server("a").leases)
			})
		})
	}
}

func TestBackendServerIsToldItsLease(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		s.create("a", standard5)
		s.patch("a", `{"maxLeaseTimeMinutes":6}`)
		s.patch("a", `{"maxLeaseTimeMinutes":5}`)
		b.server("a").ready()
		s.patch("a", `{"maxLeaseTimeMinutes":7}`)
		assert.Equal(t, []time.Duration{6 * time.Minute, 7 * time.Minute}, b.server("a").leases)
		time.Sleep(7*time.Minute - 1)
		assert.Equal(t, "Ready", s.look("a").Status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "Expired", s.look("a").Status)
	})
}

// Whatever order two updates come in, the server ends up with the lease of the session.
func TestConcurrentUpdatesReachTheServer(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		s.create("a", standard5)
		var all sync.WaitGroup
		for minutes := range 50 {
			all.Go(func() { s.patch("a", fmt.Sprintf(`{"maxLeaseTimeMinutes":%d}`, 6+minutes)) })
		}
		all.Wait()
		leases := b.server("a").leases
		assert.Equal(t, 55*time.Minute, leases[len(leases)-1])

		server := b.server("a")
		server.onTell = func() {
			server.mu.Lock()
			server.leases, server.onTell = nil, nil // the first call is slow
			server.mu.Unlock()
			time.Sleep(time.Minute)
		}
		all.Go(func() { s.patch("a", `{"maxLeaseTimeMinutes":60}`) })
		synctest.Wait()
		s.patch("a", `{"maxLeaseTimeMinutes":61}`)
		all.Wait()
		assert.Equal(
			t,
			[]time.Duration{61 * time.Minute, 60 * time.Minute, 61 * time.Minute},
			server.leases,
		)
	})
}

// While a server is being started its session is there: it can be seen, extended and stopped.
func TestRequestsWhileAServerIsBeingStarted(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		b.started = func(*scriptedServer) { time.Sleep(time.Minute) }
		var creation sync.WaitGroup
		for _, id := range []string{"extended", "stopped"} {
			creation.Go(func() { assert.Equal(t, http.StatusCreated, s.put(id, standard5).status) })
		}
		time.Sleep(30 * time.Second)
		r := s.put("extended", standard5)
		assert.Equal(t, http.StatusOK, r.status)
		assert.Equal(t, "Starting", r.session(t).Status)
		s.patch("extended", `{"maxLeaseTimeMinutes":6}`)
		assert.Equal(t, http.StatusNoContent, s.stop("stopped").status)
		creation.Wait()
		assert.Equal(t, []time.Duration{6 * time.Minute}, b.server("extended").leases)
		assert.Zero(t, b.server("extended").stops)
		assert.Equal(t, 1, b.server("stopped").stops)
		assert.Equal(t, "Stopped", s.look("stopped").Status)
		assert.Len(t, b.specs, 2)

		b.server("extended").ready()
		s.look("extended")
		time.Sleep(6 * time.Minute)
		s.look("extended")
		assert.Equal(t, 1, b.server("extended").stops, "one session is not taken for the other")
	})
}

// Servers may use the emulator in all their methods, and a request does not wait for what another
// one asks.
func TestServersMayCallTheEmulator(t *testing.T) {
	withBackend(t, emulator.Options{}, func(s *service, b *scripted) {
		s.create("a", standard5)
		calls := 0
		b.server("a").onAsk = func() {
			calls++
			assert.Equal(t, "Starting", s.look("a").Status)
			s.patch("a", `{"maxLeaseTimeMinutes":6}`)
			s.create("b", standard5)
			assert.Len(t, s.walk(), 2)
		}
		s.look("a")
		assert.Equal(t, 1, calls, "not asked again from within")
		b.server("b").onAsk = func() { s.stop("b") }
		assert.Equal(t, "Stopped", s.look("b").Status)
		asked := b.server("b").asked
		assert.Equal(t, "Stopped", s.look("b").Status)
		assert.Equal(t, 1, b.server("b").stops)
		assert.Equal(
			t,
			asked,
			b.server("b").asked,
			"an answer that comes after the end changes nothing",
		)

		b.server("a").onAsk = func() { time.Sleep(time.Hour) }
		go s.look("a")
		synctest.Wait()
		begin := time.Now()
		s.look("a")
		s.look("b")
		assert.Equal(t, begin, time.Now())
		time.Sleep(time.Hour)
		synctest.Wait()
	})
}

func TestServersMayPanic(t *testing.T) {
	withBackend(
		t,
		emulator.Options{Capacity: emulator.FixedCapacity(1)},
		func(s *service, b *scripted) {
			b.started = func(*scriptedServer) { panic("no server") }
			assert.Equal(t, http.StatusInternalServerError, s.put("a", standard5).status)
			assert.Equal(t, http.StatusNotFound, s.get("a").status, "the session never was")
			assert.Empty(t, s.walk())

			b.started = func(server *scriptedServer) { server.onAsk = func() { panic("no status") } }
			assert.Equal(t, http.StatusInternalServerError, s.put("a", standard5).status)
			assert.Equal(t, 1, b.server("a").stops, "it had been started")

			b.started = nil
			s.create("a", standard5)
			require.Len(t, b.specs, 3, "the place was free again")
			b.server("a").onAsk = func() { panic("no status") }
			assert.Equal(t, http.StatusInternalServerError, s.get("a").status)
			b.server("a").onAsk = nil
			b.server("a").ready()
			assert.Equal(t, "Ready", s.look("a").Status, "it is asked again")
		},
	)
}

// noServer is a backend that breaks its promise.
type noServer struct{}

func (noServer) Start(emulator.ServerSpec) emulator.BackendServer { return nil }

func TestBackendWithoutServers(t *testing.T) {
	s := start(t, emulator.Options{Backend: noServer{}})
	s.create("a", standard5)
	assert.Equal(t, "The session failed to start.", s.look("a").Error.Message)
	require.NoError(t, s.Close(), "a backend need not have a Close")
}
