// SPDX-License-Identifier: MIT

// Package lease holds rendering sessions that are Ready, for as long as they are needed and no
// longer: it reuses or creates a session, waits until it is Ready, extends its lease in time, and
// stops it.
//
//   - [Acquire] returns a [Lease] on one session and keeps it alive until [Lease.Release]
//   - [Pool] keeps sessions warm and hands them out to one device after another
//   - [KeepAlive] and [Extend] extend the lease of a session that something else created
//   - [Watcher] waits for many sessions by listing them, instead of polling each
//   - [Stop] and [StopAll] stop one session, or all that a program has left running
//
// An account in several regions is an [*arr.RegionsClient]: see [Regions]. A region that fails or
// hangs hides no session of the others.
//
// # What a session can cost
//
// A session is billed from Ready until it is stopped or its lease ends. With the defaults, a lease
// has never more than 30 minutes left: it is 30 minutes at first, and is extended by 20 when 10 are
// left. So 30 minutes is the most that a session costs after its program has crashed, or has lost
// its network or its credential; an adopted session may cost a minute more. A longer
// [AcquireOptions.LeaseTime], or Threshold and Step, means fewer requests and a more expensive
// crash. [AcquireOptions.MaxLeaseTime] caps the total.
//
// # Time
//
// The service does not report when a session became Ready; it counts whole minutes since. This
// package derives the earliest and the latest possible end of a lease from all answers so far, by
// the local clock alone. A lease is extended and given up by its earliest possible end. What is
// left until then is called guaranteed.
//
// A machine can be suspended, and its wall clock can be set. What keeps or watches sessions
// compares the wall clock with the monotonic one every ten seconds, which takes about a
// microsecond. If the wall clock got ahead, nothing counts as guaranteed until the service has
// shown the session again, and it is asked at once. Nothing is given up by the wall clock, and
// setting it back changes nothing.
//
// # Tracing
//
// With ClientOptions.TracingProvider of the client, this package makes spans too. lease.Acquire, or
// lease.Pool.Create for a session of a pool, covers the creation until Ready; requests that extend
// or look up the session later, and lease.Stop, are its children, even hours after it has ended. A
// lease.Pool.Acquire is a child of the span in its own context. Attributes are
// az.remoterendering.session_id and, on lease.Pool.Acquire, az.remoterendering.creation: its value
// has a method LinkedContext() context.Context that leads to the span of the creation, and its text
// is the session id. No attribute contains a key or a token. Lists of a [Watcher] are traces of
// their own.
package lease
