// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// BeginCreate creates a session and returns a poller that waits until it is Ready. The session is
// billed from Ready until it is stopped or its lease ends, even if ctx ends or the poller is
// dropped.
//   - sessionID is chosen by the caller: 1 to 256 characters of A–Z, a–z, 0–9, - and _;
//     [NewSessionID] returns one
//   - settings contains the size and the lease
//   - options contains optional parameters; nil means the defaults
//
// If a session with the same id and settings exists, BeginCreate returns a poller for it, and
// [SessionPoller.Created] is false. So a create can be repeated, and the client does so if an
// answer is lost. The existing session may have ended; the poller then says so without waiting.
//
// A session with the same id and other settings is [ErrConflict]. If there was no answer,
// [ErrOutcomeUnknown] holds and the session may exist. If no server of the size is available, the
// session ends in state Error while starting; BeginCreate itself succeeds.
func (c *SessionsClient) BeginCreate(
	ctx context.Context,
	sessionID string,
	settings CreateSessionSettings,
	options *BeginCreateSessionOptions,
) (poller *SessionPoller, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return nil, err
	}
	if options != nil && options.ResumeToken != "" {
		return c.resume(sessionID, options.ResumeToken)
	}
	if settings.Size == "" {
		return nil, invalid("Size", "", "is empty; choose Standard or Premium")
	}
	lease, err := leaseMinutes(settings.MaxLeaseTime)
	if err != nil {
		return nil, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.BeginCreate", kindSession, sessionID)
	defer func() { endSpan(err) }()

	op := c.operation(opCreate, sessionID)
	body := createBody{lease, settings.Size}
	resp, session, err := c.sessionAnswer(
		ctx, op, http.MethodPut, body, http.StatusCreated, http.StatusOK)
	if err != nil {
		return nil, err
	}
	poller = c.newPoller(sessionID, resp, session)
	poller.created = resp.StatusCode == http.StatusCreated
	return poller, nil
}

