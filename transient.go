// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// IsTransient reports whether the same call may succeed later: after throttling, 408, 5xx, an
// answer that cannot be read, a failure of the network, or a time limit. It is false for refusals,
// for sessions that have ended, for invalid arguments, for host names that do not exist, for
// servers whose certificate is not trusted, for a cancelled context, and for nil. That a call may
// be repeated does not say that it had no effect: see [ErrOutcomeUnknown].
func IsTransient(err error) bool {
	if err == nil || errors.Is(err, ErrInvalidArgument) || errors.Is(err, context.Canceled) {
		return false
	}
	if _, ok := errors.AsType[*SessionEndedError](err); ok {
		return false
	}
	if refusal, ok := errors.AsType[*ServiceError](err); ok {
		return passingStatus(refusal.StatusCode)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*unknownHostError](err); ok {
		return false
	}
	authentication, ok := errors.AsType[*AuthenticationError](err)
	switch {
	case !ok:
		return true
	case authentication.StatusCode != 0:
		return passingStatus(authentication.StatusCode)
	case authentication.Stage == StageTokenExchange:
		return true
	default:
		_, network := errors.AsType[net.Error](err)
		return network
	}
}

func passingStatus(statusCode int) bool {
	return statusCode == http.StatusRequestTimeout || statusCode == http.StatusTooManyRequests ||
		statusCode >= 500
}

// RetryAfter returns how long the service, or the token service, asked to wait when it refused a
// call. It is 0 if it did not say, and for all other errors.
func RetryAfter(err error) time.Duration {
	if refusal, ok := errors.AsType[*ServiceError](err); ok {
		return refusal.RetryAfter
	}
	if authentication, ok := errors.AsType[*AuthenticationError](err); ok {
		return authentication.RetryAfter
	}
	return 0
}
