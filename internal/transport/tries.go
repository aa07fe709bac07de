// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Tries records what became of the tries of one call. It decides whether a failed call may have
// taken effect. It is not safe for concurrent use: the tries of a call follow one another.
type Tries struct {
	connection connection

	changes    bool // whether the call changes anything
	count      int
	lost       bool // a try may have reached the service, and no usable answer came back
	faulted    bool // a try was answered with a fault, such as 504, possibly after it took effect
	unreadable bool // an answer came back, but not whole or not readable
	whole      bool // the last try brought a whole answer
}

// NewTries returns the record of a call. changes says whether the call changes anything.
func NewTries(changes bool) *Tries { return &Tries{changes: changes} }

// Trace returns a context for the request, so that t learns whether a try got a connection.
func (t *Tries) Trace(ctx context.Context) context.Context { return t.connection.trace(ctx) }

// Attach makes [RecordTries] record the tries of a request in t.
func (t *Tries) Attach(req *policy.Request) { req.SetOperationValue(t) }

// OutcomeUnknown reports whether a failed call may have changed something without the caller being
// told. status is the HTTP status of the refusal, or 0 if there was no usable answer. A success
// that the protocol does not know, such as 202, is as good as no answer.
func (t *Tries) OutcomeUnknown(status int) bool {
	success := status >= 200 && status < 300
	return t.changes && (t.inDoubt() || success) && !settles(status)
}

// RepeatedInDoubt reports whether the last try repeated one that may have taken effect.
func (t *Tries) RepeatedInDoubt() bool { return t.count > 1 && t.inDoubt() }

// Unreadable reports whether an answer came back that was not whole or not readable.
func (t *Tries) Unreadable() bool { return t.unreadable }

// Whole reports whether the last try brought a whole answer.
func (t *Tries) Whole() bool { return t.whole }

// SetUnreadable records that the answer could not be used. The call has taken effect, but the
// caller learns nothing of it, as if no answer had come.
func (t *Tries) SetUnreadable() { t.lost, t.unreadable = true, true }

// SetLost records that nothing is known of what the call did.
func (t *Tries) SetLost() { t.lost = true }

func (t *Tries) inDoubt() bool { return t.lost || t.faulted }

// settles reports whether a refusal says that no earlier try of the same request took effect
// either. Throttling, refused tokens and faults say nothing about earlier tries.
func settles(status int) bool {
	switch status {
	case http.StatusUnauthorized,
		http.StatusForbidden,
		http.StatusProxyAuthRequired,
		http.StatusRequestTimeout,
		http.StatusTooManyRequests:
		return false
	default:
		return status >= 400 && status < 500
	}
}

// RecordTries is a policy. It must be the last one before azcore's own, so that what fails in front
// of it was never sent. standard says whether the transport is the default one.
func RecordTries(standard bool) PolicyFunc {
	return func(req *policy.Request) (*http.Response, error) {
		if err := req.Raw().Context().Err(); err != nil {
			return nil, err
		}
		var t *Tries
		if !req.OperationValue(&t) {
			return req.Next()
		}
		t.connection.reset(standard)
		resp, err := req.Next()
		t.record(resp, err)
		if err != nil && resp == nil {
			err = t.connection.explain(req.Raw().URL, err)
		}
		return resp, err
	}
}

// AnsweringProxy returns the host and port of a proxy that may have given the answer to the last try
// instead of the service. It is empty if there was none.
func (t *Tries) AnsweringProxy(resp *http.Response) string {
	if resp.Request == nil || resp.Request.URL == nil { // a policy of the caller has made it
		return ""
	}
	return t.connection.answering(resp.Request.URL)
}

func (t *Tries) record(resp *http.Response, err error) {
	t.count++
	t.whole = err == nil
	switch {
	case resp != nil && isFault(resp.StatusCode):
		t.faulted = true
		t.unreadable = t.unreadable || err != nil
	case resp != nil && resp.StatusCode >= 400:
		// A refusal is one even if its body is cut off.
	case err != nil:
		t.lost = t.lost || !t.neverSent(err)
		t.unreadable = t.unreadable || resp != nil
	}
}

// isFault reports whether an answer leaves open if the request took effect. 511 does not: it comes
// from a network that lets nothing through yet (RFC 6585, section 6).
func isFault(status int) bool {
	return status >= 500 && status != http.StatusNetworkAuthenticationRequired ||
		status == http.StatusRequestTimeout
}

// neverSent reports whether a failed try never had a connection to send its request over. What
// happened is better evidence than the error. Only a transport that does not trace, as one of the
// caller's may, is judged by its error.
func (t *Tries) neverSent(err error) bool {
	if traced, got := t.connection.seen(); traced {
		return !got
	}
	opErr, ok := errors.AsType[*net.OpError](err)
	if ok && (opErr.Op == "dial" || opErr.Op == "proxyconnect") {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*ProxyError](err); ok {
		return true
	}
	_, ok = errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}
