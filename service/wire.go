// SPDX-License-Identifier: MIT

package service

import (
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// creationTimeLayout has up to seven fractional digits without trailing zeros, and a numeric
// offset, as recorded.
const creationTimeLayout = "2006-01-02T15:04:05.9999999-07:00"

// The structs of this file spell bodies independently of those of the client, so that each is a
// witness of the protocol for the other.

// wireSession is a session in the spelling of May 2021, members in the recorded order.
type wireSession struct {
	ID                  string    `json:"id"`
	CreationTime        string    `json:"creationTime"`
	ArrInspectorPort    int32     `json:"arrInspectorPort,omitempty"`
	HandshakePort       int32     `json:"handshakePort,omitempty"`
	ElapsedTimeMinutes  int64     `json:"elapsedTimeMinutes"`
	Hostname            *string   `json:"hostname,omitempty"`
	MaxLeaseTimeMinutes int64     `json:"maxLeaseTimeMinutes"`
	Size                string    `json:"size"`
	Status              string    `json:"status"`
	Teraflops           teraflops `json:"teraflops,omitempty"`
	Error               any       `json:"error,omitempty"`
}

// wireSessionWithNulls is the same in the spelling of January 2021.
type wireSessionWithNulls struct {
	ID                  string    `json:"id"`
	CreationTime        string    `json:"creationTime"`
	ArrInspectorPort    int32     `json:"arrInspectorPort"`
	HandshakePort       int32     `json:"handshakePort"`
	ElapsedTimeMinutes  int64     `json:"elapsedTimeMinutes"`
	Hostname            *string   `json:"hostname"`
	MaxLeaseTimeMinutes int64     `json:"maxLeaseTimeMinutes"`
	Size                string    `json:"size"`
	Status              string    `json:"status"`
	Teraflops           teraflops `json:"teraflops"`
	Error               any       `json:"error"`
}

func wireSessionOf(s azremoterendering.Session, absent AbsentValues) any {
	wire := wireSession{
		ID:                  s.ID,
		CreationTime:        s.CreationTime.UTC().Format(creationTimeLayout),
		ArrInspectorPort:    s.ArrInspectorPort,
		HandshakePort:       s.HandshakePort,
		ElapsedTimeMinutes:  int64(s.ElapsedTime / time.Minute),
		Hostname:            optional(s.Hostname),
		MaxLeaseTimeMinutes: int64(s.MaxLeaseTime / time.Minute),
		Size:                string(s.Size),
		Status:              string(s.Status),
		Teraflops:           teraflops(s.Teraflops),
		Error:               wireErrorOf(s.Error, absent),
	}
	if absent == AbsentNull {
		return wireSessionWithNulls(wire)
	}
	return wire
}

// teraflops is written with at least one fractional digit, as recorded: 0.0.
type teraflops float32

// MarshalJSON implements [json.Marshaler].
func (t teraflops) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(t), 'f', -1, 32)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// wireError is an error object in the spelling of May 2021.
type wireError struct {
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Details    []any   `json:"details,omitempty"`
	Target     *string `json:"target,omitempty"`
	InnerError any     `json:"innerError,omitempty"`
}

// wireErrorWithNulls is the same in the spelling of January 2021.
type wireErrorWithNulls struct {
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Details    []any   `json:"details"`
	Target     *string `json:"target"`
	InnerError any     `json:"innerError"`
}

func wireErrorOf(detail *azremoterendering.ErrorDetail, absent AbsentValues) any {
	if detail == nil {
		return nil
	}
	wire := wireError{
		Code:       detail.Code,
		Message:    detail.Message,
		Target:     optional(detail.Target),
		InnerError: wireErrorOf(detail.InnerError, absent),
	}
	for i := range detail.Details {
		wire.Details = append(wire.Details, wireErrorOf(&detail.Details[i], absent))
	}
	if absent == AbsentNull {
		return wireErrorWithNulls(wire)
	}
	return wire
}

// wireList is a page of the list. Without a next page it has no @nextLink in either spelling.
type wireList struct {
	Sessions []any  `json:"sessions"`
	NextLink string `json:"@nextLink,omitempty"`
}

// wireErrorBody is the body of a refused request.
type wireErrorBody struct {
	Error any `json:"error"`
}

// wireToken is the body of a token answer.
type wireToken struct {
	AccessToken string `json:"AccessToken"`
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
