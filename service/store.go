// SPDX-License-Identifier: MIT

package service

import (
	"context"
	"errors"
	"time"

	"github.com/arr-go/azremoterendering"
)

// Store keeps sessions and runs what stands behind them. A [Service] asks it for facts, and derives
// the state of a session from facts and the present time, in [Facts.Session]; a store never stores
// a state. The store is the only memory of sessions: any number of services, in any number of
// processes, can share one.
//
// What a store must guarantee:
//
//   - Every method is safe for concurrent use, from several processes if the store is shared.
//   - What a method has returned without an error is visible to every later call.
//   - Sessions of different partitions are independent: each has its own ids and its own list.
//   - A session can be read until its retention is over, counted from its end. Then every method
//     answers as if it had never existed, and its id is free.
//   - Facts change only as [Facts] says. What has happened stays so: ReadyAt and FailedAt do not
//     change once they are in the past, nor does anything of a session that has ended.
//
// Ids, sizes and leases have been validated when a method is called. The context is that of the
// request: it ends when the client leaves. An error that is not one of this package's means that
// the store failed: the service logs it and answers 500, so it must contain no secret.
type Store interface {
	// Create makes a session and begins to start its server, unless the partition has a session
	// with the id, whatever its state. It returns the facts of the session that is there
	// afterwards, and whether this call created it. The service compares the facts of an existing
	// session with the request and answers 200 or 409.
	//
	// A server that cannot start, such as one for which there is no capacity, is no error: the
	// session is created, and its Failure tells why.
	Create(
		ctx context.Context, in PartitionKey, session NewSession,
	) (facts Facts, created bool, err error)

	// Get returns the facts of a session. It is [ErrNotFound] if there is none.
	Get(ctx context.Context, in PartitionKey, id string) (Facts, error)

	// Extend changes the lease of a session from one value to another, as a compare-and-set, and
	// returns the facts afterwards. It is [ErrChanged] if the present lease is not from, or if the
	// session has ended; the service then reads the session and tries again, up to 100 times. It is
	// ErrNotFound if there is no such session. The new lease may be shorter if
	// [Decisions.AcceptShorterLease] is set.
	Extend(
		ctx context.Context, in PartitionKey, id string, from, to time.Duration,
	) (Facts, error)

	// Stop ends a session as Stopped, and its server, now. It reports false if the session had
	// ended before. It is ErrNotFound if there is no such session.
	Stop(ctx context.Context, in PartitionKey, id string) (stopped bool, err error)

	// List returns sessions in a fixed order, such as that of creation: the first ones that follow
	// the query's cursor. next is the cursor to continue with, or empty if nothing follows. A walk
	// over all pages shows every session that exists throughout once, whatever is created or ends
	// meanwhile. It is [ErrBadCursor] if the cursor is not one that this store has returned.
	List(
		ctx context.Context, in PartitionKey, query ListQuery,
	) (page []Facts, next string, err error)
}

// Errors of a [Store].
var (
	// ErrNotFound means that the partition has no session with the id.
	ErrNotFound = errors.New("no such session")
	// ErrChanged means that a session changed since it was read.
	ErrChanged = errors.New("the session has changed")
	// ErrBadCursor means that a cursor is not one of the store.
	ErrBadCursor = errors.New("unknown cursor")
)

// PartitionKey names the part of a store in which a session id is unique: one account in one
// region.
type PartitionKey struct {
	AccountID string // spelled as in [Options.Accounts]
	Region    azremoterendering.Region
}

// NewSession is what a client asks for when it creates a session.
type NewSession struct {
	ID    string // 1 to 256 characters of A-Z, a-z, 0-9, "-" and "_"
	Size  azremoterendering.SessionSize
	Lease time.Duration // whole minutes, counted from Ready
}

// ListQuery selects a page of a list.
type ListQuery struct {
	After string // the cursor that the page before returned; empty for the first page
	Limit int    // the most sessions to return, at least 1
	// Ended asks for sessions that have ended, too. Without it a store may leave them out; the
	// service does so in any case.
	Ended bool
}

// Facts is what is known of a session, apart from the present time. Its state is not among them:
// [Facts.Session] derives it.
type Facts struct {
	// ID, Size, CreatedAt and FirstLease never change.
	ID         string
	Size       azremoterendering.SessionSize
	CreatedAt  time.Time
	FirstLease time.Duration

	// Lease is the present lease, in whole minutes counted from ReadyAt. [Store.Extend] changes it.
	Lease time.Duration

	// ReadyAt is when the server was ready, or will be; zero if that is not known yet. It is not
	// before CreatedAt.
	ReadyAt time.Time

	// Hostname and the ports are where a device connects. They are shown while the session is
	// Ready. Teraflops is the computing power of the server.
	Hostname                        string
	HandshakePort, ArrInspectorPort int32
	Teraflops                       float32

	// Failure is why the server failed, or will fail, at FailedAt; nil if no failure is known. From
	// FailedAt on the session is in state Error, unless its lease was over before.
	Failure  *azremoterendering.ErrorDetail
	FailedAt time.Time

	// EndedAt and EndedAs are the end of the session, once it is final: [Store.Stop] sets them. A
	// store may leave them empty for sessions that expired or failed; then the end follows from
	// ReadyAt, Lease, Failure and FailedAt, as long as those stay as they are.
	EndedAt time.Time
	EndedAs azremoterendering.SessionStatus

	// Shown, if not empty, is a state that clients see instead of Starting or Ready. It is there
	// for tests of clients that meet a state they do not know.
	Shown azremoterendering.SessionStatus
}
