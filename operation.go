// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// The values of ServiceError.Operation.
const (
	opCreate = "create"
	opGet    = "get"
	opUpdate = "update"
	opStop   = "stop"
	opList   = "list"
)

// operation is one call of a client method, as its errors need to know it.
type operation struct {
	name, sessionID, host string
	tries                 *tries
}

func (c *SessionsClient) operation(name, sessionID string) operation {
	return operation{
		name:      name,
		sessionID: sessionID,
		host:      c.endpoint.Host,
		tries:     &tries{changes: name == opCreate || name == opUpdate || name == opStop},
	}
}

// send takes a request through the pipeline. An answer with a status other than those wanted is a
// *ServiceError.
func (c *SessionsClient) send(
	ctx context.Context,
	op operation,
	method, url string,
	body any,
	want ...int,
) (*http.Response, error) {
	req, err := runtime.NewRequest(ctx, method, url)
	if err != nil {
		return nil, newCallError(op, err)
	}
	req.Raw().Header["Accept"] = []string{"application/json"}
	req.SetOperationValue(op.tries)
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, newCallError(op, err)
		}
		if err := req.SetBody(
			streaming.NopCloser(bytes.NewReader(data)),
			"application/json",
		); err != nil {
			return nil, newCallError(op, err)
		}
	}
	resp, err := c.internal.Pipeline().Do(req)
	if err != nil && ctx.Err() != nil && op.tries.whole && resp != nil &&
		slices.Contains(want, resp.StatusCode) {
		// The context ended as the answer arrived, and azcore says only that. But what was asked
		// for has been done.
		return resp, nil
	}
	if err != nil && resp != nil && resp.StatusCode >= 400 {
		// The context ended in the pause before another try. The answer to the last one still tells
		// why there was a pause.
		err = fmt.Errorf("%w; the last answer: %w", err, newServiceError(op, resp))
	}
	if err != nil {
		return nil, newCallError(op, err)
	}
	if !slices.Contains(want, resp.StatusCode) {
		return nil, newServiceError(op, resp)
	}
	return resp, nil
}

// unreadable makes the error for an answer that has the right status but not the body that goes
// with it. What was asked for has taken effect, but nothing tells the caller how, so that is as if
// no answer had come.
func unreadable(op operation, resp *http.Response, err error) error {
	op.tries.lost, op.tries.unreadable = true, true
	text := fmt.Sprintf("the answer %d", resp.StatusCode)
	if vector := correlationVector(resp); vector != "" {
		text += " (MS-CV " + oneLine(vector) + ")"
	}
	return newCallError(op, &unreadableError{text: text + " cannot be read", err: err})
}

type unreadableError struct {
	text string
	err  error
}

func (e *unreadableError) Error() string { return e.text + ": " + e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// tries is what became of the tries of one call.
type tries struct {
	changes bool // whether the operation changes anything
	count   int
	lost    bool // a try may have reached the service, and no usable answer came back
	// a try was answered with a fault, such as 504, which may have happened after the effect
	faulted    bool
	unreadable bool // an answer came back, but not whole
	whole      bool // the last try has brought a whole answer
}

// mayHaveTakenEffect reports whether a failed call may have changed something without the caller
// being told.
func (t *tries) mayHaveTakenEffect() bool { return t.changes && (t.lost || t.faulted) }

// repeatedInDoubt reports whether the last try was the repeat of one that may have taken effect.
func (t *tries) repeatedInDoubt() bool { return t.count > 1 && (t.lost || t.faulted) }

// recordTries is a policy that stands behind all others of this package and of the caller: what
// fails before it was never sent.
func recordTries(req *policy.Request) (*http.Response, error) {
	if err := req.Raw().Context().Err(); err != nil {
		return nil, err
	}
	resp, err := req.Next()
	var t *tries
	if req.OperationValue(&t) {
		t.count++
		t.whole = err == nil
		switch {
		case err != nil:
			t.lost = t.lost || !neverSent(err)
			t.unreadable = t.unreadable || resp != nil
		case resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout:
			t.faulted = true
		}
	}
	return resp, err
}

// neverSent reports whether an error of the transport shows that there was no connection to send a
// request over.
func neverSent(err error) bool {
	if opErr, ok := errors.AsType[*net.OpError](
		err,
	); ok &&
		(opErr.Op == "dial" || opErr.Op == "proxyconnect") {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// failFastOnUnknownHost is a policy that keeps azcore from asking again, for seconds, for a host
// name that does not exist.
func failFastOnUnknownHost(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if dnsErr, ok := errors.AsType[*net.DNSError](err); ok && dnsErr.IsNotFound {
		return resp, &unknownHostError{
			host: cmp.Or(dnsErr.Name, req.Raw().URL.Hostname()),
			err:  err,
		}
	}
	return resp, err
}

// unknownHostError means that a host name does not exist, which for a mistyped account domain is
// the only sign.
type unknownHostError struct {
	host string
	err  error
}

func (e *unknownHostError) Error() string {
	return fmt.Sprintf(
		"there is no host %s: check endpoint, account domain and proxy",
		oneLine(e.host),
	)
}
func (e *unknownHostError) Unwrap() error { return e.err }

// NonRetriable tells azcore not to try again.
func (*unknownHostError) NonRetriable() {}

type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(req *policy.Request) (*http.Response, error) { return f(req) }

// correlationVector returns the MS-CV header: the service echoes no other request id.
func correlationVector(resp *http.Response) string { return resp.Header.Get("Ms-Cv") }

// retryAfter returns how long an answer asks to wait, 0 if it does not.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		const most = int(maxRetryAfter / time.Second)
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// maxRetryAfter keeps a nonsensical answer from overflowing a duration.
const maxRetryAfter = 24 * time.Hour
