// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Account names a Remote Rendering account. It is a struct because its two strings are easily
// swapped.
type Account struct {
	// ID is the account id, a UUID such as "00000000-1111-2222-3333-444455556666". The portal shows
	// it as "Account ID".
	ID string

	// Domain is the account domain, such as "westeurope.mixedreality.azure.com". The portal shows
	// it as "Account Domain". It names the region in which the account was made and with it the
	// token service, https://sts.<Domain>. It is no rendering endpoint, and its region need not be
	// the one that sessions run in. See [Region.AccountDomain].
	Domain string
}

// SessionSize is the kind of server that a session runs on. The set is open: a value that this
// package does not know is sent, and passed on from answers, as it is.
type SessionSize string

const (
	// SessionSizeStandard renders up to 20 million polygons; beyond that a checkerboard appears
	// instead of the scene.
	SessionSizeStandard SessionSize = "Standard"
	// SessionSizePremium has no such limit; the frame rate falls with the load.
	SessionSizePremium SessionSize = "Premium"
)

// PossibleSessionSizeValues returns the sizes that this package knows.
func PossibleSessionSizeValues() []SessionSize {
	return []SessionSize{SessionSizeStandard, SessionSizePremium}
}

// SessionStatus is the state of a session. The set is open: a value that this package does not know
// is passed on as it is.
type SessionStatus string

const (
	// SessionStatusStarting is the first state: a server is being prepared, which takes from
	// seconds to minutes.
	SessionStatusStarting SessionStatus = "Starting"
	// SessionStatusReady means that a device can connect. The lease, and billing, run from here.
	SessionStatusReady SessionStatus = "Ready"
	// SessionStatusExpired is final: the lease ran out.
	SessionStatusExpired SessionStatus = "Expired"
	// SessionStatusStopped is final: the session was stopped.
	SessionStatusStopped SessionStatus = "Stopped"
	// SessionStatusError is final: the session could not start or became unusable. [Session.Error]
	// says why.
	SessionStatusError SessionStatus = "Error"
)

// PossibleSessionStatusValues returns the states that this package knows.
func PossibleSessionStatusValues() []SessionStatus {
	return []SessionStatus{
		SessionStatusStarting,
		SessionStatusReady,
		SessionStatusExpired,
		SessionStatusStopped,
		SessionStatusError,
	}
}

// Ended reports whether the state is final: Expired, Stopped or Error. No request leads out of such
// a state. A state that this package does not know counts as not ended.
func (s SessionStatus) Ended() bool {
	return s == SessionStatusExpired || s == SessionStatusStopped || s == SessionStatusError
}

// Session is what the service says about a rendering session. It spells absent values in three ways
// (left out, null, zero); here they are all the zero value of the field. All fields are read-only:
// the service ignores them in requests.
//
// A Session marshals to and from the JSON of the wire. There, absent values are left out, times
// have seven fractional digits, and durations are whole minutes, rounded down.
type Session struct {
	// ID is the id that the creator chose. It is case-sensitive.
	ID string

	// Size is the kind of server. It cannot change.
	Size SessionSize

	// Status is the state at the time of the answer.
	Status SessionStatus

	// CreationTime is when the service took the creation, in UTC. The lease does not start here but
	// when the session becomes Ready, seconds to minutes later: to reckon with what is left, use
	// [Session.RemainingLease].
	CreationTime time.Time

	// ElapsedTime is the time spent in Ready, in whole minutes, rounded down by the service. It is
	// 0 while Starting.
	ElapsedTime time.Duration

	// MaxLeaseTime is the length of the lease, in whole minutes: a total since Ready, not what is
	// left of it.
	MaxLeaseTime time.Duration

	// Hostname is the name of the server, for diagnosis. It is present only while Ready. A device
	// opens the session with the session id, the account and an access token; its runtime finds the
	// server by itself.
	Hostname string

	// HandshakePort is the TCP port on which a device opens the connection. It is present only
	// while Ready.
	HandshakePort int32

	// ArrInspectorPort is the TCP port of the ArrInspector web page. It is present only while
	// Ready.
	ArrInspectorPort int32

	// Teraflops is the computing power of the server. It stays present after a session that was
	// Ready has stopped.
	Teraflops float32

	// Error says why the session is in state Error. It is nil otherwise.
	Error *ErrorDetail
}

// ErrorDetail is the error object of the service, in answers with an error status and in sessions
// in state Error. Live answers were seen with Code and Message only.
type ErrorDetail struct {
	// Code is a short name such as "BadRequest" or "Conflict". The set is open.
	Code string `json:"code"`
	// Message is the explanation, for people.
	Message string `json:"message"`
	// Target names what the error is about. It may be empty.
	Target string `json:"target,omitempty"`
	// Details are further errors behind this one. It may be empty.
	Details []ErrorDetail `json:"details,omitempty"`
	// InnerError is a more specific error. It may be nil.
	InnerError *ErrorDetail `json:"innerError,omitempty"`
}

