// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/sizeadvice"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// Account identifies a Remote Rendering account. It is a struct because its two strings are easily
// confused.
type Account struct {
	// ID is the account id, a UUID such as "00000000-1111-2222-3333-444455556666". The portal shows
	// it as "Account ID".
	ID string

	// Domain is the account domain, such as "westeurope.mixedreality.azure.com". The portal shows
	// it as "Account Domain". It names the region in which the account was created, and the token
	// service, https://sts.<Domain>. It is not a rendering endpoint, and sessions may run in other
	// regions. See [Region.AccountDomain].
	Domain string
}

// SessionSize is the kind of server that a session runs on. The client sends and returns values
// that this package does not know as they are. It returns known values in the spelling of the
// constants, whatever the case of their letters in the answer.
type SessionSize string

const (
	// SessionSizeStandard renders up to 20 million polygons. Above that, a checkerboard appears
	// instead of the scene.
	SessionSizeStandard SessionSize = "Standard"
	// SessionSizePremium has no such limit. The frame rate falls with the load.
	SessionSizePremium SessionSize = "Premium"
)

// PossibleSessionSizeValues returns the sizes that this package knows.
func PossibleSessionSizeValues() []SessionSize { return slices.Clone(sizes) }

var sizes = []SessionSize{SessionSizeStandard, SessionSizePremium}

// SessionStatus is the state of a session. The client returns values that this package does not
// know as they are, and known values in the spelling of the constants.
type SessionStatus string

const (
	// SessionStatusStarting is the first state: a server is being prepared, which takes seconds to
	// minutes.
	SessionStatusStarting SessionStatus = "Starting"
	// SessionStatusReady means that a device can connect. The lease and billing start here.
	SessionStatusReady SessionStatus = "Ready"
	// SessionStatusExpired is final: the lease ended.
	SessionStatusExpired SessionStatus = "Expired"
	// SessionStatusStopped is final: the session was stopped.
	SessionStatusStopped SessionStatus = "Stopped"
	// SessionStatusError is final: the session could not start, or became unusable. [Session.Error]
	// says why.
	SessionStatusError SessionStatus = "Error"
)

// PossibleSessionStatusValues returns the states that this package knows.
func PossibleSessionStatusValues() []SessionStatus { return slices.Clone(statuses) }

var statuses = []SessionStatus{
	SessionStatusStarting,
	SessionStatusReady,
	SessionStatusExpired,
	SessionStatusStopped,
	SessionStatusError,
}

// Ended reports whether the state is final: Expired, Stopped or Error. A state that this package
// does not know is not final.
func (s SessionStatus) Ended() bool {
	return s == SessionStatusExpired || s == SessionStatusStopped || s == SessionStatusError
}

// Session is a rendering session as the service describes it. The service omits absent values, or
// sends null or zero; here, absent values are the zero value of the field. A member of an answer
// that cannot be read, other than id and status, counts as absent too; its name is written to
// azcore's log once. All fields are read-only: the service ignores them in requests.
//
// A Session marshals to and from the JSON of the service. Absent values are omitted, times have
// seven fractional digits, and durations are whole minutes, rounded down.
type Session struct {
	// ID is the id that the creator chose. It is case-sensitive.
	ID string

	// Size is the kind of server. It cannot change.
	Size SessionSize

	// Status is the state at the time of the answer.
	Status SessionStatus

	// CreationTime is when the service accepted the create, in UTC. The lease starts later, when
	// the session becomes Ready. For the rest of the lease, use [Session.RemainingLease].
	CreationTime time.Time

	// ElapsedTime is the time spent in Ready, in whole minutes, rounded down by the service. It is
	// 0 while Starting, and if the service does not say.
	ElapsedTime time.Duration

	// MaxLeaseTime is the length of the lease in whole minutes: the total from Ready on, not the
	// rest.
	MaxLeaseTime time.Duration

	// Hostname is the name of the server, for diagnostics. It is set only while Ready. The runtime
	// on a device does not need it: it finds the server by session id, account and access token.
	Hostname string

	// HandshakePort is the TCP port to which a device connects first. It is set only while Ready.
	HandshakePort int32

	// ArrInspectorPort is the TCP port of the ArrInspector web page. It is set only while Ready.
	ArrInspectorPort int32

	// Teraflops is the computing power of the server. It remains set after a Ready session has
	// stopped.
	Teraflops float32

	// Error says why the session is in state Error. Otherwise it is nil.
	Error *ErrorDetail

	elapsedUnknown bool // the service does not say how long it is Ready
}

