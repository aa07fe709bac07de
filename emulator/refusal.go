// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"

	"github.com/arr-go/azremoterendering"
)

// The error codes of the service. The first four were recorded or stand in the examples of its specification.
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
}

var (
	unauthorized        = &refusal{status: http.StatusUnauthorized}
	notFound            = &refusal{status: http.StatusNotFound}
	conflict            = &refusal{http.StatusConflict, codeConflict, "A resource already exists under the given ID."}
	badSessionID        = badRequest("The session ID must consist of 1 to 256 characters of A-Z, a-z, 0-9, '-' and '_'.")
	badSkipToken        = badRequest("The skiptoken value is not one that this service has given.")
	internalServerError = &refusal{http.StatusInternalServerError, codeInternalServerError, "An internal server error occurred."}
)

func badRequest(message string) *refusal {
	return &refusal{http.StatusBadRequest, codeBadRequest, message}
}

func unprocessable(message string) *refusal {
	return &refusal{http.StatusUnprocessableEntity, codeUnprocessableEntity, message}
}

// refuse returns the answer to a request that fails.
func (e *Emulator) refuse(r *refusal) answer {
	a := emptyAnswer(r.status)
	if r.code != "" {
		detail := &azremoterendering.ErrorDetail{Code: r.code, Message: r.message}
		a = jsonAnswer(r.status, wireErrorBody{Error: wireErrorOf(detail, e.absent)})
	}
	if r.status == http.StatusUnauthorized && e.challenge != "" {
		a.header.Set("WWW-Authenticate", e.challenge)
	}
	return a
}
