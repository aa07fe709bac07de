// SPDX-License-Identifier: MIT

// Package lease holds rendering sessions that are Ready, for as long as they are needed and no
// longer. It is what every program on the session API needs, and what goes wrong at the user's or
// the payer's cost: reuse or create a session, wait for it, extend its lease in time, stop it.
//
//   - [Acquire] returns a [Lease] on one session, and keeps it alive until [Lease.Release]
//   - [Pool] keeps sessions warm, and hands them out to one device after the other
//   - [KeepAlive] and [Extend] look after the lease of a session that something else created
//   - [Watcher] waits for many sessions with requests that list them, instead of one poll for each
//   - [Stop] and [StopAll] make sure that a session, or all that a program left, run no longer
//
// # What a session can cost
//
// A session is billed from Ready until it is stopped or its lease has run out. With the defaults no
// more than 30 minutes of lease are ahead at any time: a lease of 30 minutes, extended by 20 when
// 10 are left. So that is what a session costs, at most, after the program that held it has
// crashed, lost its network or its credential; one that was adopted, up to a minute more. A longer
// [AcquireOptions.LeaseTime], or Threshold and Step, means fewer requests and a higher price of a crash.
// [AcquireOptions.MaxLeaseTime] caps the whole.
//
// # Time
//
// The service gives no time at which a session became Ready, and counts whole minutes since. This
// package reckons with the earliest end of a lease that is in accord with every answer so far, on
// the local clock alone, and never with the time of creation. "Surely left" means until then.
package lease
