// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/arr-go/azremoterendering/internal/advice"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// BeginCreate starts a conversion and returns a poller that waits until it has ended. The
// conversion goes on even if ctx ends or the poller is dropped.
//   - conversionID is chosen by the caller: 1 to 256 characters of A–Z, a–z, 0–9, - and _;
//     [NewConversionID] returns one
//   - settings says what to convert and where the result goes
//   - options contains optional parameters; nil means the defaults
//
// If a conversion with the same id and settings exists, BeginCreate returns a poller for it, and
// [ConversionPoller.Created] is false. So a create can be repeated, and the client does so if an
// answer is lost. The existing conversion may have ended; the poller then says so without waiting.
//
// A conversion with the same id and other settings is [ErrConflict]. [ErrForbidden] means that the
// role is missing, or, with the code "DelegatedResourceAccessError", that there is no SAS and the
// storage account is not linked. If there was no answer, [ErrOutcomeUnknown] holds and the
// conversion may run. A SAS that does not suffice, or a model that does not exist, fails the
// conversion later; BeginCreate itself succeeds.
func (c *ConversionsClient) BeginCreate(
	ctx context.Context,
	conversionID string,
	settings ConversionSettings,
	options *BeginCreateConversionOptions,
) (poller *ConversionPoller, err error) {
	if err := checkConversionID(conversionID); err != nil {
		return nil, err
	}
	if options != nil && options.ResumeToken != "" {
		return c.resume(conversionID, options.ResumeToken)
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	ctx, endSpan := c.startSpan(ctx, "ConversionsClient.BeginCreate", kindConversion, conversionID)
	defer func() { endSpan(err) }()

	op := c.operation(opCreateConversion, conversionID)
	body := conversionBody{wire.ConversionSettings{
		Input:  settings.Input.wire(),
		Output: settings.Output.wire(),
	}}
	resp, conversion, err := c.conversionAnswer(
		ctx, op, http.MethodPut, body, http.StatusCreated, http.StatusOK)
	if err != nil {
		return nil, err
	}
	poller = c.newPoller(conversionID, resp, conversion)
	poller.created = resp.StatusCode == http.StatusCreated
	return poller, nil
}

// BeginWait returns a poller that waits until an existing conversion has ended. It sends one Get. A
// conversion that has failed is not an error here; the poller says so without waiting.
//   - conversionID is the conversion to wait for
//   - options contains optional parameters; nil means the defaults
//
// The error is as from [ConversionsClient.Get]. A conversion that does not exist is [ErrNotFound].
func (c *ConversionsClient) BeginWait(
	ctx context.Context,
	conversionID string,
	options *BeginWaitConversionOptions,
) (poller *ConversionPoller, err error) {
	if err := checkConversionID(conversionID); err != nil {
		return nil, err
	}
	ctx, endSpan := c.startSpan(ctx, "ConversionsClient.BeginWait", kindConversion, conversionID)
	defer func() { endSpan(err) }()

	resp, conversion, err := c.get(ctx, conversionID)
	if err != nil {
		return nil, err
	}
	return c.newPoller(conversionID, resp, conversion), nil
}

// Get returns a conversion. The service keeps conversions for 30 days.
//   - conversionID is the conversion to get
//   - options contains optional parameters; nil means the defaults
//
// A conversion that does not exist, or is no longer kept, is [ErrNotFound].
func (c *ConversionsClient) Get(
	ctx context.Context,
	conversionID string,
	options *GetConversionOptions,
) (result GetConversionResponse, err error) {
	if err := checkConversionID(conversionID); err != nil {
		return GetConversionResponse{}, err
	}
	ctx, endSpan := c.startSpan(ctx, "ConversionsClient.Get", kindConversion, conversionID)
	defer func() { endSpan(err) }()

	resp, conversion, err := c.get(ctx, conversionID)
	if err != nil {
		return GetConversionResponse{}, err
	}
	return GetConversionResponse{conversion, transport.CorrelationVector(resp)}, nil
}

// NewListPager returns a pager over the conversions of the last 30 days, in all states.
// NewListPager sends no request; NextPage does. Next links are checked as by
// [SessionsClient.NewListPager].
//   - options contains optional parameters; nil means the defaults
//
// A pager is not safe for concurrent use. It ends at the first error.
func (c *ConversionsClient) NewListPager(
	options *ListConversionsOptions,
) *runtime.Pager[ListConversionsResponse] {
	nextLink := func(page ListConversionsResponse) string { return page.NextLink }
	return newPager(c.serviceClient, "ConversionsClient.NewListPager", "conversions",
		opListConversions, nextLink, c.listPage)
}

// All returns an iterator over the conversions that [ConversionsClient.NewListPager] returns. An
// error is the last value, with a zero Conversion. The loop can be left at any time.
//   - options contains optional parameters; nil means the defaults
//
// To wait for many conversions, call All every 10 seconds: it sends one request for each page (50
// conversions in the emulator; at least 48 were seen from the service). The list has all
// conversions of the last 30 days, so pollers are cheaper once it has more pages than conversions
// are awaited.
func (c *ConversionsClient) All(
	ctx context.Context,
	options *ListConversionsOptions,
) iter.Seq2[Conversion, error] {
	newPager := func() *runtime.Pager[ListConversionsResponse] { return c.NewListPager(options) }
	return all(ctx, newPager, func(page ListConversionsResponse) []Conversion {
		return page.Conversions
	})
}

func (c *ConversionsClient) listPage(
	ctx context.Context,
	op operation,
	address string,
) (ListConversionsResponse, error) {
	resp, data, err := c.page(ctx, op, address)
	if err != nil {
		return ListConversionsResponse{}, err
	}
	page, unread, err := wire.ReadConversionPage(data)
	if err != nil {
		return ListConversionsResponse{}, newUnreadableError(op, resp, err)
	}
	c.unread.Log(resp, unread)
	conversions := make([]Conversion, len(page.Conversions))
	for i := range page.Conversions {
		conversions[i] = newConversion(&page.Conversions[i])
	}
	return ListConversionsResponse{
		Conversions:       conversions,
		NextLink:          page.NextLink,
		CorrelationVector: transport.CorrelationVector(resp),
	}, nil
}

func (c *ConversionsClient) get(
	ctx context.Context,
	conversionID string,
) (*http.Response, Conversion, error) {
	op := c.operation(opGetConversion, conversionID)
	return c.conversionAnswer(ctx, op, http.MethodGet, nil, http.StatusOK)
}

// conversionAnswer sends a request about one conversion and decodes the conversion in the answer.
func (c *ConversionsClient) conversionAnswer(
	ctx context.Context,
	op operation,
	method string,
	body any,
	want ...int,
) (*http.Response, Conversion, error) {
	// The address needs no escaping, because the characters of a valid id stand for themselves.
	resp, err := c.send(ctx, op, method, c.account+"/conversions/"+op.id, body, want...)
	if err != nil {
		return nil, Conversion{}, err
	}
	conversion, err := c.readConversion(resp, op.id)
	if err != nil {
		return nil, Conversion{}, newUnreadableError(op, resp, err)
	}
	return resp, conversion, nil
}

// readConversion reads the conversion in an answer. It must be the one that the request is about.
func (c *ConversionsClient) readConversion(
	resp *http.Response,
	conversionID string,
) (Conversion, error) {
	data, err := runtime.Payload(resp)
	if err != nil {
		return Conversion{}, err
	}
	conversion, unread, err := wire.ReadConversion(data)
	if err == nil {
		err = checkIdentity(kindConversion, conversion.ID, conversion.Status, conversionID)
	}
	if err != nil {
		return Conversion{}, err
	}
	c.unread.Log(resp, unread)
	return newConversion(&conversion), nil
}

func checkConversionID(id string) error { return checkID("conversionID", id) }

// ConversionPoller waits until a conversion has ended. [ConversionsClient.BeginCreate] and
// [ConversionsClient.BeginWait] return one. Dropping the poller, or ending the context of one of
// its methods, ends the wait but never the conversion. A ConversionPoller is not safe for
// concurrent use.
type ConversionPoller struct {
	polling
	client *ConversionsClient
	last   CreateConversionResponse
}

// PollConversionOptions contains the optional parameters of [ConversionPoller.PollUntilDone].
type PollConversionOptions struct {
	// Frequency is the time between two polls. The default, 0, is 10 seconds with a jitter of 10 %.
	Frequency time.Duration

	// Progress, if non-nil, is called with the conversion as it is known at the start, and after
	// every poll that succeeds.
	Progress func(Conversion)
}

func (c *ConversionsClient) newPoller(
	conversionID string,
	resp *http.Response,
	conversion Conversion,
) *ConversionPoller {
	p := c.pollerOf(polling{service: c.serviceClient, kind: kindConversion, id: conversionID})
	p.record(resp, conversion)
	return p
}

// resume returns the poller that a resume token stands for.
func (c *ConversionsClient) resume(conversionID, token string) (*ConversionPoller, error) {
	polling, err := c.resumed(kindConversion, conversionID, token)
	if err != nil {
		return nil, err
	}
	return c.pollerOf(polling), nil
}

func (c *ConversionsClient) pollerOf(polling polling) *ConversionPoller {
	last := CreateConversionResponse{Conversion: Conversion{ID: polling.id}}
	return &ConversionPoller{polling: polling, client: c, last: last}
}

func (p *ConversionPoller) record(resp *http.Response, conversion Conversion) {
	p.last = CreateConversionResponse{conversion, transport.CorrelationVector(resp)}
	p.recordAnswer(resp)
}

// Conversion returns the conversion of the last answer. After a resume and before the first poll,
// only its ID is set.
func (p *ConversionPoller) Conversion() Conversion { return p.last.Conversion }

// Created reports whether the service answered the create with 201, that is, whether the conversion
// is new. It is false in the same cases as [SessionPoller.Created].
func (p *ConversionPoller) Created() bool { return p.created }

// Done reports whether the conversion had ended at the last answer. It sends no request.
func (p *ConversionPoller) Done() bool { return p.last.Status.Ended() }

// Result returns the conversion if it has succeeded. If it has failed or was cancelled, it returns
// a [*ConversionFailedError]. If [ConversionPoller.Done] does not hold, it returns another error.
// It sends no request. ctx is unused; it matches azcore's Poller.
func (p *ConversionPoller) Result(ctx context.Context) (CreateConversionResponse, error) {
	switch {
	case p.last.Status == ConversionStatusSucceeded:
		return p.last, nil
	case p.Done():
		e := &ConversionFailedError{
			Conversion:        p.last.Conversion,
			CorrelationVector: p.last.CorrelationVector,
		}
		if detail := p.last.Error; detail != nil {
			e.Code, e.Message = detail.Code, detail.Message
		}
		return CreateConversionResponse{}, e
	default:
		return CreateConversionResponse{}, p.noResult(p.lastSeen())
	}
}

// Poll gets the conversion once, unless [ConversionPoller.Done] holds. It returns the answer
// without the Authorization header of its request. A failure is returned as by
// [ConversionsClient.Get] and leaves the poller unchanged: polling can go on. A conversion that has
// failed is not an error of Poll, but of [ConversionPoller.Result].
func (p *ConversionPoller) Poll(ctx context.Context) (resp *http.Response, err error) {
	if p.Done() {
		return p.response, nil
	}
	ctx, endSpan := p.service.startSpan(ctx, "ConversionPoller.Poll", p.kind, p.id)
	defer func() { endSpan(err) }()

	answer, conversion, err := p.client.get(ctx, p.id)
	if err != nil {
		return nil, err
	}
	p.record(answer, conversion)
	return p.response, nil
}

// PollUntilDone polls until the conversion has ended, and returns it if it has succeeded.
//   - ctx ends the wait, not the conversion. If it has a deadline, the last poll is a second before
//     it
//   - options contains optional parameters; nil means the defaults
//
// If the conversion has failed or was cancelled, the error is a [*ConversionFailedError]. When
// polls come, and which failures end the wait, is as for [SessionPoller.PollUntilDone]. After any
// error but ConversionFailedError, the poller can be used again.
func (p *ConversionPoller) PollUntilDone(
	ctx context.Context,
	options *PollConversionOptions,
) (result CreateConversionResponse, err error) {
	if options == nil {
		options = &PollConversionOptions{}
	}
	if options.Frequency < 0 {
		return CreateConversionResponse{}, invalid("Frequency", options.Frequency.String(), "is negative")
	}
	ctx, endSpan := p.service.startSpan(ctx, "ConversionPoller.PollUntilDone", p.kind, p.id)
	defer func() { endSpan(err) }()

	if !p.answered.IsZero() {
		options.report(p.Conversion())
	}
	loop := p.loop(p.Poll)
	loop.Done = p.Done
	loop.Seen = func() { options.report(p.Conversion()) }
	loop.Interval = options.interval
	if err := loop.Run(ctx); err != nil {
		return CreateConversionResponse{}, p.interrupted(err, p.lastSeen(), advice.ConversionGoesOn)
	}
	return p.Result(ctx)
}

func (o *PollConversionOptions) report(conversion Conversion) {
	if o.Progress != nil {
		o.Progress(conversion)
	}
}

// interval returns the time until the next poll, unless the service asks for another.
func (o *PollConversionOptions) interval() time.Duration {
	if o.Frequency > 0 {
		return o.Frequency
	}
	return jittered(conversionInterval)
}

func (p *ConversionPoller) lastSeen() string { return p.seen(string(p.last.Status)) }

// ResumeToken returns a text with which [ConversionsClient.BeginCreate] returns a poller for the
// same conversion, for example in another process. It contains the conversion id, the account id
// and the host, and no secret. It fails if [ConversionPoller.Done] holds.
func (p *ConversionPoller) ResumeToken() (string, error) {
	if p.Done() {
		return "", p.nothingToResume(p.lastSeen())
	}
	return p.resumeToken()
}
