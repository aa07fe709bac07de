// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/arr-go/azremoterendering"
)

// maxBody bounds the body of a request, in bytes. Those of the protocol have less than a hundred.
const maxBody = 1 << 20

// createSession is PUT /accounts/{id}/sessions/{id}.
func (x *exchange) createSession() answer {
	members, refused := x.members()
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	lease, refused := leaseOf(members)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	if refused := refuseFirstLease(lease, x.emulator.fleet.decisions); refused != nil {
		return x.emulator.refuse(refused)
	}
	size, refused := sizeOf(members)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	s, created, refused := x.emulator.fleet.create(
		x.home(),
		x.target.sessionID,
		size,
		lease,
		x.startServer,
	)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return jsonAnswer(status, x.wire(s))
}

// getSession is GET /accounts/{id}/sessions/{id}.
func (x *exchange) getSession() answer {
	s, refused := x.emulator.fleet.get(x.home(), x.target.sessionID)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	a := jsonAnswer(http.StatusOK, x.wire(s))
	if x.emulator.absent == AbsentNull {
		return a // as of January 2021, without the headers for caches
	}
	return uncached(a)
}

// updateSession is PATCH /accounts/{id}/sessions/{id}.
func (x *exchange) updateSession() answer {
	members, refused := x.members()
	var lease time.Duration
	if refused == nil {
		lease, refused = leaseOf(members)
	}
	if refused != nil {
		if refused.code == codeBadRequest &&
			x.emulator.fleet.decisions.MalformedUpdateStatus == http.StatusUnprocessableEntity {
			refused = unprocessable(refused.message)
		}
		return x.emulator.refuse(refused)
	}
	s, refused := x.emulator.fleet.update(x.home(), x.target.sessionID, lease)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	return jsonAnswer(http.StatusOK, x.wire(s))
}

// stopSession is POST /accounts/{id}/sessions/{id}/:stop. A body is ignored.
func (x *exchange) stopSession() answer {
	if refused := x.emulator.fleet.stop(x.home(), x.target.sessionID); refused != nil {
		return x.emulator.refuse(refused)
	}
	return emptyAnswer(http.StatusNoContent)
}

// members reads the body of a request: one JSON object, no member twice. Members that nobody knows
// are ignored.
func (x *exchange) members() (map[string]json.RawMessage, *refusal) {
	body, refused := receive(x.request)
	if refused != nil {
		return nil, refused
	}
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, badRequest("The request was malformed: the body is not JSON.")
	}
	members, err := decodeObject(body)
	if err != nil {
		return nil, badRequest("The request was malformed: " + err.Error() + ".")
	}
	return members, nil
}

// receive returns the body of a request.
func receive(r *http.Request) ([]byte, *refusal) {
	if r.Body == nil { // a server always gives one
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, badRequest("The request body could not be read.")
	}
	if len(body) > maxBody {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: codePayloadTooLarge,
			message: fmt.Sprintf("The request body is larger than %d bytes.", maxBody)}
	}
	return body, nil
}

// decodeObject returns the members of a JSON object, of which body is known to be valid JSON.
func decodeObject(body []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("the body is not a JSON object")
	}
	members := make(map[string]json.RawMessage)
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, errors.New("the body is not a JSON object")
		}
		name, _ := token.(string)
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("a member appears twice: %.64q", name)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errors.New("the body is not a JSON object")
		}
		members[name] = value
	}
	return members, nil
}

// leaseOf returns the lease that a body asks for.
func leaseOf(members map[string]json.RawMessage) (time.Duration, *refusal) {
	const name = "maxLeaseTimeMinutes"
	value, given := members[name]
	if !given || string(value) == "null" {
		return 0, badRequest("The " + name + " value is required.")
	}
	minutes, err := strconv.ParseInt(string(value), 10, 32)
	if err != nil {
		return 0, badRequest("The " + name + " value must be a 32-bit integer.")
	}
	return time.Duration(minutes) * time.Minute, nil
}

// refuseFirstLease returns why a session cannot be created with a lease, or nil if it can.
func refuseFirstLease(lease time.Duration, decisions Decisions) *refusal {
	switch {
	case lease < 0:
		return badRequest("The maxLeaseTimeMinutes value cannot be negative.")
	case lease == 0 && !decisions.AcceptZeroLease:
		return badRequest("The maxLeaseTimeMinutes value cannot be zero.")
	case lease > decisions.MaxLease:
		return badRequest(
			fmt.Sprintf(
				"The maxLeaseTimeMinutes value cannot be larger than %d.",
				decisions.MaxLease/time.Minute,
			),
		)
	}
	return nil
}

// sizeOf returns the size that a body asks for, in the spelling of answers.
func sizeOf(members map[string]json.RawMessage) (sessionSize, *refusal) {
	value, given := members["size"]
	if !given || string(value) == "null" {
		return "", badRequest("The size value is required.")
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", badRequest("The size value must be a string.")
	}
	for _, size := range azremoterendering.PossibleSessionSizeValues() {
		if strings.EqualFold(text, string(size)) {
			return size, nil
		}
	}
	return "", badRequest(fmt.Sprintf("Can't specify this VM size: %.64s", text))
}
