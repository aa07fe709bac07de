// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// CreateSessionSettings are what a new session is asked to be.
type CreateSessionSettings struct {
	// Size is the kind of server. It is required and cannot change later.
	Size SessionSize

	// MaxLeaseTime is how long the session lives once it is Ready, unless it is stopped or extended
	// before. It is whole minutes; the service takes at most 24 hours. The session is billed until
	// it is stopped or the lease runs out, used or not.
	MaxLeaseTime time.Duration
}

// UpdateSessionSettings are what can be changed of a session.
type UpdateSessionSettings struct {
	// MaxLeaseTime is the new length of the lease: a total since the session became Ready, not an
	// extension by so much. It is whole minutes. The service wants it longer than the present one
	// and below 24 hours, so 1439 minutes at most.
	MaxLeaseTime time.Duration
}

// BeginCreateSessionOptions are the optional parameters of [SessionsClient.BeginCreate].
type BeginCreateSessionOptions struct {
	// ResumeToken makes BeginCreate return a poller for a session that was created before, from
	// [SessionPoller.ResumeToken], without sending a request. The session id must be the token's,
	// and the settings are ignored.
	ResumeToken string
}

// BeginWaitSessionOptions are the optional parameters of [SessionsClient.BeginWait]. There are none
// yet.
type BeginWaitSessionOptions struct{}

// GetSessionOptions are the optional parameters of [SessionsClient.Get]. There are none yet.
type GetSessionOptions struct{}

// UpdateSessionOptions are the optional parameters of [SessionsClient.Update]. There are none yet.
type UpdateSessionOptions struct{}

// StopSessionOptions are the optional parameters of [SessionsClient.Stop]. There are none yet.
type StopSessionOptions struct{}

