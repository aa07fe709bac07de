// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	defaultCreateInterval = time.Second
	defaultClaimTime      = 5 * time.Minute
)

// PoolOptions configure a [Pool]. IDPrefix and Max are required.
type PoolOptions struct {
	// IDPrefix begins the ids of the pool's sessions. The pool owns every session of the account
	// under this prefix in its regions, those of an earlier run included. So no two pools may use
	// the same prefix at the same time, nor prefixes of which one begins with the other. Several
	// replicas of a service need one prefix each, or one pool in one process that the others call
	// over HTTP. The pool logs at level Error, once, if others create sessions under the prefix or
	// stop its sessions repeatedly. It consists of letters, digits, hyphens and underscores, 220 at
	// most.
	IDPrefix string

	// Warm is the number of sessions kept ready in addition to those that are handed out. They are
	// billed. The default, 0, keeps none: then [Pool.Acquire] waits while a session starts.
	Warm int

	// Max limits the number of sessions, including those handed out, starting or stopping. Sessions
	// of an earlier run count, even if there are more of them. Sessions given up with
	// [Lease.Detach] do not.
	Max int

	// Budget limits the session time that the pool may use from its start to its close, all
	// sessions together: 10 hours are 600 session minutes. It is never exceeded, even after a
	// crash: the pool reserves the whole lease of a session before it creates the session or
	// extends the lease. When the budget is used up, no session is created and no lease is
	// extended. Sessions taken over count with their whole lease. The default, 0, means no limit.
	Budget time.Duration

	// Sizes are the acceptable sizes, in order of preference. The default is Standard.
	Sizes []arr.SessionSize

	// LeaseTime, Step, Threshold, MaxLeaseTime and StartTimeout are as in [AcquireOptions].
	LeaseTime, Step, Threshold, MaxLeaseTime, StartTimeout time.Duration

	// MinRemaining is the guaranteed time left of the lease when a session is handed out. A session
	// too close to MaxLeaseTime for that is replaced, ahead of time if Max allows. The default is
	// Threshold, or LeaseTime less a minute if that is shorter.
	MinRemaining time.Duration

	// IdleTimeout ends a lease that is handed out with [ErrIdle] and stops its session when
	// [Lease.Touch] was not called for this long. The default, 0, means never.
	IdleTimeout time.Duration

	// ClaimTime is how long a session of an earlier run is kept for the device that may hold it,
	// until [Pool.Claim] names it. Then it is stopped, because handing it out might give it to two
	// devices. The default is IdleTimeout, or 5 minutes if that is 0. A negative time says that no
	// device holds any: the sessions become warm at once. Sessions that were not Ready yet become
	// warm in any case.
	ClaimTime time.Duration

	// CreateInterval is at first the time between the creations of two sessions. It prevents bursts:
	// at most those that were due within the last 200 milliseconds are made at once. Each session
	// that becomes Ready halves it, down to a 64th, so that a large pool is warm in minutes; a failure
	// that would meet other creations too resets it. The default is one second.
	CreateInterval time.Duration

	// Watch configures how often the sessions are listed. Its Logger is not used.
	Watch WatcherOptions

	// Observe, if not nil, is called with each [Event], from several goroutines at once. It runs in
	// the goroutines that keep sessions alive, so it must return soon.
	Observe func(Event)

	// Logger receives sessions created, taken over and stopped at level Info, extensions at level
	// Debug, and failures at level Warn. It also receives at level Warn what a call of
	// [Pool.Acquire] waits for, after half a minute and then every ten minutes. The default, nil,
	// discards them.
	Logger *slog.Logger

	clock wait.Clock // that of the system, except in tests
}

func (o PoolOptions) withDefaults() (PoolOptions, error) {
	session, err := o.session().withDefaults(nil)
	if err != nil {
		return o, err
	}
	o.Sizes, o.Logger = session.Sizes, session.Logger
	o.LeaseTime, o.Step, o.Threshold = session.LeaseTime, session.Step, session.Threshold
	o.MaxLeaseTime, o.MinRemaining = session.MaxLeaseTime, session.MinRemaining
	o.StartTimeout = session.StartTimeout
	o.ClaimTime = cmp.Or(o.ClaimTime, o.IdleTimeout, defaultClaimTime)
	o.CreateInterval = cmp.Or(o.CreateInterval, defaultCreateInterval)
	o.Watch.Logger, o.Watch.clock = o.Logger, o.clock
	switch {
	case o.IDPrefix == "":
		return o, invalid("IDPrefix", nil,
			"is empty; a pool owns every session under its prefix, so it needs one of its own")
	case o.Warm < 0:
		return o, invalid("Warm", o.Warm, "is negative")
	case o.Max < 1:
		return o, invalid("Max", o.Max, "is less than 1")
	case o.Max < o.Warm:
		return o, invalid("Max", o.Max, fmt.Sprintf(
			"is less than %d, the number of sessions to keep warm", o.Warm))
	case o.Budget < 0:
		return o, invalid("Budget", o.Budget, "is negative")
	case o.CreateInterval < 0:
		return o, invalid("CreateInterval", o.CreateInterval, "is negative")
	}
	return o, nil
}

// session returns the options for one session.
func (o PoolOptions) session() AcquireOptions {
	return AcquireOptions{
		IDPrefix:     o.IDPrefix,
		Sizes:        o.Sizes,
		LeaseTime:    o.LeaseTime,
		Step:         o.Step,
		Threshold:    o.Threshold,
		MaxLeaseTime: o.MaxLeaseTime,
		MinRemaining: o.MinRemaining,
		StartTimeout: o.StartTimeout,
		IdleTimeout:  o.IdleTimeout,
		Observe:      o.observe(),
		Logger:       o.Logger,
		clock:        o.clock,
	}
}
