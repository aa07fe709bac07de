// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// device takes sessions from the pool, one after the other.
func (r *run) device(ctx context.Context, pool *lease.Pool, n int) {
	random := r.draws(10 + n)
	for pause(ctx, between(random, 0, time.Second)) {
		waiting, cancel := context.WithTimeout(ctx, between(random, 2*time.Second, 25*time.Second))
		began := time.Now()
		l, err := pool.Acquire(waiting)
		if err != nil {
			r.judgeError("Pool.Acquire", "", err)
			r.judgeWaiting(waiting, began, err)
			r.count("Pool.Acquire: " + outcome(err))
			cancel()
			continue
		}
		cancel()
		r.count("Pool.Acquire: a session")
		r.handedOut.Store(time.Now().UnixMilli())
		from, how := time.Now(), random.IntN(100)
		touched := r.use(ctx, l, between(random, 500*time.Millisecond, 8*time.Second))
		forgets := how >= 92 && ctx.Err() == nil
		if forgets {
			<-l.Context().Done()
		}
		held, to := l.Context().Err() == nil, time.Now()
		r.used(l.Session().ID, use{device: n, from: from, to: to})
		switch {
		case !held:
			r.judgeEnd("device", l, from, touched)
			r.count("lease of the pool: " + outcome(context.Cause(l.Context())))
			if err := pool.Return(l); !errors.Is(err, lease.ErrNotHandedOut) {
				r.problem(kindNotReady, fmt.Sprintf("%s: returned although over: %v",
					l.Session().ID, err))
			}
		case how < 75:
			if err := pool.Return(l); err != nil && l.Context().Err() == nil {
				r.problem(kindReturn, err.Error())
			}
		default:
			r.release(l)
		}
	}
}

// use is a session in use, with signs of life. It returns the last one.
func (r *run) use(ctx context.Context, l *lease.Lease, d time.Duration) (touched time.Time) {
	until := time.Now().Add(d)
	touched = time.Now()
	for time.Now().Before(until) && l.Context().Err() == nil {
		if !pause(l.Context(), min(time.Second, time.Until(until))) || ctx.Err() != nil {
			return touched
		}
		if l.Touch() {
			touched = time.Now()
		}
	}
	return touched
}

// release stops the session of a lease, as often as it takes.
func (r *run) release(l *lease.Lease) {
	for try := 1; ; try++ {
		err := l.Release(context.Background())
		r.judgeError("Release", l.Session().ID, err)
		r.count("Release: " + outcome(err))
		if err == nil {
			return
		}
		if try == 3 {
			r.problem(kindNotStop, err.Error())
			return
		}
	}
}

// acquirer holds sessions of its own.
func (r *run) acquirer(ctx context.Context, n int) {
	random := r.draws(n)
	for pause(ctx, between(random, 0, time.Second)) {
		from := time.Now()
		// The lease is bound to the context of Acquire, which goes on until the release.
		holding, cancel := context.WithCancel(context.Background())
		waiting := context.AfterFunc(ctx, cancel)
		l, err := lease.Acquire(holding, r.client, lease.AcquireOptions{
			IDPrefix:  fmt.Sprintf("own%d-", n),
			LeaseTime: leaseTime,
			Step:      time.Minute,
			Threshold: threshold,
			LookEvery: 2 * time.Second,
		})
		if err != nil {
			r.judgeError("Acquire", "", err)
			r.count("Acquire: " + outcome(err))
			cancel()
			continue
		}
		waiting()
		r.count("Acquire: a session")
		touched := r.use(ctx, l, between(random, time.Second, 30*time.Second))
		if l.Context().Err() != nil {
			r.judgeEnd("Acquire", l, from, touched)
			r.count("lease of Acquire: " + outcome(context.Cause(l.Context())))
		}
		r.release(l)
		cancel()
	}
}

// keeper creates a session with the client, and keeps it alive.
func (r *run) keeper(ctx context.Context, n int) {
	random := r.draws(n)
	for i := 0; pause(ctx, between(random, 0, 2*time.Second)); i++ {
		id := fmt.Sprintf("kept%d-%d", n, i)
		creating, cancel := context.WithTimeout(ctx, 30*time.Second)
		_, err := r.client.BeginCreate(creating, id, arr.CreateSessionSettings{
			Size:         arr.SessionSizeStandard,
			MaxLeaseTime: leaseTime,
		}, nil)
		cancel()
		r.judgeCreate(id, err)
		r.count("BeginCreate: " + outcome(err))
		if err != nil && !errors.Is(err, arr.ErrOutcomeUnknown) {
			continue
		}
		if err == nil {
			r.keep(ctx, id, between(random, 2*time.Second, 40*time.Second))
		}
		for try := 1; ; try++ {
			err := lease.Stop(ctx, r.client, id)
			r.judgeError("Stop", id, err)
			r.count("Stop: " + outcome(err))
			if err == nil {
				break
			}
			if try == 3 {
				r.problem(kindNotStop, err.Error())
				break
			}
		}
	}
}

// keep keeps a session alive for a time.
func (r *run) keep(ctx context.Context, id string, d time.Duration) {
	since := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	err := lease.KeepAlive(ctx, r.client, id, lease.KeepAliveOptions{
		Step:      time.Minute,
		Threshold: threshold,
		LookEvery: 2 * time.Second,
	})
	r.judgeError("KeepAlive", id, err)
	r.count("KeepAlive: " + outcome(err))
	if errors.Is(err, lease.ErrExpired) && time.Since(since) < leaseTime/2 {
		r.problem(kindExpired, fmt.Sprintf("KeepAlive, %s: %v", id, err))
	}
}

// outcome puts an error into one of a few classes.
func outcome(err error) string {
	if err == nil {
		return "done"
	}
	unknown := ""
	if errors.Is(err, arr.ErrOutcomeUnknown) {
		unknown = ", outcome unknown"
	}
	if _, ok := errors.AsType[*lease.NotStoppedError](err); ok {
		unknown += ", not stopped"
	}
	for _, class := range []struct {
		err  error
		text string
	}{
		{lease.ErrIdle, "idle"},
		{lease.ErrExpired, "expired"},
		{lease.ErrStopped, "stopped"},
		{arr.ErrNotFound, "not found"},
		{arr.ErrUnauthorized, "unauthorized"},
		{arr.ErrConflict, "conflict"},
		{arr.ErrLeaseNotExtended, "not extended"},
		{lease.ErrPoolClosed, "pool closed"},
		{context.DeadlineExceeded, "deadline"},
		{context.Canceled, "canceled"},
	} {
		if errors.Is(err, class.err) {
			return class.text + unknown
		}
	}
	if ended, ok := errors.AsType[*arr.SessionEndedError](err); ok {
		return "session " + string(ended.Session.Status) + unknown
	}
	return "other failure" + unknown
}