// BeginWait returns a poller that waits until an existing session is Ready. It sends one Get. A
// session that has ended is not an error here; the poller says so without waiting.
//   - sessionID is the session to wait for
//   - options contains optional parameters; nil means the defaults
//
// The error is as from [SessionsClient.Get]. A session that does not exist is [ErrNotFound].
func (c *SessionsClient) BeginWait(
	ctx context.Context,
	sessionID string,
	options *BeginWaitSessionOptions,
) (poller *SessionPoller, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return nil, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.BeginWait", kindSession, sessionID)
	defer func() { endSpan(err) }()

	resp, session, err := c.get(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return c.newPoller(sessionID, resp, session), nil
}

// Get returns a session. The service keeps ended sessions for 30 days.
//   - sessionID is the session to get
//   - options contains optional parameters; nil means the defaults
//
// A session that does not exist, or is no longer kept, is [ErrNotFound].
func (c *SessionsClient) Get(
	ctx context.Context,
	sessionID string,
	options *GetSessionOptions,
) (result GetSessionResponse, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return GetSessionResponse{}, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.Get", kindSession, sessionID)
	defer func() { endSpan(err) }()

	resp, session, err := c.get(ctx, sessionID)
	if err != nil {
		return GetSessionResponse{}, err
	}
	return GetSessionResponse{session, transport.CorrelationVector(resp)}, nil
}

// Update sets the length of a session's lease. The session may be Starting or Ready.
//   - sessionID is the session to extend
//   - settings contains the new total length
//   - options contains optional parameters; nil means the defaults
//
// [ErrLeaseNotExtended] means that the service refused the length, or that the session has ended.
// The client retries a lost answer. If the earlier try took effect, the service refuses the retry,
// because the lease is then no longer than requested. So Update gets the session in that case, and
// succeeds if it has the requested lease and has not ended. If there was no answer,
// [ErrOutcomeUnknown] holds.
func (c *SessionsClient) Update(
	ctx context.Context,
	sessionID string,
	settings UpdateSessionSettings,
	options *UpdateSessionOptions,
) (result UpdateSessionResponse, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return UpdateSessionResponse{}, err
	}
	lease, err := leaseMinutes(settings.MaxLeaseTime)
	if err != nil {
		return UpdateSessionResponse{}, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.Update", kindSession, sessionID)
	defer func() { endSpan(err) }()

	op := c.operation(opUpdate, sessionID)
	resp, session, err := c.sessionAnswer(
		ctx, op, http.MethodPatch, updateBody{lease}, http.StatusOK)
	refusedInDoubt := errors.Is(err, ErrLeaseNotExtended) && op.tries.RepeatedInDoubt()
	if refusedInDoubt || err != nil && op.tries.Unreadable() {
		return c.confirmUpdate(ctx, op, settings, err)
	}
	if err != nil {
		return UpdateSessionResponse{}, err
	}
	return UpdateSessionResponse{session, transport.CorrelationVector(resp)}, nil
}

// confirmUpdate finds out whether an update took effect although a retry of it was refused, or its
// answer is unreadable.
func (c *SessionsClient) confirmUpdate(
	ctx context.Context,
	op operation,
	settings UpdateSessionSettings,
	failure error,
) (UpdateSessionResponse, error) {
	resp, session, err := c.get(ctx, op.id)
	switch {
	case errors.Is(err, ErrNotFound):
		return UpdateSessionResponse{}, err
	case err != nil:
		op.tries.SetLost() // not even the refusal tells anything: it was that of a retry
		//nolint:errorlint // callers are to match the later failure, and not the refusal
		return UpdateSessionResponse{}, newCallError(op, fmt.Errorf("%v; then %w", failure, err))
	case session.Status.Ended() || session.MaxLeaseTime != settings.MaxLeaseTime:
		return UpdateSessionResponse{}, failure
	default:
		return UpdateSessionResponse{session, transport.CorrelationVector(resp)}, nil
	}
}

// Stop ends a session and its billing at once. It disconnects a connected device, and cannot be
// undone. Stopping an ended session succeeds.
//   - sessionID is the session to stop
//   - options contains optional parameters; nil means the defaults
//
// A session that does not exist is [ErrNotFound]. If there was no answer, [ErrOutcomeUnknown] holds
// and the session may still run: stop it again. To stop a session after the program's own context
// has ended, pass [context.WithoutCancel] of it, with a timeout.
func (c *SessionsClient) Stop(
	ctx context.Context,
	sessionID string,
	options *StopSessionOptions,
) (result StopSessionResponse, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return StopSessionResponse{}, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.Stop", kindSession, sessionID)
	defer func() { endSpan(err) }()

	// Unlike other custom verbs, this one has a slash in front of the colon.
	address := c.sessionURL(sessionID) + "/:stop"
	op := c.operation(opStop, sessionID)
	resp, err := c.send(ctx, op, http.MethodPost, address, nil, http.StatusNoContent)
	if err != nil {
		return StopSessionResponse{}, err
	}
	return StopSessionResponse{transport.CorrelationVector(resp)}, nil
}

// NewListPager returns a pager over the sessions of the account in the region of the endpoint. The
// hosted service listed sessions that are Starting or Ready, but its documentation contradicts
// itself: check [Session.Status]. NewListPager sends no request; NextPage does.
//   - options contains optional parameters; nil means the defaults
//
// The address of the next page must have the scheme, host, port and account of the client, and must
// be new, so that the access token goes nowhere else. Any other address ends the paging with an
// error before a request is sent.
//
// A pager is not safe for concurrent use. It ends at the first error.
func (c *SessionsClient) NewListPager(
	options *ListSessionsOptions,
) *runtime.Pager[ListSessionsResponse] {
	nextLink := func(page ListSessionsResponse) string { return page.NextLink }
	return newPager(
		c.serviceClient, "SessionsClient.NewListPager", "sessions", opList, nextLink, c.listPage)
}

// All returns an iterator over the sessions that [SessionsClient.NewListPager] returns. An error is
// the last value, with a zero Session. The loop can be left at any time.
//   - options contains optional parameters; nil means the defaults
func (c *SessionsClient) All(
	ctx context.Context,
	options *ListSessionsOptions,
) iter.Seq2[Session, error] {
	newPager := func() *runtime.Pager[ListSessionsResponse] { return c.NewListPager(options) }
	return all(ctx, newPager, func(page ListSessionsResponse) []Session { return page.Sessions })
}

func (c *SessionsClient) listPage(
	ctx context.Context,
	op operation,
	address string,
) (ListSessionsResponse, error) {
	resp, data, err := c.page(ctx, op, address)
	if err != nil {
		return ListSessionsResponse{}, err
	}
	page, unread, err := wire.ReadPage(data)
	if err != nil {
		return ListSessionsResponse{}, newUnreadableError(op, resp, err)
	}
	c.unread.Log(resp, unread)
	sessions := make([]Session, len(page.Sessions))
	for i := range page.Sessions {
		sessions[i] = newSession(&page.Sessions[i])
	}
	return ListSessionsResponse{
		Sessions:          sessions,
		NextLink:          page.NextLink,
		CorrelationVector: transport.CorrelationVector(resp),
	}, nil
}

// get is Get without checks and span.
func (c *SessionsClient) get(
	ctx context.Context,
	sessionID string,
) (*http.Response, Session, error) {
	return c.sessionAnswer(ctx, c.operation(opGet, sessionID), http.MethodGet, nil, http.StatusOK)
}

// sessionAnswer sends a request about one session and decodes the session in the answer.
func (c *SessionsClient) sessionAnswer(
	ctx context.Context,
	op operation,
	method string,
	body any,
	want ...int,
) (*http.Response, Session, error) {
	resp, err := c.send(ctx, op, method, c.sessionURL(op.id), body, want...)
	if err != nil {
		return nil, Session{}, err
	}
	session, err := c.readSession(resp, op.id)
	if err != nil {
		return nil, Session{}, newUnreadableError(op, resp, err)
	}
	return resp, session, nil
}

// sessionURL needs no escaping, because the characters of a valid id stand for themselves.
func (c *SessionsClient) sessionURL(sessionID string) string {
	return c.account + "/sessions/" + sessionID
}

type createBody struct {
	MaxLeaseTimeMinutes int32       `json:"maxLeaseTimeMinutes"`
	Size                SessionSize `json:"size"`
}

type updateBody struct {
	MaxLeaseTimeMinutes int32 `json:"maxLeaseTimeMinutes"`
}

// readSession reads the session in an answer. It must be the one that the request is about.
func (c *SessionsClient) readSession(resp *http.Response, sessionID string) (Session, error) {
	data, err := runtime.Payload(resp)
	if err != nil {
		return Session{}, err
	}
	session, unread, err := wire.ReadSession(data)
	if err == nil {
		err = checkIdentity(kindSession, session.ID, session.Status, sessionID)
	}
	if err != nil {
		return Session{}, err
	}
	c.unread.Log(resp, unread)
	return newSession(&session), nil
}

func checkSessionID(id string) error { return checkID("sessionID", id) }

// checkID checks the id of a session or a conversion. name is the argument that it came from.
func checkID(name, id string) error {
	reason := naming.CheckID(id)
	if reason == "" {
		return nil
	}
	if len(id) > naming.MaxIDLength {
		id = "" // too long to show
	}
	return invalid(name, id, reason)
}

// leaseMinutes returns the lease as the service expects it. The service itself refuses what is too
// short or too long.
func leaseMinutes(lease time.Duration) (int32, error) {
	if lease%time.Minute != 0 {
		return 0, invalid("MaxLeaseTime", lease.String(), "is not a whole number of minutes")
	}
	return minutes(lease), nil
}