// CreateSessionResponse is the session as last seen by the poller of [SessionsClient.BeginCreate]
// or [SessionsClient.BeginWait]. Like the other responses it marshals as its [Session] does,
// without the correlation vector.
type CreateSessionResponse struct {
	Session
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// GetSessionResponse is the answer to [SessionsClient.Get].
type GetSessionResponse struct {
	Session
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// UpdateSessionResponse is the answer to [SessionsClient.Update].
type UpdateSessionResponse struct {
	Session
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// StopSessionResponse is the answer to [SessionsClient.Stop].
type StopSessionResponse struct {
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// BeginCreate creates a session and returns a poller that waits for it to be Ready. The session is
// billed from Ready until it is stopped or its lease runs out; it goes on when ctx ends or the
// poller is dropped.
//   - sessionID is chosen by the caller: 1 to 256 characters of A–Z, a–z, 0–9, - and _;
//     [NewSessionID] makes one
//   - settings are size and lease
//   - options are optional parameters; nil means the defaults
//
// A session id that exists with the same settings is no error: the poller is that session's, and
// [SessionPoller.Created] is false. This makes the create safe to repeat, and it is repeated after
// a lost answer. The existing session may have ended: the poller then says so without waiting.
//
// Of the refusals, 409 is [ErrConflict]: the id is taken with other settings. If no answer came at
// all, [ErrOutcomeUnknown] holds and the session may exist. That no server of the size is free is
// not a refusal: the session ends in state Error while starting.
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
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.BeginCreate", sessionID)
	defer func() { endSpan(err) }()

	op := c.operation(opCreate, sessionID)
	resp, session, err := c.sessionAnswer(
		ctx,
		op,
		http.MethodPut,
		createBody{lease, settings.Size},
		http.StatusCreated,
		http.StatusOK,
	)
	if err != nil {
		return nil, err
	}
	return c.newPoller(sessionID, resp, session, resp.StatusCode == http.StatusCreated), nil
}

// BeginWait returns a poller that waits for a session that exists already to be Ready. It sends one
// Get; a session that does not exist is [ErrNotFound]. A session that has ended is not an error
// here: the poller says so without waiting.
//   - sessionID is the session to wait for
//   - options are optional parameters; nil means the defaults
func (c *SessionsClient) BeginWait(
	ctx context.Context,
	sessionID string,
	options *BeginWaitSessionOptions,
) (poller *SessionPoller, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return nil, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.BeginWait", sessionID)
	defer func() { endSpan(err) }()

	resp, session, err := c.get(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return c.newPoller(sessionID, resp, session, false), nil
}

// Get returns what the service knows of a session. Ended sessions stay known for 30 days; after
// that, and for unknown ids, the error is [ErrNotFound].
//   - sessionID is the session to look up
//   - options are optional parameters; nil means the defaults
func (c *SessionsClient) Get(
	ctx context.Context,
	sessionID string,
	options *GetSessionOptions,
) (result GetSessionResponse, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return GetSessionResponse{}, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.Get", sessionID)
	defer func() { endSpan(err) }()

	resp, session, err := c.get(ctx, sessionID)
	if err != nil {
		return GetSessionResponse{}, err
	}
	return GetSessionResponse{Session: session, CorrelationVector: correlationVector(resp)}, nil
}

// Update sets the length of a session's lease, also while it is Starting.
//   - sessionID is the session whose lease is to grow
//   - settings hold the new total length
//   - options are optional parameters; nil means the defaults
//
// [ErrLeaseNotExtended] means that the service refused the length, or that the session has ended:
// nothing revives it. The request is repeated after a lost answer. The repeat of one that took
// effect would be refused, for the lease is then no longer than asked; so Update looks the session
// up in that case, and a session that lives with the lease asked for is success. If no answer came
// at all, [ErrOutcomeUnknown] holds.
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
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.Update", sessionID)
	defer func() { endSpan(err) }()

	op := c.operation(opUpdate, sessionID)
	resp, session, err := c.sessionAnswer(
		ctx,
		op,
		http.MethodPatch,
		updateBody{lease},
		http.StatusOK,
	)
	refusedInDoubt := errors.Is(err, ErrLeaseNotExtended) && op.tries.repeatedInDoubt()
	if refusedInDoubt || err != nil && op.tries.unreadable {
		return c.confirmUpdate(ctx, op, settings, err)
	}
	if err != nil {
		return UpdateSessionResponse{}, err
	}
	return UpdateSessionResponse{Session: session, CorrelationVector: correlationVector(resp)}, nil
}

// confirmUpdate looks up whether an update took effect that was refused only when repeated, or
// whose answer cannot be read.
func (c *SessionsClient) confirmUpdate(
	ctx context.Context,
	op operation,
	settings UpdateSessionSettings,
	failure error,
) (UpdateSessionResponse, error) {
	resp, session, err := c.get(ctx, op.sessionID)
	switch {
	case errors.Is(err, ErrNotFound):
		return UpdateSessionResponse{}, err
	case err != nil:
		op.tries.lost = true // nothing is known, not even from the refusal: it was that of a repeat
		return UpdateSessionResponse{}, newCallError(op, fmt.Errorf("%v; then %w", failure, err))
	case session.Status.Ended() || session.MaxLeaseTime != settings.MaxLeaseTime:
		return UpdateSessionResponse{}, failure
	default:
		return UpdateSessionResponse{
			Session:           session,
			CorrelationVector: correlationVector(resp),
		}, nil
	}
}

// Stop ends a session, and its billing, at once. A connected device is cut off. It cannot be
// undone. Stopping a session that has ended already is success.
//   - sessionID is the session to stop
//   - options are optional parameters; nil means the defaults
//
// An unknown id is [ErrNotFound]. If no answer came at all, [ErrOutcomeUnknown] holds and the
// session may still run: stop it again. A program that stops a session because its own context has
// ended should pass [context.WithoutCancel] of it, with a timeout.
func (c *SessionsClient) Stop(
	ctx context.Context,
	sessionID string,
	options *StopSessionOptions,
) (result StopSessionResponse, err error) {
	if err := checkSessionID(sessionID); err != nil {
		return StopSessionResponse{}, err
	}
	ctx, endSpan := c.startSpan(ctx, "SessionsClient.Stop", sessionID)
	defer func() { endSpan(err) }()

	// A slash stands before the colon, unlike in other custom verbs.
	resp, err := c.send(
		ctx,
		c.operation(opStop, sessionID),
		http.MethodPost,
		c.sessionURL(sessionID)+"/:stop",
		nil,
		http.StatusNoContent,
	)
	if err != nil {
		return StopSessionResponse{}, err
	}
	return StopSessionResponse{CorrelationVector: correlationVector(resp)}, nil
}

// get is Get without checks and span.
func (c *SessionsClient) get(
	ctx context.Context,
	sessionID string,
) (*http.Response, Session, error) {
	return c.sessionAnswer(ctx, c.operation(opGet, sessionID), http.MethodGet, nil, http.StatusOK)
}

// sessionAnswer sends a request about one session and reads the session that the answer holds.
func (c *SessionsClient) sessionAnswer(
	ctx context.Context,
	op operation,
	method string,
	body any,
	want ...int,
) (*http.Response, Session, error) {
	resp, err := c.send(ctx, op, method, c.sessionURL(op.sessionID), body, want...)
	if err != nil {
		return nil, Session{}, err
	}
	session, err := decodeSession(resp)
	if err != nil {
		return nil, Session{}, unreadable(op, resp, err)
	}
	return resp, session, nil
}

// sessionURL needs no escaping: the characters of checked ids stand for themselves.
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

// decodeSession reads the session that an answer must hold.
func decodeSession(resp *http.Response) (session Session, err error) {
	data, err := runtime.Payload(resp)
	if err != nil {
		return Session{}, err
	}
	// not json.Unmarshal, which would read the text twice
	if err := session.UnmarshalJSON(data); err != nil {
		return Session{}, err
	}
	if session.ID == "" || session.Status == "" {
		return Session{}, errors.New("id or status is missing")
	}
	return session, nil
}
