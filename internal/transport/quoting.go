// SPDX-License-Identifier: MIT

package transport

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
)

// withoutSecrets returns an error of the transport whose text has no secrets of its request: net/http
// quotes the line of an answer that it cannot read.
func withoutSecrets(err error, req *http.Request, bodySecrets []string) error {
	if err == nil {
		return nil
	}
	said, secrets := err.Error(), replacer(bodySecrets, secretOf(req))
	shown := secrets.Replace(said)
	if shown == said {
		return err
	}
	clean := &redactedError{said: shown, parts: cleanParts(err, secrets)}
	if netErr, ok := errors.AsType[net.Error](err); ok {
		clean.timeout = netErr.Timeout()
	}
	if _, ok := errors.AsType[nonRetriable](err); ok {
		return finalRedactedError{clean}
	}
	return clean
}

// redactedError stands for an error that quotes a secret. It does not hold that error, because a log
// may print whatever an error holds.
type redactedError struct {
	said    string
	parts   []error // what the error wraps, as far as it quotes no secret
	timeout bool
}

func (e *redactedError) Error() string   { return e.said }
func (e *redactedError) Unwrap() []error { return e.parts }

// Timeout and Temporary implement [net.Error], as the errors of net/http do.
func (e *redactedError) Timeout() bool   { return e.timeout }
func (e *redactedError) Temporary() bool { return e.timeout }

// nonRetriable is how azcore knows an error after which it does not try again.
type nonRetriable interface {
	error
	NonRetriable()
}

// finalRedactedError stands for a nonRetriable.
type finalRedactedError struct{ *redactedError }

func (finalRedactedError) NonRetriable() {}

// cleanParts returns the errors below err that quote no secret.
func cleanParts(err error, secrets *strings.Replacer) (parts []error) {
	for _, wrapped := range wrappedBy(err) {
		if said := wrapped.Error(); secrets.Replace(said) == said {
			parts = append(parts, wrapped)
		} else {
			parts = append(parts, cleanParts(wrapped, secrets)...)
		}
	}
	return parts
}

func wrappedBy(err error) (all []error) {
	switch wrapper := err.(type) { //nolint:errorlint // one level at a time
	case interface{ Unwrap() []error }:
		all = wrapper.Unwrap()
	case interface{ Unwrap() error }:
		all = []error{wrapper.Unwrap()}
	}
	return slices.DeleteFunc(slices.Clone(all), func(wrapped error) bool { return wrapped == nil })
}
