// SPDX-License-Identifier: MIT

package service

import (
	"maps"
	"net/http"
	"strings"

	"github.com/arr-go/azremoterendering"
)

// The error codes of the service. The first four were recorded or are in the examples of its
// specification.
const (
	codeBadRequest            = "BadRequest"
	codeConflict              = "Conflict"
	codeUnprocessableEntity   = "UnprocessableEntity"
	codeInternalServerError   = "InternalServerError"
	codeUnsupportedAPIVersion = "UnsupportedApiVersion"
	codePayloadTooLarge       = "PayloadTooLarge"
)

// Refusal is why a request fails. [Service.Refuse] makes an answer of it, in the error form of the
// protocol.
type Refusal struct {
	Status        int
	Code, Message string      // without a code the answer has no body
	Header        http.Header // further headers of the answer; may be nil
}

var (
	unauthorized = &Refusal{Status: http.StatusUnauthorized}
	forbidden    = &Refusal{Status: http.StatusForbidden}
	notFound     = &Refusal{Status: http.StatusNotFound}
	conflict     = &Refusal{
		Status:  http.StatusConflict,
		Code:    codeConflict,
		Message: "A resource already exists under the given ID.",
	}
	badSessionID = BadRequest(
		"The session ID must consist of 1 to 256 characters of A-Z, a-z, 0-9, '-' and '_'.",
	)
	badConversionID = BadRequest(
		"The conversion ID must consist of 1 to 256 characters of A-Z, a-z, 0-9, '-' and '_'.",
	)
	badSkipToken = BadRequest("The skiptoken value is not one that this service has given.")
)

// BadRequest returns a refusal with status 400 and a message.
func BadRequest(message string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: codeBadRequest, Message: message}
}

// InternalServerError returns the refusal of a request on which the service itself failed.
func InternalServerError() *Refusal {
	return &Refusal{
		Status:  http.StatusInternalServerError,
		Code:    codeInternalServerError,
		Message: "An internal server error occurred.",
	}
}

// MethodNotAllowed returns the refusal of a method where only others are allowed.
func MethodNotAllowed(allowed ...string) *Refusal {
	return &Refusal{
		Status: http.StatusMethodNotAllowed,
		Header: http.Header{"Allow": {strings.Join(allowed, ", ")}},
	}
}

func unprocessable(message string) *Refusal {
	return &Refusal{
		Status:  http.StatusUnprocessableEntity,
		Code:    codeUnprocessableEntity,
		Message: message,
	}
}

// Refuse returns the answer to a request that fails. With status 401 it has the challenge of the
// service, see [Decisions.OmitChallenge].
func (s *Service) Refuse(r *Refusal) Answer { return s.refuse(r, s.decisions.AbsentValues) }

func (s *Service) refuse(r *Refusal, absent AbsentValues) Answer {
	a := EmptyAnswer(r.Status)
	if r.Code != "" {
		detail := &azremoterendering.ErrorDetail{Code: r.Code, Message: r.Message}
		a = JSONAnswer(r.Status, wireErrorBody{Error: wireErrorOf(detail, absent)})
	}
	maps.Copy(a.Header, r.Header)
	if r.Status == http.StatusUnauthorized && !s.decisions.OmitChallenge {
		a.Header.Set("WWW-Authenticate", challenge)
	}
	return a
}

// challenge is the value of WWW-Authenticate in the examples of the specification.
const challenge = `Bearer error="invalid_token"`
