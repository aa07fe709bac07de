// SPDX-License-Identifier: MIT

package emulator

import (
	"maps"
	"net/http"

	"github.com/arr-go/azremoterendering"
)

// The error codes of the service. The first four were recorded or stand in the examples of its
// specification.
const (
	codeBadRequest            = "BadRequest"
	codeConflict              = "Conflict"
	codeUnprocessableEntity   = "UnprocessableEntity"
	codeInternalServerError   = "InternalServerError"
	codeUnsupportedAPIVersion = "UnsupportedApiVersion"
	codePayloadTooLarge       = "PayloadTooLarge"
)

// refusal is why a request fails. Without a code its answer has no body.
type refusal struct {
	status        int
	code, message string
	header        http.Header // what its answer has beside the usual; may be nil
}

var (
	unauthorized = &refusal{status: http.StatusUnauthorized}
	notFound     = &refusal{status: http.StatusNotFound}
	conflict     = &refusal{
		status:  http.StatusConflict,
		code:    codeConflict,
		message: "A resource already exists under the given ID.",
	}
	badSessionID = badRequest(
		"The session ID must consist of 1 to 256 characters of A-Z, a-z, 0-9, '-' and '_'.",
	)
	badSkipToken        = badRequest("The skiptoken value is not one that this service has given.")
	internalServerError = &refusal{
		status:  http.StatusInternalServerError,
		code:    codeInternalServerError,
		message: "An internal server error occurred.",
	}
)

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: codeBadRequest, message: message}
}

func unprocessable(message string) *refusal {
	return &refusal{
		status:  http.StatusUnprocessableEntity,
		code:    codeUnprocessableEntity,
		message: message,
	}
}

// refuse returns the answer to a request that fails.
func (e *Emulator) refuse(r *refusal) answer {
	a := emptyAnswer(r.status)
	if r.code != "" {
		detail := &azremoterendering.ErrorDetail{Code: r.code, Message: r.message}
		a = jsonAnswer(r.status, wireErrorBody{Error: wireErrorOf(detail, e.absent)})
	}
	maps.Copy(a.header, r.header)
	if r.status == http.StatusUnauthorized && e.challenge != "" {
		a.header.Set("WWW-Authenticate", e.challenge)
	}
	return a
}
