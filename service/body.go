// SPDX-License-Identifier: MIT

package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/strictjson"
)

// MaxBody is the longest body of a request, in bytes. Bodies of the protocol have less than a
// hundred.
const MaxBody = 1 << 20

// maxQuotedSize is the longest unknown size that a refusal quotes, in bytes. Names of sizes are
// shorter, and keys longer.
const maxQuotedSize = 32

// members reads the body of a request: one JSON object, no member twice. Unknown members are
// ignored.
func (q *Request) members() (map[string]json.RawMessage, *Refusal) {
	body, refused := ReadBody(q.HTTP)
	if refused != nil {
		return nil, refused
	}
	members, err := strictjson.Object(body)
	switch {
	case errors.Is(err, strictjson.ErrNotJSON):
		return nil, BadRequest("The request was malformed: the body is not JSON.")
	case err != nil:
		return nil, BadRequest("The request was malformed: " + err.Error() + ".")
	}
	return members, nil
}

// ReadBody returns the body of a request, or a refusal if it is longer than [MaxBody] or cannot be
// read.
func ReadBody(r *http.Request) ([]byte, *Refusal) {
	if r.Body == nil { // a server always sets one
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, BadRequest("The request body could not be read.")
	}
	if len(body) > MaxBody {
		return nil, &Refusal{
			Status:  http.StatusRequestEntityTooLarge,
			Code:    codePayloadTooLarge,
			Message: fmt.Sprintf("The request body is larger than %d bytes.", MaxBody),
		}
	}
	return body, nil
}

// leaseOf returns the lease in the body of a request.
func leaseOf(members map[string]json.RawMessage) (time.Duration, *Refusal) {
	const name = "maxLeaseTimeMinutes"
	value, given := members[name]
	if !given || string(value) == "null" {
		return 0, BadRequest("The " + name + " value is required.")
	}
	minutes, err := strconv.ParseInt(string(value), 10, 32)
	if err != nil {
		return 0, BadRequest("The " + name + " value must be a 32-bit integer.")
	}
	return time.Duration(minutes) * time.Minute, nil
}

// refuseFirstLease refuses a lease that no session can be created with.
func refuseFirstLease(lease time.Duration, decisions Decisions) *Refusal {
	switch {
	case lease < 0:
		return BadRequest("The maxLeaseTimeMinutes value cannot be negative.")
	case lease == 0 && !decisions.AcceptZeroLease:
		return BadRequest("The maxLeaseTimeMinutes value cannot be zero.")
	case lease > decisions.MaxLease:
		return BadRequest(
			fmt.Sprintf(
				"The maxLeaseTimeMinutes value cannot be larger than %d.",
				decisions.MaxLease/time.Minute,
			),
		)
	}
	return nil
}

// sizeOf returns the size in the body of a request, in the spelling of answers.
func sizeOf(members map[string]json.RawMessage) (azremoterendering.SessionSize, *Refusal) {
	value, given := members["size"]
	if !given || string(value) == "null" {
		return "", BadRequest("The size value is required.")
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", BadRequest("The size value must be a string.")
	}
	for _, size := range azremoterendering.PossibleSessionSizeValues() {
		if strings.EqualFold(text, string(size)) {
			return size, nil
		}
	}
	if len(text) > maxQuotedSize { // it may be a secret
		return "", BadRequest("Can't specify this VM size.")
	}
	return "", BadRequest("Can't specify this VM size: " + text)
}
