// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/internal/advice"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// The default intervals between polls. Those for sessions were recommended by the team of the
// service, after its own clients had been throttled. That for conversions is the one of the clients
// in other languages.
const (
	standardInterval   = 2 * time.Second
	otherInterval      = 10 * time.Second
	conversionInterval = 10 * time.Second
)

// SessionPoller waits until a session is Ready. [SessionsClient.BeginCreate] and
// [SessionsClient.BeginWait] return one. Dropping the poller, or ending the context of one of its
// methods, ends the wait but never the session. A SessionPoller is not safe for concurrent use.
type SessionPoller struct {
	polling
	client *SessionsClient
	last   CreateSessionResponse
}

// polling is what the pollers of sessions and of conversions have in common: all but what the
// answers say.
type polling struct {
	service *serviceClient
	kind    kind
	id      string
	created bool

	response *http.Response
	answered time.Time     // when response arrived; zero after a resume, before the first answer
	askedFor time.Duration // the Retry-After of response
}

// PollUntilDoneOptions contains the optional parameters of [SessionPoller.PollUntilDone].
type PollUntilDoneOptions struct {
	// Frequency is the time between two polls. The default, 0, is 2 seconds for Standard and 10
	// seconds for other sizes, each with a jitter of 10 %.
	Frequency time.Duration

	// Progress, if non-nil, is called with the session as it is known at the start, and after every
	// poll that succeeds.
	Progress func(Session)
}

func (c *SessionsClient) newPoller(
	sessionID string,
	resp *http.Response,
	session Session,
) *SessionPoller {
	p := &SessionPoller{
		polling: polling{service: c.serviceClient, kind: kindSession, id: sessionID},
		client:  c,
	}
	p.record(resp, session)
	return p
}

func (p *SessionPoller) record(resp *http.Response, session Session) {
	p.last = CreateSessionResponse{session, transport.CorrelationVector(resp)}
	p.recordAnswer(resp)
}

func (p *polling) recordAnswer(resp *http.Response) {
	p.response = transport.WithoutAuthorization(resp)
	p.answered = time.Now()
	p.askedFor = transport.RetryAfter(resp.Header, p.answered)
}

// Session returns the session of the last answer. After a resume and before the first poll, only
// its ID is set.
func (p *SessionPoller) Session() Session { return p.last.Session }

// Created reports whether the service answered the create with 201, that is, whether the session is
// new. It is false if the session existed before, if the answer to the create was lost and a retry
// found the session, and for pollers that did not create one.
func (p *SessionPoller) Created() bool { return p.created }

// Done reports whether the session was Ready or had ended at the last answer. It sends no request.
func (p *SessionPoller) Done() bool {
	return p.last.Status == SessionStatusReady || p.last.Status.Ended()
}

// Result returns the session when [SessionPoller.Done] holds. If the session has ended, it returns
// a [*SessionEndedError]. If Done does not hold, it returns another error. It sends no request. ctx
// is unused; it matches azcore's Poller.
func (p *SessionPoller) Result(ctx context.Context) (CreateSessionResponse, error) {
	switch {
	case p.last.Status == SessionStatusReady:
		return p.last, nil
	case p.last.Status.Ended():
		return CreateSessionResponse{}, &SessionEndedError{
			Session:           p.last.Session,
			CorrelationVector: p.last.CorrelationVector,
		}
	default:
		return CreateSessionResponse{}, p.noResult(p.lastSeen())
	}
}

// Poll gets the session once, unless [SessionPoller.Done] holds. It returns the answer without the
// Authorization header of its request. A failure is returned as by [SessionsClient.Get] and leaves
// the poller unchanged: polling can go on. A session that has ended is not an error of Poll, but of
// [SessionPoller.Result].
func (p *SessionPoller) Poll(ctx context.Context) (resp *http.Response, err error) {
	if p.Done() {
		return p.response, nil
	}
	ctx, endSpan := p.service.startSpan(ctx, "SessionPoller.Poll", p.kind, p.id)
	defer func() { endSpan(err) }()

	answer, session, err := p.client.get(ctx, p.id)
	if err != nil {
		return nil, err
	}
	p.record(answer, session)
	return p.response, nil
}