// ErrorDetail is the error object of the service, in refusals and in sessions in state Error. The
// hosted service was seen to set only Code and Message.
type ErrorDetail struct {
	// Code is a short name such as "BadRequest" or "Conflict". The set of codes is open.
	Code string `json:"code"`
	// Message explains the error to a person.
	Message string `json:"message"`
	// Target names what the error is about. It may be empty.
	Target string `json:"target,omitempty"`
	// Details contains further errors that led to this one. It may be empty.
	Details []ErrorDetail `json:"details,omitempty"`
	// InnerError is a more specific error. It may be nil.
	InnerError *ErrorDetail `json:"innerError,omitempty"`
}

// RemainingLease returns bounds for the rest of the lease at the time of the answer. Subtract the
// time elapsed since.
//
// The service counts whole minutes and does not say when the session became Ready. So the bounds of
// a Ready session are a minute apart, or, if the service does not say how long it is Ready, 0 and
// MaxLeaseTime. While Starting, the lease has not begun, and both bounds are
// MaxLeaseTime. Both are 0 if the session has ended. In a state that this package does not know,
// atLeast is 0.
func (s Session) RemainingLease() (atLeast, atMost time.Duration) {
	atMost = max(0, s.MaxLeaseTime-s.ElapsedTime)
	switch {
	case s.Status.Ended():
		return 0, 0
	case s.Status == SessionStatusStarting:
		return atMost, atMost
	case s.Status == SessionStatusReady && !s.elapsedUnknown:
		return max(0, atMost-time.Minute), atMost
	default:
		return 0, atMost
	}
}

// MarshalJSON implements [json.Marshaler] with the JSON of the service.
func (s Session) MarshalJSON() ([]byte, error) {
	elapsed := minutes(s.ElapsedTime)
	w := wire.Session{
		ID:                  s.ID,
		ArrInspectorPort:    s.ArrInspectorPort,
		HandshakePort:       s.HandshakePort,
		ElapsedTimeMinutes:  &elapsed,
		Hostname:            s.Hostname,
		MaxLeaseTimeMinutes: minutes(s.MaxLeaseTime),
		Size:                string(s.Size),
		Status:              string(s.Status),
		Teraflops:           s.Teraflops,
		Error:               s.Error.wire(),
	}
	if !s.CreationTime.IsZero() {
		w.CreationTime = s.CreationTime.UTC().Format(wire.TimeLayout)
	}
	return json.Marshal(w)
}

// UnmarshalJSON implements [json.Unmarshaler] with the JSON of the service. It replaces the whole
// Session. A member that cannot be read counts as absent, and unknown members are ignored, as in
// answers of the service. Text that is not a JSON object is an error, and so is an id or a status
// that is not a string.
func (s *Session) UnmarshalJSON(data []byte) error {
	read, _, err := wire.ReadSession(data)
	if err != nil {
		return err
	}
	*s = newSession(&read)
	return nil
}

// newSession converts a session of the service.
func newSession(w *wire.Session) Session {
	var elapsed time.Duration
	if w.ElapsedTimeMinutes != nil {
		elapsed = time.Duration(*w.ElapsedTimeMinutes) * time.Minute
	}
	status := canonical(SessionStatus(w.Status), statuses)
	return Session{
		ID:               w.ID,
		Size:             canonical(SessionSize(w.Size), sizes),
		Status:           status,
		CreationTime:     w.Created,
		ElapsedTime:      elapsed,
		MaxLeaseTime:     time.Duration(w.MaxLeaseTimeMinutes) * time.Minute,
		Hostname:         w.Hostname,
		HandshakePort:    w.HandshakePort,
		ArrInspectorPort: w.ArrInspectorPort,
		Teraflops:        w.Teraflops,
		Error:            newErrorDetail(w.Error),
		elapsedUnknown:   w.ElapsedTimeMinutes == nil && status == SessionStatusReady,
	}
}

// canonical returns the known value that differs from value in nothing but the case of letters and
// outer spaces. Other values are returned as they are.
func canonical[T ~string](value T, known []T) T {
	trimmed := strings.TrimSpace(string(value))
	for _, k := range known {
		if strings.EqualFold(trimmed, string(k)) {
			return k
		}
	}
	return value
}

func newErrorDetail(w *wire.Error) *ErrorDetail {
	if w == nil {
		return nil
	}
	e := &ErrorDetail{
		Code:       w.Code,
		Message:    w.Message,
		Target:     w.Target,
		InnerError: newErrorDetail(w.InnerError),
	}
	for i := range w.Details {
		e.Details = append(e.Details, *newErrorDetail(&w.Details[i]))
	}
	return e
}

