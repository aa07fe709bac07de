// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// standardInterval and otherInterval are what the service's team recommended, after its own
	// clients had run into throttling.
	standardInterval = 2 * time.Second
	otherInterval    = 10 * time.Second

	// patience is how long PollUntilDone bears without a good answer.
	patience = 5 * time.Minute
	// lastTryMargin lies between the last try and the deadline of a context.
	lastTryMargin = time.Second
)

// SessionPoller waits for a session to be Ready. It comes from [SessionsClient.BeginCreate] or
// [SessionsClient.BeginWait]. Dropping it, or ending the context of one of its methods, stops the
// waiting and never the session. It is not safe for concurrent use.
type SessionPoller struct {
	client    *SessionsClient
	sessionID string
	created   bool

	last     CreateSessionResponse
	response *http.Response
	answered time.Time     // when last came; zero if nothing has been seen, after a resume
	askedFor time.Duration // the Retry-After of last
}

// PollUntilDoneOptions are the optional parameters of [SessionPoller.PollUntilDone].
type PollUntilDoneOptions struct {
	// Frequency is the time between two looks at the session, kept as it is. The default, 0, is 2
	// seconds for Standard and 10 seconds for other sizes, each wait longer or shorter by up to a
	// tenth.
	Frequency time.Duration

	// Progress is called with the session as it is known at the start, and after every good answer.
	Progress func(Session)
}

func (c *SessionsClient) newPoller(
	sessionID string,
	resp *http.Response,
	session Session,
	created bool,
) *SessionPoller {
	p := &SessionPoller{client: c, sessionID: sessionID, created: created}
	p.record(resp, session)
	return p
}

func (p *SessionPoller) record(resp *http.Response, session Session) {
	p.last = CreateSessionResponse{Session: session, CorrelationVector: correlationVector(resp)}
	p.response = withoutAuthorization(resp)
	p.answered = time.Now()
	p.askedFor = retryAfter(resp.Header, p.answered)
}

// Session returns the session as the last answer showed it. After a resume, and before the first
// look, only its ID is known.
func (p *SessionPoller) Session() Session { return p.last.Session }

// Created reports whether the service answered the create with 201: the session is new. It is false
// if the session existed already, if the answer to the create was lost and its repeat met the
// session, and for pollers that did not create.
func (p *SessionPoller) Created() bool { return p.created }

// Done reports whether the last answer showed the session Ready or ended. It sends no request.
func (p *SessionPoller) Done() bool { return progressOf(p.last.Status) != again }

// Result returns the session once [SessionPoller.Done]: without an error if it is Ready, with a
// [*SessionEndedError] if it has ended. Before that it returns an error. It sends no request; ctx
// is there for likeness with other pollers.
func (p *SessionPoller) Result(ctx context.Context) (CreateSessionResponse, error) {
	switch progressOf(p.last.Status) {
	case succeeded:
		return p.last, nil
	case failed:
		return CreateSessionResponse{}, &SessionEndedError{
			Session:           p.last.Session,
			CorrelationVector: p.last.CorrelationVector,
		}
	default:
		return CreateSessionResponse{}, fmt.Errorf(
			"azremoterendering: there is no result yet: session %q was last seen %s",
			p.sessionID,
			p.lastSeen(),
		)
	}
}

// Poll looks at the session once, unless [SessionPoller.Done]. It returns the answer, without the
// Authorization header of its request. Every failure is returned, as by [SessionsClient.Get], and
// leaves the poller as it was: polling can go on. That the session has ended is no failure of Poll;
// [SessionPoller.Result] tells.
func (p *SessionPoller) Poll(ctx context.Context) (resp *http.Response, err error) {
	if p.Done() {
		return p.response, nil
	}
	ctx, endSpan := p.client.startSpan(ctx, "SessionPoller.Poll", p.sessionID)
	defer func() { endSpan(err) }()

	answer, session, err := p.client.get(ctx, p.sessionID)
	if err != nil {
		return nil, err
	}
	p.record(answer, session)
	return p.response, nil
}

