// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"log/slog"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

const (
	defaultCreateInterval = time.Second
	defaultClaimTime      = 5 * time.Minute
)

// PoolOptions are what a [Pool] is to be. IDPrefix and Max are required.
type PoolOptions struct {
	// IDPrefix begins the ids of the pool's sessions. The pool takes every session of the account
	// and region under this prefix for its own, those of an earlier run included: no two pools may
	// have the same prefix at the same time, nor one prefix that begins with the other's. Several
	// replicas of a service need one prefix each, or one pool in one process that the others reach
	// over HTTP. It consists of letters, digits, hyphens and underscores, 220 at most.
	IDPrefix string

	// Warm is how many sessions are kept ready beside those that are handed out. They are billed.
	// The default, 0, keeps none: then [Pool.Acquire] waits for as long as a session takes to
	// start.
	Warm int

	// Max is how many sessions there are at most, those included that are handed out, starting, or
	// being stopped. Sessions of an earlier run count, though there may be more of them. One that
	// was given up with [Lease.Detach] counts no longer.
	Max int

	// Budget is how much session time the pool may use from its start to its close, all sessions
	// together: 10 hours are 600 session minutes. It is never exceeded, whatever happens to the
	// program: the whole lease of a session is set aside before the session is created or its lease
	// extended. When it is used up, no session is created and no lease is extended. Sessions taken
	// over count with their whole lease. The default, 0, is no limit.
	Budget time.Duration

	// Sizes are the sizes that will do, the preferred one first. The default is Standard.
	Sizes []arr.SessionSize

	// LeaseTime, Step, Threshold, MaxLeaseTime and StartTimeout are as in [AcquireOptions].
	LeaseTime, Step, Threshold, MaxLeaseTime, StartTimeout time.Duration

	// MinRemaining is the promise: how much of the lease is surely left at least when a session is
	// handed out. A session that comes so near to MaxLeaseTime that it could not keep the promise
	// is replaced, ahead of that if Max allows. The default is Threshold, or LeaseTime less a
	// minute if that is shorter.
	MinRemaining time.Duration

	// IdleTimeout ends a lease that is handed out with [ErrIdle], and stops its session, if there
	// was no [Lease.Touch] for that time. The default, 0, is never.
	IdleTimeout time.Duration

	// ClaimTime is how long a session of an earlier run is kept for the device that may hold it,
	// and that only [Pool.Claim] tells of. Then it is stopped: were it handed out, two devices
	// might have it. The default is IdleTimeout, or 5 minutes if there is none. A negative time
	// says that no device holds any: those sessions count as idle at once, as those do that were
	// not Ready yet and so in nobody's hands.
	ClaimTime time.Duration

	// CreateInterval lies between the creations of sessions, so that they do not come in a burst.
	// The default is one second.
	CreateInterval time.Duration

	// Watch says how often the sessions are looked at. The Logger in it is not used.
	Watch WatcherOptions

	// Logger receives records of sessions created, handed out and stopped at level Info and Debug,
	// and of failures at level Warn. The default is silence.
	Logger *slog.Logger
}

func (o PoolOptions) withDefaults(client *arr.SessionsClient) (PoolOptions, error) {
	session, err := o.session().withDefaults(client)
	if err != nil {
		return o, err
	}
	o.Sizes, o.Logger = session.Sizes, session.Logger
	o.LeaseTime, o.Step, o.Threshold, o.MaxLeaseTime = session.LeaseTime, session.Step, session.Threshold, session.MaxLeaseTime
	o.StartTimeout, o.MinRemaining = session.StartTimeout, session.MinRemaining
	o.ClaimTime = cmp.Or(o.ClaimTime, o.IdleTimeout, defaultClaimTime)
	o.CreateInterval = cmp.Or(o.CreateInterval, defaultCreateInterval)
	o.Watch.Logger = o.Logger
	switch {
	case o.IDPrefix == "":
		return o, invalid(
			"IDPrefix is empty; a pool takes every session under its prefix for its own",
		)
	case o.Warm < 0:
		return o, invalid("Warm %d is negative", o.Warm)
	case o.Max < 1 || o.Max < o.Warm:
		return o, invalid("Max %d is less than 1 or than Warm, %d", o.Max, o.Warm)
	case o.Budget < 0:
		return o, invalid("Budget %v is negative", o.Budget)
	case o.CreateInterval < 0:
		return o, invalid("CreateInterval %v is negative", o.CreateInterval)
	}
	return o, nil
}

// session returns the options of one session.
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
		Logger:       o.Logger,
	}
}
