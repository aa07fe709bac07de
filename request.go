// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/arr-go/azremoterendering/internal/advice"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// kind is what a request is about.
type kind string

const (
	kindSession    kind = "session"
	kindConversion kind = "conversion"
)

// The values of ServiceError.Operation.
const (
	opCreate           = "create"
	opGet              = "get"
	opUpdate           = "update"
	opStop             = "stop"
	opList             = "list"
	opCreateConversion = "create-conversion"
	opGetConversion    = "get-conversion"
	opListConversions  = "list-conversions"
)

// operation is one call of a client method, as its errors need to know it.
type operation struct {
	name, id, host string
	tries          *transport.Tries
}

func (c *serviceClient) operation(name, id string) operation {
	changes := name != opGet && name != opList && name != opGetConversion && name != opListConversions
	return operation{name, id, c.endpoint.Host, transport.NewTries(changes)}
}

// splitOperation returns what is done and to what: "create-conversion" is create and conversion.
func splitOperation(operation string) (verb string, of kind) {
	verb, what, isConversion := strings.Cut(operation, "-")
	if !isConversion {
		return verb, kindSession
	}
	return verb, kind(strings.TrimSuffix(what, "s"))
}

// send sends a request through the pipeline. It returns a *ServiceError if the status of the answer
// is not in want.
func (c *serviceClient) send(
	ctx context.Context,
	op operation,
	method, address string,
	body any,
	want ...int,
) (*http.Response, error) {
	req, err := newRequest(op.tries.Trace(ctx), method, address, body)
	if err != nil {
		return nil, newCallError(op, err)
	}
	op.tries.Attach(req)
	resp, err := c.internal.Pipeline().Do(req)
	if err != nil && ctx.Err() != nil && op.tries.Whole() && resp != nil &&
		slices.Contains(want, resp.StatusCode) {
		// The context ended as the answer arrived. azcore reports only that, but the request
		// succeeded.
		err = nil
	}
	if err != nil && resp != nil && resp.StatusCode >= 400 {
		// The context ended in the pause before a retry. The last answer says why there was a
		// pause.
		err = fmt.Errorf("%w; the last answer: %w", err, newServiceError(op, resp))
	}
	if err != nil {
		return nil, newCallError(op, err)
	}
	switch {
	case !slices.Contains(want, resp.StatusCode):
		refusal := newServiceError(op, resp)
		refusal.notYet = resp.StatusCode == http.StatusNotFound && c.created.Recently(c.subject(op))
		return nil, refusal
	case method == http.MethodPut: // 200 may be for a retry after the first answer was lost
		c.created.Add(c.subject(op))
	}
	return resp, nil
}

// subject names what an operation is about, in all accounts and regions.
func (c *serviceClient) subject(op operation) string {
	_, kind := splitOperation(op.name)
	return fmt.Sprintf("%s %s %s", c.account, kind, op.id)
}

func newRequest(
	ctx context.Context,
	method, address string,
	body any,
) (*policy.Request, error) {
	req, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return nil, err
	}
	header := req.Raw().Header
	header["Accept"] = []string{"application/json"}
	// One id for all tries. azcore's policy for it costs seven allocations more.
	header["X-Ms-Client-Request-Id"] = []string{naming.NewUUID()}
	if body == nil {
		return req, nil
	}
	return req, transport.SetBody(req, body)
}

// checkIdentity returns an error unless an answer is about the session or conversion that was asked
// for. Nothing else makes an answer unreadable.
func checkIdentity(kind kind, id, status, want string) error {
	switch {
	case id == "" || status == "":
		return errors.New("id or status is missing")
	case id != want:
		return fmt.Errorf("it is about %s %q", kind, text.OneLine(id))
	}
	return nil
}

// maxPage bounds one page of a list, in bytes after decompression. Fifty thousand sessions fit, or
// thirty thousand conversions.
const maxPage = 16 << 20

// page gets one page of a list.
func (c *serviceClient) page(
	ctx context.Context,
	op operation,
	address string,
) (*http.Response, []byte, error) {
	ctx = transport.WithAnswerLimit(ctx, maxPage)
	resp, err := c.send(ctx, op, http.MethodGet, address, nil, http.StatusOK)
	if err != nil {
		return nil, nil, err
	}
	data, err := runtime.Payload(resp)
	if err != nil {
		return nil, nil, newUnreadableError(op, resp, err)
	}
	return resp, data, nil
}

