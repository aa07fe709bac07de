// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// defaultStartTimeout is how long a session may be Starting. Those of the hosted service took up to
// three minutes.
const defaultStartTimeout = 10 * time.Minute

// AcquireOptions are the optional parameters of [Acquire]. The zero value is useful: a new Standard
// session, whose lease is extended by 20 minutes whenever 10 are left.
//
// The defaults bound what a forgotten session costs. Whatever happens to the program, a session
// that it created is billed for 30 minutes at most after the last sign of life of the program: for
// LeaseTime, for MinRemaining, or for Threshold and Step, whichever is the longest, and for up to a
// minute more if it was adopted, because the service counts in minutes.
type AcquireOptions struct {
	// SessionID is a session that exists, perhaps: one that the program held before it was started
	// anew. It is adopted if it is Starting or Ready, of one of Sizes, and can have MinRemaining
	// left of its lease. If it is not, a new session is created, under another id; the one named is
	// not stopped. Until [Acquire] succeeds, an adopted session is never stopped; afterwards it is
	// like a new one. Two leases may adopt the same session; the first to be released ends both.
	SessionID string

	// IDPrefix begins the ids of new sessions; a random UUID follows. With a prefix of its own, a
	// program finds all its sessions again: see [StopAll]. It consists of letters, digits, hyphens
	// and underscores, 220 at most.
	IDPrefix string

	// Sizes are the sizes that will do, the preferred one first. The others are tried if no server
	// of that size can be had. The default is Standard.
	Sizes []arr.SessionSize

	// Fallback are clients for other regions, which are tried in turn if the first has no servers
	// or cannot be reached.
	Fallback []*arr.SessionsClient

	// LeaseTime is the first lease of a new session, in whole minutes, at most [LongestLease]. The
	// default is [DefaultLeaseTime], or MaxLeaseTime if that is shorter.
	LeaseTime time.Duration

	// Step is by how much the lease is extended at a time, in whole minutes. The default is
	// [DefaultStep].
	Step time.Duration

	// Threshold is when the lease is extended: as soon as no more than this is surely left. It is
	// also how long an outage may last without the session being lost. The default is
	// [DefaultThreshold].
	Threshold time.Duration

	// MaxLeaseTime caps the total of the lease, in whole minutes since Ready. The default, and the
	// most, is [LongestLease]: no session of the service lives for more than a day.
	MaxLeaseTime time.Duration

	// MinRemaining is how much of the lease is surely left at least when [Acquire] returns; the
	// lease is extended for it if need be. The default is Threshold, or LeaseTime less a minute if
	// that is shorter.
	MinRemaining time.Duration

	// StartTimeout is how long a session may take to be Ready before another size or region is
	// tried. The default is 10 minutes.
	StartTimeout time.Duration

	// IdleTimeout ends the lease with [ErrIdle], and stops the session, if there was no
	// [Lease.Touch] for that time. The service does not tell whether a device is connected, so this
	// is the only way to notice that one has left. The default, 0, is never.
	IdleTimeout time.Duration

	// LookEvery is how often to look whether the session still runs. The default is one minute. It
	// is not used while a Watcher works.
	LookEvery time.Duration

	// Watcher tells of the sessions of the first client instead of looks at each. It must be one of
	// that client.
	Watcher *Watcher

	// Progress is called with the session after each answer that shows it while [Acquire] waits for
	// it to be Ready, and not after Acquire has returned.
	Progress func(arr.Session)

	// Logger receives records of sessions created, adopted, extended and stopped at level Info and
	// Debug, and of failures at level Warn. The default is silence.
	Logger *slog.Logger
}

var prefixPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{0,220}$`)

func (o AcquireOptions) withDefaults(client *arr.SessionsClient) (AcquireOptions, error) {
	keeping, err := o.keepAlive().withDefaults()
	if err != nil {
		return o, err
	}
	o.Step, o.Threshold, o.MaxLeaseTime, o.Logger = keeping.Step, keeping.Threshold, keeping.MaxLeaseTime, keeping.Logger
	o.LeaseTime = cmp.Or(o.LeaseTime, min(DefaultLeaseTime, o.MaxLeaseTime))
	o.MinRemaining = cmp.Or(o.MinRemaining, min(o.Threshold, o.LeaseTime-time.Minute))
	o.StartTimeout = cmp.Or(o.StartTimeout, defaultStartTimeout)
	o.LookEvery = cmp.Or(o.LookEvery, defaultLookEvery)
	if len(o.Sizes) == 0 {
		o.Sizes = []arr.SessionSize{arr.SessionSizeStandard}
	}
	switch {
	case client == nil:
		return o, invalid("client is nil")
	case slices.Contains(o.Fallback, nil):
		return o, invalid("a client in Fallback is nil")
	case o.Watcher != nil && o.Watcher.client != client:
		return o, invalid("Watcher is one of another client")
	case !prefixPattern.MatchString(o.IDPrefix):
		return o, invalid(
			"IDPrefix %q has characters other than letters, digits, - and _, or more than 220",
			o.IDPrefix,
		)
	case slices.Contains(o.Sizes, ""):
		return o, invalid("a size in Sizes is empty")
	case o.LeaseTime < time.Minute || o.LeaseTime%time.Minute != 0 || o.LeaseTime > o.MaxLeaseTime:
		return o, invalid(
			"LeaseTime %v is not in whole minutes from 1 to MaxLeaseTime, %v",
			o.LeaseTime,
			o.MaxLeaseTime,
		)
	case o.MinRemaining < 0 || o.MinRemaining >= o.MaxLeaseTime:
		return o, invalid(
			"MinRemaining %v is not between 0 and MaxLeaseTime, %v",
			o.MinRemaining,
			o.MaxLeaseTime,
		)
	case o.StartTimeout < 0:
		return o, invalid("StartTimeout %v is negative", o.StartTimeout)
	case o.IdleTimeout < 0:
		return o, invalid("IdleTimeout %v is negative", o.IdleTimeout)
	}
	return o, nil
}

// among reports whether a size is one of those wanted. The service takes sizes in any case, so it
// might show them so.
func containsSize(sizes []arr.SessionSize, size arr.SessionSize) bool {
	return slices.ContainsFunc(
		sizes,
		func(s arr.SessionSize) bool { return strings.EqualFold(string(s), string(size)) },
	)
}

// keepAlive returns how the lease of an acquired session is kept.
func (o AcquireOptions) keepAlive() KeepAliveOptions {
	return KeepAliveOptions{
		Step:         o.Step,
		Threshold:    o.Threshold,
		MaxLeaseTime: o.MaxLeaseTime,
		LookEvery:    o.LookEvery,
		Watcher:      o.Watcher,
		Progress:     o.Progress,
		Logger:       o.Logger,
	}
}
