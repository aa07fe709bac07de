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
func (r *run) device(ctx context.Context, n int) {
	random := r.draws(10 + n)
	for pause(ctx, between(random, 0, time.Second)) {
		waiting, cancel := context.WithTimeout(ctx, between(random, 2*time.Second, 25*time.Second))
		began := time.Now()
		l, err := r.pool.Load().Acquire(waiting)
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
		d := between(random, 500*time.Millisecond, 12*time.Second)
		r.hold(ctx, n, l, d, leaving(random.IntN(100)))
	}
}

// leaving says how a device leaves: the session is returned, or released, or forgotten.
type leaving int

func (l leaving) returns() bool { return l < 75 }
func (l leaving) forgets() bool { return l >= 92 }

// hold is a device with a session. When the program is restarted, the device claims it.
func (r *run) hold(ctx context.Context, n int, l *lease.Lease, d time.Duration, how leaving) {
	id, from, until := l.Session().ID, time.Now(), time.Now().Add(d)
	var touched time.Time
	for {
		touched = r.use(ctx, l, time.Until(until))
		if how.forgets() && ctx.Err() == nil && l.Context().Err() == nil {
			<-l.Context().Done()
		}
		if !errors.Is(context.Cause(l.Context()), lease.ErrDetached) {
			break
		}
		next := r.claim(id)
		if next == nil {
			r.used(id, use{device: n, from: from, to: time.Now()})
			r.stop(context.Background(), id)
			return
		}
		l = next
	}
	held := l.Context().Err() == nil
	r.used(id, use{device: n, from: from, to: time.Now()})
	switch {
	case !held:
		r.judgeEnd("device", l, from, touched)
		r.count("lease of the pool: " + outcome(context.Cause(l.Context())))
		if err := r.pool.Load().Return(l); !errors.Is(err, lease.ErrNotHandedOut) {
			r.problem(kindNotReady, fmt.Sprintf("%s: returned although over: %v", id, err))
		}
	case how.returns():
		r.giveBack(l)
	default:
		r.release(l)
	}
}

// giveBack returns a lease. If the pool was closed meanwhile, nobody has the session any more.
func (r *run) giveBack(l *lease.Lease) {
	err := r.pool.Load().Return(l)
	cause := context.Cause(l.Context())
	switch {
	case err == nil:
	case errors.Is(cause, lease.ErrDetached):
		r.stop(context.Background(), l.Session().ID)
	case cause == nil:
		r.problem(kindReturn, err.Error())
	}
}

// claim is a device that asks the next run of the program for its session. It returns nil if the
// session is lost to the device.
func (r *run) claim(id string) *lease.Lease {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	closed := r.pool.Load()
	for pause(ctx, 100*time.Millisecond) {
		p := r.pool.Load()
		if p == closed {
			continue
		}
		opened := time.Now()
		l, err := p.Claim(ctx, id)
		r.count("Pool.Claim: " + outcome(err))
		switch {
		case err == nil:
			return l
		case errors.Is(err, lease.ErrPoolClosed):
			closed = p
			continue
		}
		running, listErr := r.service.running(ctx)
		if errors.Is(err, arr.ErrNotFound) && listErr == nil && contains(running, id) &&
			time.Since(opened) < claimTime/2 {
			r.problem(kindClaim, fmt.Sprintf("%s: %v", id, err))
		}
		return nil
	}
	return nil
}

// use is a session in use, with heartbeats. It returns the last one.
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
		if err == nil && errors.Is(context.Cause(l.Context()), lease.ErrDetached) {
			r.stop(context.Background(), l.Session().ID) // the pool was closed at that moment
		}
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

// keepAlive creates a session with the client, and keeps it alive.
func (r *run) keepAlive(ctx context.Context, n int) {
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
		r.stop(ctx, id)
	}
}

// stop stops a session, as often as it takes.
func (r *run) stop(ctx context.Context, id string) {
	for try := 1; ; try++ {
		err := lease.Stop(ctx, r.client, id)
		r.judgeError("Stop", id, err)
		r.count("Stop: " + outcome(err))
		if err == nil {
			return
		}
		if try == 3 {
			r.problem(kindNotStop, err.Error())
			return
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
