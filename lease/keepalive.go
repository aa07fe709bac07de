// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	// DefaultLeaseTime is the first lease of a session that [Acquire] or a [Pool] creates.
	DefaultLeaseTime = 30 * time.Minute
	// DefaultStep is the time by which a lease is extended.
	DefaultStep = 20 * time.Minute
	// DefaultThreshold is the guaranteed time left at which a lease is extended.
	DefaultThreshold = 10 * time.Minute
	// LongestLease is the largest total to which the service extends a lease. No session lives
	// longer, unless it was created with 1440 minutes.
	LongestLease = 1439 * time.Minute

	// defaultLookEvery is the default time between two checks that a session still runs.
	defaultLookEvery = time.Minute
)

// KeepAliveOptions are the optional parameters of [KeepAlive]. The zero value means the defaults.
type KeepAliveOptions struct {
	// Step is the time by which the lease is extended, in whole minutes. If it is shorter than
	// Threshold, several steps may be added at once. The default is [DefaultStep].
	Step time.Duration

	// Threshold is the guaranteed time left at which the lease is extended. The session survives
	// outages of the service up to this long. After a crash of the program the session is billed
	// for Threshold and Step at most, and up to a minute more because the service counts whole
	// minutes, unless its lease was longer already. The default is [DefaultThreshold].
	Threshold time.Duration

	// MaxLeaseTime caps the total of the lease since Ready, and so what the session can cost, in
	// whole minutes. Then the lease runs out. The default, and the maximum, is [LongestLease].
	MaxLeaseTime time.Duration

	// LookEvery is the time between two checks, between extensions, that the session still runs.
	// The default, 0, means no checks: then an end from outside is noticed at the next extension.
	// It is ignored while a Watcher works.
	LookEvery time.Duration

	// Watcher, if not nil, observes the session in place of checks. It must watch the
	// client.
	Watcher *Watcher

	// Progress, if not nil, is called with the session after each answer that shows it. It runs in
	// the goroutine that keeps the session alive, so it must return soon.
	Progress func(arr.Session)

	// Observe, if not nil, is called with each [Event], from several goroutines at once. It runs in
	// the goroutines that keep sessions alive, so it must return soon.
	Observe func(Event)

	// Logger receives extensions at level Debug. It receives failures at level Warn, and after half
	// a minute that the session was not seen yet. The default, nil, discards them.
	Logger *slog.Logger

	clock wait.Clock // that of the system, except in tests
}

func (o KeepAliveOptions) withDefaults() (KeepAliveOptions, error) {
	o.Step = cmp.Or(o.Step, DefaultStep)
	o.Threshold = cmp.Or(o.Threshold, DefaultThreshold)
	o.MaxLeaseTime = cmp.Or(o.MaxLeaseTime, LongestLease)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.Step = min(o.Step, LongestLease)
	switch {
	case !wholeMinutes(o.Step):
		return o, invalid("Step", o.Step, "is not a positive number of whole minutes")
	case o.Threshold < 0:
		return o, invalid("Threshold", o.Threshold, "is negative")
	case !wholeMinutes(o.MaxLeaseTime) || o.MaxLeaseTime > LongestLease:
		return o, invalid("MaxLeaseTime", o.MaxLeaseTime, fmt.Sprintf(
			"is not in whole minutes from 1 to %d; the service extends no lease further",
			LongestLease/time.Minute))
	case o.LookEvery < 0:
		return o, invalid("LookEvery", o.LookEvery, "is negative")
	}
	return o, nil
}

// wholeMinutes reports whether d is a positive number of whole minutes, as lease times are.
func wholeMinutes(d time.Duration) bool { return d > 0 && d%time.Minute == 0 }

// KeepAlive extends the lease of a session by a fixed step whenever the guaranteed time left falls
// to a threshold. It returns when the session has ended. The error is never nil and says why:
//   - [ErrExpired]: the lease ran out, because MaxLeaseTime was reached or because it could not be
//     extended before its earliest possible end
//   - [ErrStopped]: someone stopped the session
//   - [*arr.SessionEndedError] alone: the session is in state Error
//   - [arr.ErrNotFound]: the service does not know the session, and the client did not create it
//     within the last 30 seconds
//   - the error and the cause of ctx, if that ends; the session runs until its lease ends
//   - before the session was first seen, any permanent failure, such as [arr.ErrForbidden]
//
// A session that is Starting is waited for. Failures are retried with backoff while the lease is
// guaranteed to last. Once the session was seen, that includes refused tokens and missing roles,
// which someone may fix meanwhile. Several programs may extend the same session: the largest total
// counts.
//   - client is a client for the account and region of the session
//   - sessionID is the id of the session
//   - options are optional parameters; the zero value means the defaults
func KeepAlive(
	ctx context.Context,
	client *arr.SessionsClient,
	sessionID string,
	options KeepAliveOptions,
) error {
	options, err := options.withDefaults()
	if err != nil {
		return err
	}
	if client == nil {
		return invalid("client", nil, "is nil")
	}
	if w := options.Watcher; w != nil && !w.watches(client) {
		return invalid("Watcher", nil, "does not watch the client")
	}
	r := newRenewer(client, sessionID, options)
	if err := r.find(ctx); err != nil {
		return err
	}
	return r.run(ctx)
}

// Extend guarantees that a session has at least so much of its lease left, and extends the lease if
// needed. The service takes totals since Ready in whole minutes; Extend calculates the total. It
// returns the session as last seen.
//   - client is a client for the account and region of the session
//   - sessionID is the id of the session
//   - atLeast is the time to be left when Extend returns or, if the session is Starting, when it
//     becomes Ready
//
// The error is [arr.ErrLeaseNotExtended] if the total would exceed [LongestLease], up to which the
// lease is extended then, and if the session has ended. It is [arr.ErrNotFound] for an unknown id.
// [arr.ErrOutcomeUnknown] may hold, as after [arr.SessionsClient.Update].
func Extend(
	ctx context.Context,
	client *arr.SessionsClient,
	sessionID string,
	atLeast time.Duration,
) (arr.Session, error) {
	if client == nil {
		return arr.Session{}, invalid("client", nil, "is nil")
	}
	if atLeast < 0 {
		return arr.Session{}, invalid("atLeast", atLeast, "is negative")
	}
	options, err := KeepAliveOptions{}.withDefaults()
	if err != nil {
		return arr.Session{}, err
	}
	r := newRenewer(client, sessionID, options)
	if err := r.look(ctx); err != nil {
		return arr.Session{}, err
	}
	err = r.ensure(ctx, atLeast)
	return r.session(), err
}