// RemainingLease returns bounds for how much of the lease was left when the service answered; by
// now it is less by the time since then. The service counts whole minutes and gives no time at
// which the session became Ready, so a Ready session has between atLeast and atMost left, a minute
// apart. While Starting the lease has not begun, and both are MaxLeaseTime. Of an ended session
// nothing is left. In a state that this package does not know, atLeast is 0.
func (s Session) RemainingLease() (atLeast, atMost time.Duration) {
	atMost = max(0, s.MaxLeaseTime-s.ElapsedTime)
	switch {
	case s.Status.Ended():
		return 0, 0
	case s.Status == SessionStatusStarting:
		return atMost, atMost
	case s.Status == SessionStatusReady:
		return max(0, atMost-time.Minute), atMost
	default:
		return 0, atMost
	}
}

// wireSession is Session as the service writes it.
type wireSession struct {
	ID                  string        `json:"id"`
	CreationTime        string        `json:"creationTime,omitempty"`
	ArrInspectorPort    int32         `json:"arrInspectorPort,omitempty"`
	HandshakePort       int32         `json:"handshakePort,omitempty"`
	ElapsedTimeMinutes  int32         `json:"elapsedTimeMinutes"`
	Hostname            string        `json:"hostname,omitempty"`
	MaxLeaseTimeMinutes int32         `json:"maxLeaseTimeMinutes"`
	Size                SessionSize   `json:"size"`
	Status              SessionStatus `json:"status"`
	Teraflops           float32       `json:"teraflops,omitempty"`
	Error               *ErrorDetail  `json:"error,omitempty"`
}

// wireTimeLayout is how the service writes times: seven fractional digits and a numeric offset,
// "+00:00".
const wireTimeLayout = "2006-01-02T15:04:05.0000000-07:00"

// MarshalJSON implements [json.Marshaler] with the wire form.
func (s Session) MarshalJSON() ([]byte, error) {
	wire := wireSession{
		ID:                  s.ID,
		ArrInspectorPort:    s.ArrInspectorPort,
		HandshakePort:       s.HandshakePort,
		ElapsedTimeMinutes:  minutes(s.ElapsedTime),
		Hostname:            s.Hostname,
		MaxLeaseTimeMinutes: minutes(s.MaxLeaseTime),
		Size:                s.Size,
		Status:              s.Status,
		Teraflops:           s.Teraflops,
		Error:               s.Error,
	}
	if !s.CreationTime.IsZero() {
		wire.CreationTime = s.CreationTime.UTC().Format(wireTimeLayout)
	}
	return json.Marshal(wire)
}

// UnmarshalJSON implements [json.Unmarshaler] with the wire form. It replaces the whole Session. A
// member of the wrong type or a time that is not RFC 3339 is an error; members that it does not
// know are ignored.
func (s *Session) UnmarshalJSON(data []byte) error {
	var wire wireSession
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	if max(wire.ElapsedTimeMinutes, wire.MaxLeaseTimeMinutes) > mostMinutes ||
		min(wire.ElapsedTimeMinutes, wire.MaxLeaseTimeMinutes) < -mostMinutes {
		return fmt.Errorf("session %q: more minutes than a time.Duration can hold", wire.ID)
	}
	session := Session{
		ID:               wire.ID,
		Size:             wire.Size,
		Status:           wire.Status,
		ElapsedTime:      time.Duration(wire.ElapsedTimeMinutes) * time.Minute,
		MaxLeaseTime:     time.Duration(wire.MaxLeaseTimeMinutes) * time.Minute,
		Hostname:         wire.Hostname,
		HandshakePort:    wire.HandshakePort,
		ArrInspectorPort: wire.ArrInspectorPort,
		Teraflops:        wire.Teraflops,
		Error:            wire.Error,
	}
	if wire.CreationTime != "" {
		created, err := time.Parse(time.RFC3339, wire.CreationTime)
		if err != nil {
			return fmt.Errorf("creationTime: %w", err)
		}
		session.CreationTime = created.UTC()
	}
	*s = session
	return nil
}

// mostMinutes is how many minutes a [time.Duration] can hold.
const mostMinutes = int32(math.MaxInt64 / time.Minute)

// minutes returns the whole minutes in d, rounded down.
func minutes(d time.Duration) int32 { return int32(d / time.Minute) }

// NewSessionID returns a new random session id, a UUID in lower case.
func NewSessionID() string {
	var id [16]byte
	// never fails: the runtime ends the program if the system has no randomness
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