// PollUntilDone polls until the session is Ready, and returns it.
//   - ctx ends the wait, not the session. If it has a deadline, the last poll is a second before it
//   - options contains optional parameters; nil means the defaults
//
// The first poll is one interval after the last answer, or at once if there was none. A Retry-After
// of the service replaces the interval. In states that this package does not know, the poller goes
// on.
//
// If the session has ended, the error is a [*SessionEndedError]. Throttling, 408, 5xx and failures
// of the network are retried until there has been no good answer for five minutes, or the service
// asks to wait longer than that. So is 404 in the first 30 seconds after BeginCreate: a part of the
// service may lag behind. Other failures are returned at once, as by [SessionsClient.Get]. After
// any error but SessionEndedError, the poller can be used again.
//
// When the machine was suspended, the next poll comes within ten seconds of its return.
func (p *SessionPoller) PollUntilDone(
	ctx context.Context,
	options *PollUntilDoneOptions,
) (result CreateSessionResponse, err error) {
	if options == nil {
		options = &PollUntilDoneOptions{}
	}
	if options.Frequency < 0 {
		return CreateSessionResponse{}, invalid("Frequency", options.Frequency.String(), "is negative")
	}
	ctx, endSpan := p.service.startSpan(ctx, "SessionPoller.PollUntilDone", p.kind, p.id)
	defer func() { endSpan(err) }()

	if !p.answered.IsZero() {
		options.report(p.Session())
	}
	loop := p.loop(p.Poll)
	loop.Done = p.Done
	loop.Seen = func() { options.report(p.Session()) }
	loop.Interval = func() time.Duration { return p.interval(options.Frequency) }
	if err := loop.Run(ctx); err != nil {
		return CreateSessionResponse{}, p.interrupted(err, p.lastSeen(), advice.SessionGoesOn)
	}
	return p.Result(ctx)
}

// loop returns the loop of a wait, without what depends on what the answers say.
func (p *polling) loop(poll func(context.Context) (*http.Response, error)) *wait.Loop {
	return &wait.Loop{
		Answered: p.answered,
		Look:     func(ctx context.Context) error { _, err := poll(ctx); return err },
		RetryAfter: func(failure error) time.Duration {
			if failure == nil {
				return p.askedFor
			}
			return RetryAfter(failure)
		},
		Transient: p.isTransient,
	}
}

func (o *PollUntilDoneOptions) report(session Session) {
	if o.Progress != nil {
		o.Progress(session)
	}
}

// interval returns the time until the next poll, unless the service asks for another.
func (p *SessionPoller) interval(frequency time.Duration) time.Duration {
	if frequency > 0 {
		return frequency
	}
	interval := otherInterval
	if p.last.Size == SessionSizeStandard {
		interval = standardInterval
	}
	return jittered(interval)
}

// jittered keeps what was created together from being polled together.
func jittered(interval time.Duration) time.Duration {
	return interval*9/10 + rand.N(interval/5+1)
}

// isTransient reports whether to poll again after a failure.
func (p *polling) isTransient(failure error) bool {
	if is[*transport.UnknownHostError](failure) {
		// The host has answered before, so it exists. This machine has lost its network.
		return !p.answered.IsZero()
	}
	return IsTransient(failure)
}

// interrupted makes the error of a wait from the error of its loop.
func (p *polling) interrupted(err error, lastSeen, goesOn string) error {
	interruption, ok := errors.AsType[*wait.InterruptedError](err)
	if !ok {
		return err
	}
	what := fmt.Errorf(
		"waiting for %s %q, last seen %s: %w", p.kind, p.id, lastSeen, interruption.Cause)
	if failure := interruption.LastFailure; failure != nil && !errors.Is(failure, interruption.Cause) {
		what = fmt.Errorf("%w; the last poll failed: %w", what, failure)
	}
	return &waitError{what, goesOn}
}

// waitError is a wait that ended before what it waits for.
type waitError struct {
	error
	goesOn string
}

func (e *waitError) Error() string { return e.error.Error() + "; " + e.Advice() }
func (e *waitError) Unwrap() error { return e.error }

// Advice says what happens to the session or conversion: the last part of the text of the error,
// after "; ".
func (e *waitError) Advice() string { return e.goesOn }

