// SPDX-License-Identifier: MIT

package emulator

import (
	"time"

	"github.com/arr-go/azremoterendering"
)

// Fault is a misbehaviour: which requests it affects, and what happens to them. The zero value of a
// field means any request, or no effect. Put it in force with [Emulator.Inject] or
// [Options.Faults]. As text it is what [ParseFault] reads and [Fault.String] writes. As JSON its
// members are the fields in lower camel case, such as "retryAfter"; durations are text such as
// "2s".
//
// A fault affects a request, authorized or not, if path and method are those of an operation and
// all the fields that select requests match.
type Fault struct {
	// Name identifies the fault in the log, in the list of faults and in errors: at most 128
	// printable characters. The default is made from the effects.
	Name string

	// Operation is the operation of the request: "CreateSession", "GetSession", "UpdateSession",
	// "StopSession", "ListSessions", "CreateConversion", "GetConversion", "ListConversions" or
	// "GetToken", or in short "create", "get", "update", "stop", "list", "create-conversion",
	// "get-conversion", "list-conversions", "token". Empty means all on which the other fields can
	// have an effect: with Start only CreateSession, for example.
	Operation string

	// AccountID is the account in the path of the request. It must be one of the emulator's. Empty
	// means any, known or not.
	AccountID string

	// Session is the id of the session in the path, or a pattern in which each * stands for any
	// number of characters. Requests that name no session, to list or for a token, do not match.
	Session string

	// ConversionID is the same for the id of the conversion in the path.
	ConversionID string

	// Skip is how many matching requests pass unaffected first.
	Skip int

	// Count is how many requests are affected at most, after Skip. 0 means no limit.
	Count int

	// Probability is the chance that a request is affected, if Skip and Count allow it: above 0 and
	// at most 1. The default, 0, means always. [Options.Seed] makes the draws repeatable.
	Probability float64

	// For is how long the fault is in force, on the [Clock], at most 24 hours. Then it is removed.
	// The default, 0, means until it is removed.
	For time.Duration

	// Delay is how long the request waits before it is performed, at most 24 hours. If the client
	// leaves in the meantime, the request is never performed.
	Delay time.Duration

	// Status is answered instead of performing the request, which then does not count for
	// [Options.RateLimit]: 200 to 599. Above 399, all but 401, 403, 404 and 429 have a body with an
	// error, as those of the service do; others have no body.
	Status int

	// AfterEffect performs the request before Status is answered: a session is created, and the
	// client does not learn of it.
	AfterEffect bool

	// RetryAfter is the header of that name on the answer with Status: whole seconds, at most 24
	// hours. Two values of Spelling put it into another header, in whole milliseconds.
	RetryAfter time.Duration

	// Challenge is WWW-Authenticate on Status 401, and on 400, which the token service answers with
	// one: "" is as [Decisions.OmitChallenge] says, "none" leaves it out, anything else is its
	// value, of at most 1024 printable ASCII characters.
	Challenge string

	// Drop breaks the connection without an answer. Over HTTP/2 it resets the stream instead.
	Drop Drop

	// Body corrupts the body of the answer. Only BodyInvalid changes a body that is empty anyway.
	Body BodyFault

	// SlowFor is how long BodySlow takes, at most 24 hours. The default is 5 seconds.
	SlowFor time.Duration

	// ShowStatus and ShowSize replace the status and size of sessions in the answer: at most 64
	// printable ASCII characters. The sessions themselves, and their other members, do not change.
	// ShowStatus does the same with conversions.
	ShowStatus azremoterendering.SessionStatus
	ShowSize   azremoterendering.SessionSize

	// NextLink corrupts @nextLink on the pages of lists.
	NextLink NextLinkFault

	// Start is what happens to a session that the request creates. A request that finds the session
	// already there changes nothing.
	Start StartFault

	// DieAfter is the time since Ready at which StartDies lets the session go to Error, unless its
	// lease ends before: at most 24 hours. The default is one minute.
	DieAfter time.Duration

	// ReadLag is for how long reads do not show a session that the request creates: GetSession
	// answers 404, and the list leaves it out. The other operations find it. At most 24 hours.
	ReadLag time.Duration

	// Conversion is what happens to a conversion that the request creates. A request that finds the
	// conversion already there changes nothing.
	Conversion ConversionFault

	// Spelling is an odd spelling of the answer. Those of several faults add up.
	Spelling SpellingFault
}

// Drop says when a connection breaks. The client cannot tell the two apart.
type Drop string

// The values of [Fault.Drop].
const (
	// DropBefore breaks it instead of performing the request.
	DropBefore Drop = "before"
	// DropAfter performs the request first.
	DropAfter Drop = "after"
)

// BodyFault says what is wrong with the body of an answer.
type BodyFault string

// The values of [Fault.Body].
const (
	// BodyTruncated announces the whole length, sends one half of the body, and breaks the
	// connection.
	BodyTruncated BodyFault = "truncated"
	// BodyInvalid sends a page of HTML as application/json, as a proxy on the way might, unless the
	// status has no body.
	BodyInvalid BodyFault = "invalid"
	// BodyEmpty sends no body.
	BodyEmpty BodyFault = "empty"
	// BodySlow sends the body in ten pieces over the time of [Fault.SlowFor].
	BodySlow BodyFault = "slow"
)

// NextLinkFault says what is wrong with the link to the next page of a list.
type NextLinkFault string

// The values of [Fault.NextLink].
const (
	// NextLinkForeign leads to https://foreign.invalid, on every page.
	NextLinkForeign NextLinkFault = "foreign"
	// NextLinkRelative leaves scheme and host out of the link, on the pages that have one.
	NextLinkRelative NextLinkFault = "relative"
	// NextLinkLoop leads back to the page on which it stands, on every page.
	NextLinkLoop NextLinkFault = "loop"
)

