// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

const (
	// DefaultLeaseTime is the first lease of a session that [Acquire] or a [Pool] creates.
	DefaultLeaseTime = 30 * time.Minute
	// DefaultStep is by how much a lease is extended at a time.
	DefaultStep = 20 * time.Minute
	// DefaultThreshold is how much of a lease is surely left, at the most, when it is extended.
	DefaultThreshold = 10 * time.Minute
	// LongestLease is the largest total that the service takes for an extended lease. No session
	// lives longer, unless it was created with 1440 minutes.
	LongestLease = 1439 * time.Minute

	// defaultLookEvery is how often a [Lease] looks whether its session still runs.
	defaultLookEvery = time.Minute
)

// KeepAliveOptions are the optional parameters of [KeepAlive]. The zero value is useful.
type KeepAliveOptions struct {
	// Step is by how much the lease is extended at a time, in whole minutes. The default is
	// [DefaultStep].
	Step time.Duration

	// Threshold is when: as soon as no more than this is surely left. It is also for how long an
	// outage of the service may last without the session being lost. After a crash of the program
	// the session is billed for Threshold and Step, and up to a minute because the service counts
	// in minutes, unless its lease was longer before. If Step is less than Threshold, several may
	// be added at once. The default is [DefaultThreshold].
	Threshold time.Duration

	// MaxLeaseTime caps the total of the lease, and so what the session can cost, in whole minutes
	// since it became Ready. When it is reached, the lease runs out. The default, and the most, is
	// [LongestLease].
	MaxLeaseTime time.Duration

	// LookEvery is how often to look, between extensions, whether the session still runs. The
	// default, 0, is never: then an end from outside shows at the next extension. It is not used
	// while a Watcher works.
	LookEvery time.Duration

	// Watcher tells of the session instead of looks at it. It must be one of the same client.
	Watcher *Watcher

	// Progress is called with the session after each answer that shows it, in the goroutine that
	// keeps it alive: it must return soon.
	Progress func(arr.Session)

	// Logger receives a record for each extension, at level Debug, and for each failure, at level
	// Warn. The default is silence.
	Logger *slog.Logger
}

func (o KeepAliveOptions) withDefaults() (KeepAliveOptions, error) {
	o.Step = cmp.Or(o.Step, DefaultStep)
	o.Threshold = cmp.Or(o.Threshold, DefaultThreshold)
	o.MaxLeaseTime = cmp.Or(o.MaxLeaseTime, LongestLease)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.Step = min(o.Step, LongestLease)
	switch {
	case o.Step < time.Minute || o.Step%time.Minute != 0:
		return o, invalid("Step %v is not in whole minutes above 0", o.Step)
	case o.Threshold < 0:
		return o, invalid("Threshold %v is negative", o.Threshold)
	case o.MaxLeaseTime < time.Minute || o.MaxLeaseTime%time.Minute != 0 || o.MaxLeaseTime > LongestLease:
		return o, invalid(
			"MaxLeaseTime %v is not in whole minutes from 1 to %d, beyond which the service extends no lease",
			o.MaxLeaseTime,
			LongestLease/time.Minute,
		)
	case o.LookEvery < 0:
		return o, invalid("LookEvery %v is negative", o.LookEvery)
	}
	return o, nil
}

// KeepAlive extends the lease of a session again and again, by a refusedTotal step, whenever no more than
// a threshold is surely left of it. It returns when the session has ended, and always returns an
// error that says why:
//   - [ErrExpired]: the lease ran out, because its cap was reached, or because every try to extend
//     it failed until its earliest possible end
//   - [ErrStopped]: somebody stopped the session
//   - [*arr.SessionEndedError] alone: the session is in state Error
//   - [arr.ErrNotFound]: the service does not know the session
//   - the error and the cause of ctx, if that ends; the session goes on until its lease ends
//   - at the start, any failure that does not pass, such as [arr.ErrForbidden]
//
// The lease may not have begun: a session that is Starting is waited for. Failures are met with
// further tries, with growing pauses and jitter, for as long as the lease surely lasts; so are
// refused tokens and missing roles once the session was seen, for they can be mended meanwhile.
// Extending a session that another program extends too does no harm: the larger total counts.
//   - client is one for the account and region of the session
//   - sessionID is the session
//   - options are optional parameters; their zero value means the defaults
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
		return invalid("client is nil")
	}
	if w := options.Watcher; w != nil && w.client != client {
		return invalid("Watcher is one of another client")
	}
	r := newRenewer(client, sessionID, options)
	if err := r.find(ctx); err != nil {
		return err
	}
	return r.run(ctx)
}

// Extend makes sure that a session has so much of its lease left, surely, and extends the lease if
// it has not. The service takes totals since Ready, in whole minutes; Extend does the sum. It
// returns the session as last seen.
//   - client is one for the account and region of the session
//   - sessionID is the session
//   - atLeast is how much is to be left when Extend returns; while the session is Starting, when it
//     becomes Ready
//
// If the total would exceed [LongestLease], the lease is extended no further than it can be, and
// the error is [arr.ErrLeaseNotExtended], as it is for a session that has ended. An unknown id is
// [arr.ErrNotFound]; [arr.ErrOutcomeUnknown] may hold, as after [arr.SessionsClient.Update].
func Extend(
	ctx context.Context,
	client *arr.SessionsClient,
	sessionID string,
	atLeast time.Duration,
) (arr.Session, error) {
	if client == nil {
		return arr.Session{}, invalid("client is nil")
	}
	if atLeast < 0 {
		return arr.Session{}, invalid("atLeast %v is negative", atLeast)
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