func (p *SessionPoller) lastSeen() string { return p.seen(string(p.last.Status)) }

func (p *polling) seen(status string) string {
	if p.answered.IsZero() {
		return "never"
	}
	return text.OneLine(status)
}

// ResumeToken returns a text with which [SessionsClient.BeginCreate] returns a poller for the same
// session, for example in another process. It contains the session id, the account id and the host,
// and no secret. It fails if [SessionPoller.Done] holds.
func (p *SessionPoller) ResumeToken() (string, error) {
	if p.Done() {
		return "", p.nothingToResume(p.lastSeen())
	}
	return p.resumeToken()
}

func (p *polling) noResult(lastSeen string) error {
	return fmt.Errorf(
		"azremoterendering: there is no result yet: %s %q was last seen %s", p.kind, p.id, lastSeen)
}

func (p *polling) nothingToResume(lastSeen string) error {
	return fmt.Errorf(
		"azremoterendering: %s %q is %s: there is nothing left to resume", p.kind, p.id, lastSeen)
}

// resume returns the poller that a resume token stands for.
func (c *SessionsClient) resume(sessionID, token string) (*SessionPoller, error) {
	polling, err := c.resumed(kindSession, sessionID, token)
	if err != nil {
		return nil, err
	}
	last := CreateSessionResponse{Session: Session{ID: sessionID}}
	return &SessionPoller{polling: polling, client: c, last: last}, nil
}

// resumeToken contains names and no addresses, so that anyone who can change a token cannot make
// the client send its access token elsewhere. It has one of the two ids.
type resumeToken struct {
	SessionID    string `json:"sessionID,omitempty"`
	ConversionID string `json:"conversionID,omitempty"`
	AccountID    string `json:"accountID"`
	Host         string `json:"host"`
}

// id returns the id of a kind.
func (t *resumeToken) id(kind kind) *string {
	if kind == kindConversion {
		return &t.ConversionID
	}
	return &t.SessionID
}

func (p *polling) resumeToken() (string, error) {
	token := resumeToken{AccountID: p.service.accountID, Host: p.service.endpoint.Host}
	*token.id(p.kind) = p.id
	data, err := json.Marshal(token)
	return string(data), err
}

// resumed returns what a poller is from a resume token.
func (c *serviceClient) resumed(kind kind, id, token string) (polling, error) {
	parsed, err := parseResumeToken(kind, token)
	var reason string
	switch {
	case err != nil:
		reason = fmt.Sprintf("is not one that a poller returned: %v", err)
	case *parsed.id(kind) != id:
		reason = fmt.Sprintf("is for %s %s, not %q", kind, text.Shown(*parsed.id(kind)), id)
	case !strings.EqualFold(parsed.AccountID, c.accountID):
		reason = fmt.Sprintf("is for account %s, not %s", parsed.AccountID, c.accountID)
	case !strings.EqualFold(parsed.Host, c.endpoint.Host):
		reason = fmt.Sprintf("is for host %s, not %s", text.Shown(parsed.Host), c.endpoint.Host)
	default:
		return polling{service: c, kind: kind, id: id}, nil
	}
	return polling{}, invalid("ResumeToken", "", reason)
}

// parseResumeToken accepts exactly what ResumeToken of a kind of poller returns. Its errors do not
// show the value.
func parseResumeToken(kind kind, value string) (parsed resumeToken, err error) {
	if err := json.Unmarshal([]byte(value), &parsed); err != nil {
		return resumeToken{}, errors.New("it is not JSON with the three members of a token")
	}
	if written, err := json.Marshal(parsed); err != nil || string(written) != value {
		return resumeToken{}, errors.New("it has been changed")
	}
	switch {
	case parsed.SessionID != "" && parsed.ConversionID != "":
		return resumeToken{}, errors.New("it has two ids")
	case naming.CheckID(*parsed.id(kind)) != "":
		return resumeToken{}, fmt.Errorf("its %s id is not a valid one", kind)
	case !naming.IsUUID(parsed.AccountID):
		return resumeToken{}, errors.New("its account id is not a UUID")
	case parsed.Host == "":
		return resumeToken{}, errors.New("its host is missing")
	}
	return parsed, nil
}