// StartFault says what happens to a new session. In each case it counts for [Options.Capacity]
// until its end.
type StartFault string

// The values of [Fault.Start].
const (
	// StartFails lets it go to Error after the start-up time. A [Backend] is not asked for a
	// server.
	StartFails StartFault = "fails"
	// StartDies lets it become Ready as usual, and go to Error the time of [Fault.DieAfter] later.
	StartDies StartFault = "dies"
	// StartNever leaves it Starting until it is stopped. A Backend is not asked for a server.
	StartNever StartFault = "never"
	// StartNoCapacity lets it go to Error with code CapacityExceeded after the start-up time. A
	// Backend is not asked for a server.
	StartNoCapacity StartFault = "no-capacity"
)

const (
	defaultSlowFor  = 5 * time.Second
	defaultDieAfter = time.Minute
)

// FaultState is a fault in force.
type FaultState struct {
	// ID numbers the faults of an emulator in the order of their injection, from 1.
	ID int
	// Fault is the fault with its defaults filled in and its operation named in full.
	Fault
	// Matched is how many requests matched, and Affected how many of them were affected. A request
	// that an earlier fault answered counts for neither.
	Matched, Affected int
}

// ConversionFault says what happens to a new conversion, with [Options.Storage] too: then storage
// is neither read nor written. The times of [ConversionOptions.Times] hold.
type ConversionFault string

// The values of [Fault.Conversion].
const (
	// ConversionFails lets it fail with code ConversionProcessFailed, as with input that is no
	// model.
	ConversionFails ConversionFault = "fails"
	// ConversionMissingAsset lets it fail as if its asset did not exist; see [Vintage].
	ConversionMissingAsset ConversionFault = "missing-asset"
	// ConversionCancelled lets it end as Cancelled. The service has no request for that.
	ConversionCancelled ConversionFault = "cancelled"
	// ConversionNever leaves it Running until it is forgotten.
	ConversionNever ConversionFault = "never"
	// ConversionNoAccess refuses the creation with 403 and code DelegatedResourceAccessError, as
	// if a container had no SAS and were not linked.
	ConversionNoAccess ConversionFault = "no-access"
)

// SpellingFault is an odd spelling of an answer. The service was not seen to use it, but other
// versions of it or programs on the way may; a client should read it, or ignore the odd part.
type SpellingFault string

// The values of [Fault.Spelling].
const (
	// SpellTimeWithoutZone leaves the zone out of creation times.
	SpellTimeWithoutZone SpellingFault = "time-without-zone"
	// SpellTimeWithSpace writes creation times with a space instead of the T.
	SpellTimeWithSpace SpellingFault = "time-with-space"
	// SpellTimeLowerCase writes creation times with t and z: 2021-05-04t10:11:12.1234567z.
	SpellTimeLowerCase SpellingFault = "time-lower-case"
	// SpellTimeUnreadable writes "yesterday" for creation times.
	SpellTimeUnreadable SpellingFault = "time-unreadable"
	// SpellNumbersWithPoint writes 30.0 for 30.
	SpellNumbersWithPoint SpellingFault = "numbers-with-point"
	// SpellNumbersAsText writes "30" for 30.
	SpellNumbersAsText SpellingFault = "numbers-as-text"
	// SpellNumbersOutOfRange writes numbers that 32 bits do not hold.
	SpellNumbersOutOfRange SpellingFault = "numbers-out-of-range"
	// SpellNumbersNaN writes NaN, which is not JSON, for the teraflops of sessions.
	SpellNumbersNaN SpellingFault = "numbers-nan"
	// SpellTextWithLineBreak begins host names and messages with a line break that is not escaped,
	// which is not JSON.
	SpellTextWithLineBreak SpellingFault = "text-with-line-break"
	// SpellEnumsLowerCase writes statuses and sizes in lower case.
	SpellEnumsLowerCase SpellingFault = "enums-lower-case"
	// SpellEnumsUpperCase writes statuses and sizes in upper case.
	SpellEnumsUpperCase SpellingFault = "enums-upper-case"
	// SpellErrorAsText writes error objects, those of sessions, conversions and refusals, as their
	// message.
	SpellErrorAsText SpellingFault = "error-as-text"
	// SpellByteOrderMark begins bodies with a byte order mark.
	SpellByteOrderMark SpellingFault = "byte-order-mark"
	// SpellOtherID answers about a session or conversion with another id, "other-" and the right
	// one.
	SpellOtherID SpellingFault = "other-id"
	// SpellElementNumber writes a number in place of the first element, a session or conversion, on
	// each page of a list.
	SpellElementNumber SpellingFault = "element-number"
	// SpellElementWithoutID leaves the id of the first element on each page of a list out.
	SpellElementWithoutID SpellingFault = "element-without-id"
	// SpellElementIDUnreadable writes an object as the id of the first element on each page.
	SpellElementIDUnreadable SpellingFault = "element-id-unreadable"
	// SpellElementStatusUnreadable writes a number as the status of the first element on each page.
	SpellElementStatusUnreadable SpellingFault = "element-status-unreadable"
	// SpellRetryAfterMs sends [Fault.RetryAfter] in milliseconds, in a header retry-after-ms.
	SpellRetryAfterMs SpellingFault = "retry-after-ms"
	// SpellXMSRetryAfterMs sends it in a header x-ms-retry-after-ms.
	SpellXMSRetryAfterMs SpellingFault = "x-ms-retry-after-ms"
)