// PollUntilDone looks at the session again and again until it is Ready, and returns it.
//   - ctx ends the waiting, not the session. If it has a deadline, the last look comes a second
//     before it
//   - options are optional parameters; nil means the defaults
//
// The first look comes one interval after the last answer; at once if there was none. A Retry-After
// of the service takes the place of the interval. States that this package does not know mean
// waiting on.
//
// A session that has ended is a [*SessionEndedError]. Throttling, 408, 5xx and failures of the
// network are borne until there has been no good answer for five minutes, or the service asks to
// wait longer than that; all other failures are returned at once, as by [SessionsClient.Get]. After
// any error but the first kind the poller can be used again.
func (p *SessionPoller) PollUntilDone(
	ctx context.Context,
	options *PollUntilDoneOptions,
) (result CreateSessionResponse, err error) {
	if options == nil {
		options = &PollUntilDoneOptions{}
	}
	if options.Frequency < 0 {
		return CreateSessionResponse{}, invalid(
			"Frequency",
			options.Frequency.String(),
			"is negative",
		)
	}
	ctx, endSpan := p.client.startSpan(ctx, "SessionPoller.PollUntilDone", p.sessionID)
	defer func() { endSpan(err) }()

	if !p.answered.IsZero() {
		options.report(p.Session())
	}
	next, asked := p.firstLook(options)
	lastGood := time.Now()
	var failure error
	for !p.Done() {
		if err := pause(ctx, next, asked); err != nil {
			return CreateSessionResponse{}, p.interrupted(err, failure)
		}
		if failure = p.look(ctx, lastGood.Add(patience)); failure == nil {
			lastGood = time.Now()
			options.report(p.Session())
			next, asked = p.interval(options, p.askedFor)
			continue
		}
		if ctx.Err() != nil {
			return CreateSessionResponse{}, p.interrupted(ctx.Err(), failure)
		}
		next, asked = p.interval(options, RetryAfter(failure))
		if !p.passing(failure) || time.Since(lastGood)+next > patience {
			return CreateSessionResponse{}, failure
		}
	}
	return p.Result(ctx)
}

// look is Poll that ends in time: a look that hangs must not hang the wait.
func (p *SessionPoller) look(ctx context.Context, end time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	_, err := p.Poll(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no good answer for %v: %w", patience, err)
	}
	return err
}

func (o *PollUntilDoneOptions) report(session Session) {
	if o.Progress != nil {
		o.Progress(session)
	}
}

// firstLook returns how long to wait for the first look, and whether the service asked for that.
func (p *SessionPoller) firstLook(options *PollUntilDoneOptions) (time.Duration, bool) {
	if p.answered.IsZero() {
		return 0, false
	}
	next, asked := p.interval(options, p.askedFor)
	return max(0, next-time.Since(p.answered)), asked
}

// interval returns how long to wait for the next look, and whether the service asked for that.
func (p *SessionPoller) interval(
	options *PollUntilDoneOptions,
	askedFor time.Duration,
) (time.Duration, bool) {
	if askedFor > 0 {
		return askedFor, true
	}
	if options.Frequency > 0 {
		return options.Frequency, false
	}
	interval := otherInterval
	if p.last.Size == SessionSizeStandard {
		interval = standardInterval
	}
	// A tenth either way keeps sessions that were created together from being looked at together.
	return interval*9/10 + rand.N(interval/5+1), false
}

// pause waits for d, or less where a deadline needs a last look before it; asked keeps it from
// being less.
func pause(ctx context.Context, d time.Duration, asked bool) error {
	if deadline, ok := ctx.Deadline(); ok && !asked {
		if last := time.Until(deadline) - lastTryMargin; last > 0 && last < d {
			d = last
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// interrupted makes the error of a wait that its context ended.
func (p *SessionPoller) interrupted(cause, failure error) error {
	err := fmt.Errorf(
		"waiting for session %q, last seen %s: %w; the session goes on, and is billed from Ready until it is stopped or its lease ends",
		p.sessionID,
		p.lastSeen(),
		cause,
	)
	if failure != nil && !errors.Is(failure, cause) {
		err = fmt.Errorf("%w; the last look failed: %w", err, failure)
	}
	return err
}

func (p *SessionPoller) lastSeen() string {
	if p.answered.IsZero() {
		return "never"
	}
	return oneLine(string(p.last.Status))
}

// progress is what a state means to somebody who waits for Ready.
type progress int

const (
	again progress = iota
	succeeded
	failed
)

func progressOf(status SessionStatus) progress {
	switch {
	case status == SessionStatusReady:
		return succeeded
	case status.Ended():
		return failed
	default:
		return again
	}
}

// passing reports whether a failed look is worth another.
func (p *SessionPoller) passing(failure error) bool {
	if _, ok := errors.AsType[*unknownHostError](failure); ok {
		// The name of a service that has answered exists; what is gone is this machine's network.
		return !p.answered.IsZero()
	}
	return IsTransient(failure)
}