func (e *ErrorDetail) wire() *wire.Error {
	if e == nil {
		return nil
	}
	w := &wire.Error{
		Code:       e.Code,
		Message:    e.Message,
		Target:     e.Target,
		InnerError: e.InnerError.wire(),
	}
	for i := range e.Details {
		w.Details = append(w.Details, *e.Details[i].wire())
	}
	return w
}

// minutes returns the whole minutes in d, rounded down.
func minutes(d time.Duration) int32 { return int32(d / time.Minute) }

// NewSessionID returns a new random session id: a UUID in lower case.
func NewSessionID() string { return naming.NewUUID() }

// CreateSessionSettings contains the settings of a new session.
type CreateSessionSettings struct {
	// Size is the kind of server. It is required and cannot change later.
	Size SessionSize

	// MaxLeaseTime is how long the session lives from Ready on, unless it is stopped earlier or
	// extended. It is a whole number of minutes; the service accepts at most 24 hours. The session
	// is billed until it is stopped or the lease ends, used or not.
	MaxLeaseTime time.Duration
}

// UpdateSessionSettings contains the settings of a session that can change.
type UpdateSessionSettings struct {
	// MaxLeaseTime is the new length of the lease: the total from Ready on, not the time to add. It
	// is a whole number of minutes. The service accepts values above the current one and below 24
	// hours, that is, 1439 minutes at most.
	MaxLeaseTime time.Duration
}

// BeginCreateSessionOptions contains the optional parameters of [SessionsClient.BeginCreate].
type BeginCreateSessionOptions struct {
	// ResumeToken is a token from [SessionPoller.ResumeToken]. With it, BeginCreate returns a
	// poller for the session of the token and sends no request. The session id must be that of the
	// token; the settings are ignored.
	ResumeToken string
}

// BeginWaitSessionOptions contains the optional parameters of [SessionsClient.BeginWait]. It is
// empty.
type BeginWaitSessionOptions struct{}

// GetSessionOptions contains the optional parameters of [SessionsClient.Get]. It is empty.
type GetSessionOptions struct{}

// UpdateSessionOptions contains the optional parameters of [SessionsClient.Update]. It is empty.
type UpdateSessionOptions struct{}

// StopSessionOptions contains the optional parameters of [SessionsClient.Stop]. It is empty.
type StopSessionOptions struct{}

// ListSessionsOptions contains the optional parameters of [SessionsClient.NewListPager] and
// [SessionsClient.All]. It is empty.
type ListSessionsOptions struct{}

// CreateSessionResponse is the session in the last answer to a poller. It marshals like its
// [Session], without the correlation vector, and so do the other responses.
type CreateSessionResponse struct {
	Session
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// GetSessionResponse is the answer to [SessionsClient.Get].
type GetSessionResponse struct {
	Session
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// UpdateSessionResponse is the answer to [SessionsClient.Update].
type UpdateSessionResponse struct {
	Session
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// StopSessionResponse is the answer to [SessionsClient.Stop].
type StopSessionResponse struct {
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// ListSessionsResponse is one page of sessions.
type ListSessionsResponse struct {
	// Sessions contains the sessions on this page. A page may be empty although others follow.
	Sessions []Session
	// NextLink is the address of the next page, as the service returned it. It is empty on the last
	// page.
	NextLink string
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// MaxStandardPolygons is how many polygons a session of size Standard shows. Above it, the service
// shows a checkerboard in place of the scene. Premium has no hard limit (documentation, "Server
// sizes").
const MaxStandardPolygons = sizeadvice.MaxStandard

// SizeAdvice is the size of session that shows one model. The polygons of several models in one
// session add up.
type SizeAdvice struct {
	// Size is Standard for up to [MaxStandardPolygons], otherwise Premium.
	Size SessionSize
	// Polygons is the number of triangles in the model, each part counted once.
	Polygons uint64
	// AtMost is the largest number of triangles that the session can have to draw. It is larger than
	// Polygons if the scene shows parts more than once.
	AtMost uint64
}

// Certain reports whether Size is right however often the scene shows its parts. If it is not,
// Standard may turn out too small.
func (a SizeAdvice) Certain() bool {
	return a.Size != SessionSizeStandard || a.AtMost <= MaxStandardPolygons
}

// NewSizeAdvice returns the advice for a converted model. info is the content of the info file,
// <asset>.info.json, that the conversion leaves beside its result; its inputStatistics are what
// counts. It is an error if it does not say how many faces the model has.
func NewSizeAdvice(info []byte) (SizeAdvice, error) {
	advice, err := sizeadvice.FromInfo(info)
	if err != nil {
		return SizeAdvice{}, err
	}
	return SizeAdvice{SessionSize(advice.Size), advice.Polygons, advice.AtMost}, nil
}