// newPager returns a pager over a collection of the account. nextLink returns the next link of a
// page, and fetch gets one.
func newPager[Page any](
	c *serviceClient,
	name, collection, operation string,
	nextLink func(Page) string,
	fetch func(ctx context.Context, op operation, address string) (Page, error),
) *runtime.Pager[Page] {
	first := c.endpoint.JoinPath("accounts", c.accountID, collection)
	links := naming.NewNextLinks(first)
	return runtime.NewPager(runtime.PagingHandler[Page]{
		More: func(page Page) bool { return nextLink(page) != "" },
		Fetcher: func(ctx context.Context, page *Page) (Page, error) {
			ctx = context.WithValue(ctx, runtime.CtxAPINameKey{}, name)
			op := c.operation(operation, "")
			address := first.String()
			if page != nil {
				next, err := links.Follow(nextLink(*page))
				if err != nil {
					err = fmt.Errorf("%w; the list is incomplete", err)
					return *new(Page), newCallError(op, err)
				}
				address = next
			}
			return fetch(ctx, op, address)
		},
		Tracer: c.internal.Tracer(),
	})
}

// all returns an iterator over the items of a list.
func all[Page, Item any](
	ctx context.Context,
	newPager func() *runtime.Pager[Page],
	items func(Page) []Item,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for pager := newPager(); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				yield(*new(Item), err)
				return
			}
			for _, item := range items(page) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// newServiceError makes the error for an answer with an unexpected status.
func newServiceError(op operation, resp *http.Response) *ServiceError {
	e := &ServiceError{
		Operation:         op.name,
		Host:              op.host,
		StatusCode:        resp.StatusCode,
		CorrelationVector: transport.CorrelationVector(resp),
		RetryAfter:        transport.RetryAfter(resp.Header, time.Now()),
		outcomeUnknown:    op.tries.OutcomeUnknown(resp.StatusCode),
		proxy:             op.tries.AnsweringProxy(resp),
		response:          transport.ResponseError(resp),
	}
	if _, kind := splitOperation(op.name); kind == kindConversion {
		e.ConversionID = op.id
	} else {
		e.SessionID = op.id
	}
	e.Code = e.response.ErrorCode // which may come from a header
	if !transport.IsRefusal(resp) {
		return e
	}
	data, err := runtime.Payload(resp)
	if detail := newErrorDetail(wire.ReadError(data)); err == nil && detail != nil {
		e.Code, e.Message, e.Detail = detail.Code, detail.Message, detail
		e.response.ErrorCode = detail.Code
	}
	return e
}

// callError is a call that ended without a usable answer, because of the network, the token
// exchange, the caller's context or an unreadable body.
type callError struct {
	operation      operation
	outcomeUnknown bool
	err            error
}

func newCallError(op operation, err error) *callError {
	return &callError{operation: op, outcomeUnknown: op.tries.OutcomeUnknown(0), err: err}
}

// newUnreadableError makes the error for an answer with the right status but without the body that
// belongs to it.
func newUnreadableError(op operation, resp *http.Response, err error) error {
	op.tries.SetUnreadable()
	line := fmt.Sprintf("the answer %d", resp.StatusCode)
	line = complete(line, transport.CorrelationVector(resp), "")
	return newCallError(op, fmt.Errorf("%s cannot be read: %w", line, err))
}

func (e *callError) Error() string {
	line := subject(e.operation.name, e.operation.id, e.operation.host) + ": " +
		text.OneLine(e.err.Error())
	if e.outcomeUnknown {
		return complete(line, "", e.Advice())
	}
	return line // the text of err ends with its own advice
}

// Advice is that of the cause. If the outcome is unknown, that matters more.
func (e *callError) Advice() string {
	if e.outcomeUnknown {
		return "outcome unknown: " + advice.OutcomeUnknown(e.operation.name)
	}
	type adviser interface {
		error
		Advice() string
	}
	if cause, ok := errors.AsType[adviser](e.err); ok {
		return cause.Advice()
	}
	return ""
}

func (e *callError) Unwrap() error        { return e.err }
func (e *callError) Is(target error) bool { return target == ErrOutcomeUnknown && e.outcomeUnknown }

// subject begins the text of all errors of requests: create session "demo" at example.com.
func subject(operation, id, host string) string {
	verb, kind := splitOperation(operation)
	if id == "" {
		return fmt.Sprintf("%s %ss at %s", verb, kind, host)
	}
	return fmt.Sprintf("%s %s %q at %s", verb, kind, id, host)
}
