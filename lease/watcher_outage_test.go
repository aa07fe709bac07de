// SPDX-License-Identifier: MIT

package lease

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// Failures that do not pass end all waits at once, and only those.
func TestWatcherRefused(t *testing.T) {
	for status, want := range map[int]error{401: arr.ErrUnauthorized, 403: arr.ErrForbidden} {
		for _, operation := range []string{"list", "get"} {
			synctest.Test(t, func(t *testing.T) {
				r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
				remove := r.inject(emulator.Fault{Operation: operation, Status: status})
				one, two := r.wait("one"), r.wait("two")
				for _, o := range []watchOutcome{<-one, <-two} {
					require.ErrorIs(t, o.err, want)
					require.ErrorContains(t, o.err, fmt.Sprintf("session %q", o.id))
				}
				require.LessOrEqual(t, r.since(), watchInterval)

				remove()
				r.create("one")
				require.NoError(t, (<-r.wait("one")).err)
			})
		}
	}
}

func TestWatcherBearsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)}, WatcherOptions{})
		r.create("demo")
		demo := r.wait("demo")
		time.Sleep(16 * time.Second)
		remove := r.inject(emulator.Fault{Status: 503})
		time.Sleep(4 * time.Minute)
		remove()
		require.NoError(t, (<-demo).err)
		require.LessOrEqual(t, r.since(), 16*time.Second+5*time.Minute)
	})
}

func TestWatcherGivesUpAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)}, WatcherOptions{})
		r.create("demo")
		demo := r.wait("demo")
		time.Sleep(16 * time.Second)
		remove := r.inject(emulator.Fault{Status: 503})
		defer remove()
		err := (<-demo).err
		require.Equal(t, 15*time.Second+5*time.Minute, r.since(), "since the last good answer")
		var refusal *arr.ServiceError
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, 503, refusal.StatusCode)
		require.ErrorContains(
			t,
			err,
			`session "demo", last seen "Starting": no good answer for 5m0s`,
		)
		require.ErrorContains(t, err, "billed")

		// Who begins to wait in an outage has the same patience.
		_, err = r.watcher.Wait(t.Context(), "demo")
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, 15*time.Second+10*time.Minute, r.since())

		// A context that ends says what stood in the way.
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		_, err = r.watcher.Wait(ctx, "demo")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorAs(t, err, &refusal)
	})
}

// A try of a list that hangs ends after 30 seconds, and so does one of a lookup.
func TestWatcherBearsWhatHangs(t *testing.T) {
	for _, operation := range []string{"list", "get"} {
		synctest.Test(t, func(t *testing.T) {
			r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
			r.inject(emulator.Fault{Operation: operation, Count: 2, Delay: time.Hour})
			require.ErrorIs(t, (<-r.wait("unknown")).err, arr.ErrNotFound)
			require.InDelta(t, (time.Minute + 5*time.Second).Seconds(), r.since().Seconds(), 10)
		})
		synctest.Test(t, func(t *testing.T) {
			r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
			r.inject(emulator.Fault{Operation: operation, Delay: time.Hour})
			err := (<-r.wait("unknown")).err
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, 5*time.Minute, r.since())
		})
	}
}

// What the service asks for counts, also where the client gave up waiting for it.
func TestWatcherHeedsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.inject(
			emulator.Fault{Operation: "list", Count: 1, Status: 429, RetryAfter: 2 * time.Minute},
		)
		begun := time.Now()
		require.NoError(t, (<-r.wait("demo")).err)
		lists := r.wire.times("list")
		require.Len(t, lists, 2)
		require.GreaterOrEqual(t, lists[1].Sub(begun), 2*time.Minute)
		require.LessOrEqual(t, r.since(), 3*time.Minute)
	})
}

// A service that wants to be left alone for an hour is asked every five minutes, and who comes then
// does not wait for that long.
func TestWatcherIsPatientWhileItMayNotAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.inject(emulator.Fault{Operation: "list", Status: 429, RetryAfter: time.Hour})
		require.ErrorIs(t, (<-r.wait("demo")).err, arr.ErrThrottled)
		require.ErrorIs(t, (<-r.wait("demo")).err, arr.ErrThrottled)
		require.Equal(t, 10*time.Minute, r.since())
		require.LessOrEqual(t, r.wire.count("list"), 3)
	})
}

// A lookup that is refused for a reason of its own ends the waits for that session and no other.
func TestWatcherRefusedOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(20 * time.Second)},
			WatcherOptions{},
		)
		r.inject(emulator.Fault{Operation: "get", Session: "odd", Status: 400})
		r.create("demo")
		odd, demo := r.wait("odd"), r.wait("demo")
		var refusal *arr.ServiceError
		require.ErrorAs(t, (<-odd).err, &refusal)
		require.Equal(t, 400, refusal.StatusCode)
		require.NoError(t, (<-demo).err)
	})
}

// A lookup that nobody would be allowed ends all waits.
func TestWatcherRefusedInALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)}, WatcherOptions{})
		r.inject(emulator.Fault{Operation: "get", Status: 403})
		r.create("demo")
		unknown, demo := r.wait("unknown"), r.wait("demo")
		require.ErrorIs(t, (<-unknown).err, arr.ErrForbidden)
		require.ErrorIs(t, (<-demo).err, arr.ErrForbidden)
	})
}

func TestWatcherHeedsRetryAfterOfALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.inject(
			emulator.Fault{Operation: "get", Count: 1, Status: 429, RetryAfter: 2 * time.Minute},
		)
		require.ErrorIs(t, (<-r.wait("unknown")).err, arr.ErrNotFound)
		gets := r.wire.times("get")
		require.Len(t, gets, 2)
		require.GreaterOrEqual(t, gets[1].Sub(gets[0]), 2*time.Minute)
		require.Greater(t, r.wire.count("list"), 20, "which goes on")
	})
}

func TestWatcherLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := newWatchRig(
			t,
			emulator.Options{},
			WatcherOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))},
		)
		r.create("demo")
		r.inject(emulator.Fault{Operation: "list", Count: 4, Status: 503})
		r.inject(emulator.Fault{Operation: "get", Count: 4, Status: 503})
		require.NoError(t, (<-r.wait("demo")).err)
		require.Error(t, (<-r.wait("unknown")).err)
		r.watcher.Close()
		require.Regexp(
			t,
			`(?s)level=WARN msg="listing sessions failed" endpoint=\S+ error=.*`+
				`level=INFO msg="listing sessions works again" endpoint=\S+\n`+
				`.*level=WARN msg="looking up a session failed" session=unknown endpoint=\S+ error=`,
			log.String(),
		)
		require.Equal(t, 3, strings.Count(log.String(), "\n"))
		require.NotContains(t, log.String(), r.emulator.Key())
	})
}

// Pauses between failed rounds grow to a minute, and rounds that succeed forget them.
func TestWatcherBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)}, WatcherOptions{})
		r.create("demo")
		f := r.region.subscribe("demo", true, nil)
		defer f.close()
		time.Sleep(time.Second)
		r.wire.handle(func(_ string, req *http.Request) (*http.Response, error) {
			// which the client does not repeat
			return testkit.Answer(req, http.StatusNotImplemented, ""), nil
		})
		r.wire.times("list")
		time.Sleep(10 * time.Minute)
		lists := r.wire.times("list")
		for i := 1; i < len(lists); i++ {
			pause := lists[i].Sub(lists[i-1])
			require.GreaterOrEqual(t, pause, watchInterval)
			require.LessOrEqual(t, pause, time.Minute)
		}
		require.LessOrEqual(t, len(lists), 25)
		_, failure := f.patience(time.Now())
		require.Error(t, failure)
		require.NoError(t, f.err())

		r.wire.handle(nil)
		time.Sleep(time.Minute)
		_, failure = f.patience(time.Now())
		require.NoError(t, failure)
		r.wire.times("list")
		time.Sleep(10 * watchInterval)
		require.Len(t, r.wire.times("list"), 10)

		r.inject(emulator.Fault{Operation: "list", Count: 1, Status: 501})
		time.Sleep(3 * watchInterval)
		require.GreaterOrEqual(t, r.wire.count("list"), 3, "the first pause is a short one again")
	})
}

// A host that has never answered may be a mistyped one; one that has answered is there.
func TestWatcherOfAnUnknownHost(t *testing.T) {
	unknownHost := func(string, *http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "rendering.example", IsNotFound: true}
	}
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.wire.handle(unknownHost)
		err := (<-r.wait("demo")).err
		_, unknown := errors.AsType[*net.DNSError](err)
		require.True(t, unknown)
		require.Zero(t, r.since())
	})
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(20 * time.Second)},
			WatcherOptions{},
		)
		r.create("demo")
		demo := r.wait("demo")
		time.Sleep(time.Second)
		r.wire.handle(unknownHost)
		time.Sleep(2 * time.Minute)
		r.wire.handle(nil)
		require.NoError(t, (<-demo).err)
	})
}

// Links that lead elsewhere or in a circle end the round. What stands on the pages before is seen
// all the same.
func TestWatcherMeetsHostileLinks(t *testing.T) {
	for _, link := range []emulator.NextLinkFault{emulator.NextLinkForeign, emulator.NextLinkLoop} {
		synctest.Test(t, func(t *testing.T) {
			r := newWatchRig(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}}, WatcherOptions{})
			r.create("first")
			r.create("second")
			r.inject(emulator.Fault{Operation: "list", NextLink: link})
			f := r.region.subscribe("first", false, nil)
			defer f.close()
			first, second := r.wait("first"), r.wait("second")
			require.NoError(t, (<-first).err)
			err := (<-second).err
			_, failure := f.patience(time.Now())
			require.NoError(t, failure, "nothing stands in the way of the first")
			require.ErrorContains(t, err, "next link")
			require.Equal(t, 5*time.Minute, r.since())
			require.Less(t, r.wire.count("list"), 25)
			require.Zero(t, r.wire.count("get"), "an incomplete list proves nothing")
		})
	}
}

// A lookup that fails is repeated in the next round.
func TestWatcherRepeatsLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		failures := 0
		r.wire.handle(func(kind string, req *http.Request) (*http.Response, error) {
			if kind == "get" && failures < 3 {
				failures++
				return testkit.Answer(req, http.StatusNotImplemented, ""), nil
			}
			return nil, nil
		})
		require.ErrorIs(t, (<-r.wait("unknown")).err, arr.ErrNotFound)
		require.Equal(t, 4, r.wire.count("get"))
		require.Equal(t, 3*watchInterval, r.since())
	})
}
