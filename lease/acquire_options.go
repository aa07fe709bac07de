// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// defaultStartTimeout is the default limit for Starting. Sessions of the hosted service were seen
// to take up to three minutes.
const defaultStartTimeout = 10 * time.Minute

// longestPrefix leaves room for the UUID that follows the prefix of a session id.
const longestPrefix = naming.MaxIDLength - 36

// AcquireOptions are the optional parameters of [Acquire]. The zero value means a new Standard
// session whose lease is extended by 20 minutes whenever 10 are left.
//
// The defaults bound what a forgotten session costs. After its program has crashed or was cut off,
// a session is billed for 30 minutes at most: for the longest of LeaseTime, MinRemaining, and
// Threshold and Step together. An adopted session may cost a minute more, because the service
// counts whole minutes.
type AcquireOptions struct {
	// SessionID names a session from an earlier run. Acquire adopts it if it is Starting or Ready,
	// has one of Sizes, and can have MinRemaining left of its lease. Otherwise Acquire creates a
	// session with a new id and does not stop the one named. Acquire never stops an adopted session
	// when it fails; the lease then treats it like a new one. Two leases may adopt the same
	// session: the first to be released stops it for both.
	SessionID string

	// IDPrefix begins the ids of new sessions; a random UUID follows. A prefix of its own lets a
	// program find all its sessions: see [StopAll]. It consists of letters, digits, hyphens and
	// underscores, 220 at most.
	IDPrefix string

	// Sizes are the acceptable sizes, in order of preference. The next is tried when there is no
	// server of the one before. The default is Standard.
	Sizes []arr.SessionSize

	// LeaseTime is the first lease of a new session, in whole minutes, at most [LongestLease]. The
	// default is [DefaultLeaseTime], or MaxLeaseTime if that is shorter.
	LeaseTime time.Duration

	// Step is the time by which the lease is extended, in whole minutes. The default is
	// [DefaultStep].
	Step time.Duration

	// Threshold is the guaranteed time left at which the lease is extended. The session survives
	// outages of the service up to this long. The default is [DefaultThreshold].
	Threshold time.Duration

	// MaxLeaseTime caps the total of the lease since Ready, in whole minutes. The default, and the
	// maximum, is [LongestLease]: no session of the service lives longer than a day.
	MaxLeaseTime time.Duration

	// MinRemaining is the guaranteed time left of the lease when [Acquire] returns. The lease is
	// extended if needed. The default is Threshold, or LeaseTime less a minute if that is shorter.
	MinRemaining time.Duration

	// StartTimeout is how long a session may take to become Ready before another size or region is
	// tried. The default is 10 minutes.
	StartTimeout time.Duration

	// IdleTimeout ends the lease with [ErrIdle] and stops the session when [Lease.Touch] was not
	// called for this long. The service does not report whether a device is connected, so this is
	// the only way to notice that one has left. Time in which the program was suspended, and so
	// could not call Touch, does not count. The default, 0, means never.
	IdleTimeout time.Duration

	// LookEvery is the time between two checks that the session still runs. The default is one
	// minute. It is ignored while a Watcher works.
	LookEvery time.Duration

	// Watcher, if not nil, observes the sessions of its regions in place of checks. It must watch
	// at least one of the clients that [Acquire] gets.
	Watcher *Watcher

	// Progress, if not nil, is called with the session after each answer that shows it while
	// [Acquire] waits, and never after Acquire has returned.
	Progress func(arr.Session)

	// Observe, if not nil, is called with each [Event], from several goroutines at once. It runs in
	// the goroutines that keep sessions alive, so it must return soon.
	Observe func(Event)

	// Logger receives sessions created, adopted and stopped at level Info, extensions at level
	// Debug, and failures at level Warn. The default, nil, discards them.
	Logger *slog.Logger

	clock wait.Clock // that of the system, except in tests
}

func (o AcquireOptions) withDefaults(clients []*arr.SessionsClient) (AcquireOptions, error) {
	keepAlive, err := o.keepAlive().withDefaults()
	if err != nil {
		return o, err
	}
	o.Step, o.Threshold = keepAlive.Step, keepAlive.Threshold
	o.MaxLeaseTime, o.Logger = keepAlive.MaxLeaseTime, keepAlive.Logger
	o.LeaseTime = cmp.Or(o.LeaseTime, min(DefaultLeaseTime, o.MaxLeaseTime))
	o.MinRemaining = cmp.Or(o.MinRemaining, min(o.Threshold, o.LeaseTime-time.Minute))
	o.StartTimeout = cmp.Or(o.StartTimeout, defaultStartTimeout)
	o.LookEvery = cmp.Or(o.LookEvery, defaultLookEvery)
	if len(o.Sizes) == 0 {
		o.Sizes = []arr.SessionSize{arr.SessionSizeStandard}
	}
	switch {
	case o.Watcher != nil && !slices.ContainsFunc(clients, o.Watcher.watches):
		return o, invalid("Watcher", nil, "watches none of the clients")
	case slices.Contains(o.Sizes, ""):
		return o, invalid("Sizes", nil, "contains an empty size")
	}
	return o, o.checkValues()
}

// checkValues refuses values that are out of range.
func (o AcquireOptions) checkValues() error {
	switch {
	case !naming.OnlyIDCharacters(o.IDPrefix):
		return invalid("IDPrefix", o.IDPrefix,
			"has a character that is not allowed; use A–Z, a–z, 0–9, - and _")
	case len(o.IDPrefix) > longestPrefix:
		return invalid("IDPrefix", o.IDPrefix, fmt.Sprintf(
			"has %d characters; at most %d are allowed", len(o.IDPrefix), longestPrefix))
	case !wholeMinutes(o.LeaseTime) || o.LeaseTime > o.MaxLeaseTime:
		return invalid("LeaseTime", o.LeaseTime, fmt.Sprintf(
			"is not in whole minutes from 1 to %d, the longest lease allowed",
			o.MaxLeaseTime/time.Minute))
	case o.MinRemaining < 0 || o.MinRemaining >= o.MaxLeaseTime:
		return invalid("MinRemaining", o.MinRemaining, fmt.Sprintf(
			"is not from 0 to less than %v, the longest lease allowed", o.MaxLeaseTime))
	case o.StartTimeout < 0:
		return invalid("StartTimeout", o.StartTimeout, "is negative")
	case o.IdleTimeout < 0:
		return invalid("IdleTimeout", o.IdleTimeout, "is negative")
	}
	return nil
}

// containsSize reports whether a size is one of sizes. The service takes sizes in any case, so it
// might also show them in any.
func containsSize(sizes []arr.SessionSize, size arr.SessionSize) bool {
	return slices.ContainsFunc(sizes, func(s arr.SessionSize) bool {
		return strings.EqualFold(string(s), string(size))
	})
}

// keepAlive returns the options for keeping an acquired session alive.
func (o AcquireOptions) keepAlive() KeepAliveOptions {
	return KeepAliveOptions{
		Step:         o.Step,
		Threshold:    o.Threshold,
		MaxLeaseTime: o.MaxLeaseTime,
		LookEvery:    o.LookEvery,
		Watcher:      o.Watcher,
		Progress:     o.Progress,
		Observe:      o.Observe,
		Logger:       o.Logger,
		clock:        o.clock,
	}
}
