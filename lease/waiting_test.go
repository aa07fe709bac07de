// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"log/slog"
	"net/http"
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

// records is a log handler that keeps records at level Warn and above, as "ERROR message
// key=value".
type records struct {
	mu    sync.Mutex
	lines []string
}

func (r *records) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (r *records) WithAttrs([]slog.Attr) slog.Handler           { return r }
func (r *records) WithGroup(string) slog.Handler                { return r }
func (r *records) Handle(_ context.Context, record slog.Record) error {
	line := record.Level.String() + " " + record.Message
	record.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
	return nil
}

// of returns the records so far that contain a text.
func (r *records) of(text string) (found []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range r.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// silent makes the service accept requests and never answer them.
func (s *service) silent() {
	s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/token") {
			return forward()
		}
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
}

// A call that waits for a service that does not answer says so after half a minute.
func TestWaitingIsLogged(t *testing.T) {
	for name, call := range map[string]func(context.Context, *service, *slog.Logger){
		"KeepAlive": func(ctx context.Context, s *service, log *slog.Logger) {
			_ = lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{Logger: log})
		},
		"Watcher.Wait": func(ctx context.Context, s *service, log *slog.Logger) {
			w, err := lease.NewWatcher(s.client, lease.WatcherOptions{Logger: log})
			require.NoError(s.t, err)
			defer w.Close()
			_, _ = w.Wait(ctx, "demo")
		},
		"StopAll": func(ctx context.Context, s *service, log *slog.Logger) {
			_, _ = lease.StopAll(ctx, s.client, lease.StopAllOptions{Prefix: "demo", Logger: log})
		},
		"Pool.Acquire": func(ctx context.Context, s *service, log *slog.Logger) {
			p, err := lease.NewPool(s.client,
				lease.PoolOptions{IDPrefix: "demo-", Max: 1, Logger: log})
			require.NoError(s.t, err)
			_, _ = p.Acquire(ctx)
			_ = p.Close(ctx)
		},
		"Pool.Claim": func(ctx context.Context, s *service, log *slog.Logger) {
			p, err := lease.NewPool(s.client,
				lease.PoolOptions{IDPrefix: "demo-", Max: 1, Logger: log})
			require.NoError(s.t, err)
			_, _ = p.Claim(ctx, "demo-1")
			_ = p.Close(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				s.silent()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var log records
				done := make(chan struct{})
				go func() {
					defer close(done)
					call(ctx, s, slog.New(&log))
				}()
				time.Sleep(29 * time.Second)
				assert.Empty(t, log.of(""))
				time.Sleep(2 * time.Second)
				assert.Len(t, log.of("waiting=30s"), 1)
				s.handle(nil)
				cancel()
				<-done
			})
		})
	}
}

// It is logged again every ten minutes, with what is known by then, and not after the wait.
func TestWaitingIsLoggedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
		s.create("demo", arr.SessionSizeStandard, 30*time.Minute)
		var log records
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{Logger: slog.New(&log)})
		require.NoError(t, err)
		defer w.Close()
		_, err = w.Wait(t.Context(), "demo")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		lines := log.of("WARN waiting for a session to be Ready session=demo seen=Starting")
		assert.Len(t, lines, 6)
		assert.Equal(t, lines, log.of(""))
	})
}

// While sessions are being stopped one after another, StopAll says so.
func TestStopAllSaysWhatItIsStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
			s.create(id, arr.SessionSizeStandard, 30*time.Minute)
		}
		s.fault(emulator.Fault{Operation: "stop", Status: http.StatusServiceUnavailable})
		var log records
		_, err := lease.StopAll(t.Context(), s.client,
			lease.StopAllOptions{EveryPrefix: true, Logger: slog.New(&log)})
		require.Error(t, err)
		lines := log.of("WARN sessions are still being stopped")
		require.Len(t, lines, 1)
		assert.Contains(t, lines[0], "sessions=9")
	})
}

// The record of a pool tells why there is no session.
func TestPoolAcquireLogsWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		var log records
		p := s.newPool(lease.PoolOptions{
			IDPrefix: "pool-", Max: 1, Logger: slog.New(&log),
		})
		s.acquire(p)
		_ = s.acquireLater(t.Context(), p)
		time.Sleep(time.Minute)
		lines := log.of("a call waits for a session of the pool")
		require.Len(t, lines, 2, "the first while its session started")
		assert.Contains(t, lines[0], "starting=1")
		assert.Contains(t, lines[1], "handedOut=1 unclaimed=0 stopping=0 max=1 calls=1")
	})
}
