// SPDX-License-Identifier: MIT

package emulator

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/emulator/internal/memory"
)

// Backend starts a server for each session. Give one to [Options.Backend]; without it the emulator
// invents servers: names and ports where nothing listens.
//
// An implementation can rely on this:
//
//   - Start is called once for each session that is created and finds capacity
//     ([Options.Capacity]).
//   - Stop is called once for each server, when the emulator learns that the session has ended:
//     stopped, expired, failed, or by [Emulator.Close]. It learns that at the next request after
//     the end, or when the clock is advanced.
//   - No method is called while the emulator holds a lock. So methods may call the emulator, except
//     [Emulator.Close], which waits for them.
//   - Methods are called concurrently, those of one server too, except that Status of one server
//     never runs twice at once: requests that arrive meanwhile use what was known before.
//   - If the backend has a method Close() error, [Emulator.Close] calls it after it has stopped all
//     servers, and returns its error. There a backend can wait for its servers. Start is not called
//     any more.
//   - If the backend has a method Settle(), [Clock.Advance] calls it at its end. There a backend
//     can wait for the servers that have to end.
//
// All methods must return at once, because a client's request waits for them. A panic becomes
// status 500.
type Backend interface {
	// Start begins to start a server and returns without waiting for it. Failures are reported by
	// [BackendServer.Status].
	Start(spec ServerSpec) BackendServer
}

// ServerSpec describes the server that a [Backend] is to start.
type ServerSpec struct {
	// AccountID and SessionID name the session. The session id is 1 to 256 characters of A-Z, a-z,
	// 0-9, "-" and "_" that the client chose. It is unique within account and region until the
	// session is forgotten, 30 days after its end by default.
	AccountID, SessionID string

	// Region is where the session lives.
	Region azremoterendering.Region

	// Size is the size of the server.
	Size azremoterendering.SessionSize

	// Lease is the first lease, counted from [ServerStatus.ReadyAt], in whole minutes. It may be 0
	// if [Decisions.AcceptZeroLease] is set. [BackendServer.SetLease] changes it.
	Lease time.Duration

	// Clock is the clock of the emulator. Leases and the times of [ServerStatus] follow it; it may
	// run faster than that of the system, stand still, or be advanced by hours at once. A server
	// that ends itself when its lease is over does so by [Clock.AfterFunc]. A nil one shows the
	// time of the system.
	Clock *Clock
}

// BackendServer is one server of a [Backend].
type BackendServer interface {
	// Status returns what is known of the server. It is called directly after Start, and again at
	// each request that concerns the session, until it has reported Settled or the session is over.
	Status() ServerStatus

	// SetLease changes the length of the lease, which counts from [ServerStatus.ReadyAt]. A server
	// that uses resources must end itself when its lease is over, because the emulator has no
	// timers and may look at a session long after its end. That end is no failure.
	SetLease(lease time.Duration)

	// Stop ends the server and returns without waiting for its end. The server may be starting, be
	// ready, or have ended.
	Stop()
}

// ServerStatus is what is known of a [BackendServer] at one moment.
type ServerStatus struct {
	// ReadyAt is when the server was ready, or will be; zero if that is not known yet. Once that
	// time has passed it counts, even if a later status gives another one. A time before the
	// creation of the session means the time of the creation.
	ReadyAt time.Time

	// Hostname and the ports are where a device would connect. They are shown while the session is
	// Ready.
	Hostname                        string
	HandshakePort, ArrInspectorPort int32

	// Teraflops is the computing power of the server.
	Teraflops float32

	// Failure is why the server failed, or will fail, at FailedAt; nil if no failure is known. From
	// FailedAt on, unless its lease was over before, the session is in state Error and shows
	// Failure, which must not be changed any more. A zero FailedAt means the time at which the
	// emulator learned of the failure.
	Failure  *azremoterendering.ErrorDetail
	FailedAt time.Time

	// Settled says that nothing of this will change by itself, so that the emulator need not ask
	// again.
	Settled bool
}

// backendServer is a [BackendServer] as the store knows it.
type backendServer struct{ BackendServer }

// Status is part of [memory.Server].
func (s backendServer) Status() memory.Status { return memory.Status(s.BackendServer.Status()) }

// starter returns how the store starts servers, nil for invented ones.
func starter(backend Backend, clock *Clock) func(memory.Spec) memory.Server {
	if backend == nil {
		return nil
	}
	return func(spec memory.Spec) memory.Server {
		server := backend.Start(ServerSpec{
			AccountID: spec.AccountID,
			SessionID: spec.SessionID,
			Region:    spec.Region,
			Size:      spec.Size,
			Lease:     spec.Lease,
			Clock:     clock,
		})
		if server == nil {
			return nil
		}
		return backendServer{server}
	}
}

// newSessions returns the store of sessions.
func newSessions(o Options, file *journal.Journal, clock *Clock) *memory.Store {
	return memory.New(memory.Options{
		Start:       starter(o.Backend, clock),
		Domain:      o.hostDomain(),
		Vintage:     o.Decisions.Vintage,
		StartupTime: o.StartupTime,
		Capacity:    o.Capacity,
		Retention:   o.Retention,
		KeepEnded:   o.KeepEnded,
		OnCrowded:   o.warnForgotten("sessions"),
		Journal:     file,
		Clock:       clock.inner(),
	})
}

// warnForgotten returns a function that logs that what has ended is forgotten early.
func (o Options) warnForgotten(what string) func() {
	return func() {
		o.Logger.Warn( // anyone who noticed it has nothing to do with it, so there is no context
			"what has ended is forgotten before its retention is over",
			slog.String("what", what), slog.Int("kept", o.KeepEnded),
			slog.String("advice", "raise Options.KeepEnded or --keep-ended to keep more"))
	}
}

// FixedStartup returns a value for [Options.StartupTime]: every session is Starting for d.
func FixedStartup(d time.Duration) func(azremoterendering.SessionSize) time.Duration {
	return func(azremoterendering.SessionSize) time.Duration { return d }
}

// RangeStartup returns a value for [Options.StartupTime]: every session is Starting for a random
// time between shortest and longest, both included, each as likely as any other. If longest is not
// above shortest, all take shortest.
func RangeStartup(
	shortest, longest time.Duration,
) func(azremoterendering.SessionSize) time.Duration {
	return func(azremoterendering.SessionSize) time.Duration {
		if longest <= shortest {
			return shortest
		}
		return shortest + rand.N(longest-shortest+1)
	}
}

// RecordedStartup returns a value for [Options.StartupTime]: sessions take as long as those
// recorded from the service, 8 seconds (seen in February 2022) with one chance in two, otherwise
// between 150 and 180 seconds (January and May 2021).
func RecordedStartup() func(azremoterendering.SessionSize) time.Duration {
	slow := RangeStartup(150*time.Second, 180*time.Second)
	return func(size azremoterendering.SessionSize) time.Duration {
		if rand.N(2) == 0 {
			return 8 * time.Second
		}
		return slow(size)
	}
}

// FixedCapacity returns a value for [Options.Capacity]: n sessions of each size in each region at
// once. 0 means none, and a negative n means no limit.
func FixedCapacity(n int) func(azremoterendering.Region, azremoterendering.SessionSize) int {
	return func(azremoterendering.Region, azremoterendering.SessionSize) int { return n }
}
