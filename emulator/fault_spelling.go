// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/service"
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

// spelling is what a SpellingFault does.
type spelling struct {
	name SpellingFault
	part spelledPart
	edit memberEdit // of a session, a conversion or a refusal; nil if the part says all
}

// spelledPart is the part of an answer that a spelling changes.
type spelledPart int

const (
	everySession spelledPart = iota
	everyElement             // session or conversion
	theElement               // that the request names
	firstElement             // of a list
	errorObject              // of a session, a conversion or a refusal
	wholeBody
	retryHeader
)

// memberEdit returns another value for a member of an object, or nil to leave the member out.
type memberEdit func(name string, value json.RawMessage) json.RawMessage

var spellings = []spelling{
	{SpellTimeWithoutZone, everyElement, timeAs("2006-01-02T15:04:05.0000000")},
	{SpellTimeWithSpace, everyElement, timeAs("2006-01-02 15:04:05.0000000-07:00")},
	{SpellTimeLowerCase, everyElement, timeAs("2006-01-02t15:04:05.0000000z")},
	{SpellTimeUnreadable, everyElement, timeAs("yesterday")},
	{SpellNumbersWithPoint, everySession, withPoint},
	{SpellNumbersAsText, everySession, asText},
	{SpellNumbersOutOfRange, everySession, outOfRange},
	{SpellEnumsLowerCase, everyElement, enumsIn(strings.ToLower)},
	{SpellEnumsUpperCase, everyElement, enumsIn(strings.ToUpper)},
	{SpellErrorAsText, errorObject, errorAsText},
	{SpellByteOrderMark, wholeBody, nil},
	{SpellOtherID, theElement, otherID},
	{SpellElementNumber, firstElement, nil},
	{SpellElementWithoutID, firstElement, member("id", nil)},
	{SpellElementIDUnreadable, firstElement, member("id", json.RawMessage(`{"id":1}`))},
	{SpellElementStatusUnreadable, firstElement, member("status", json.RawMessage("5"))},
	{SpellRetryAfterMs, retryHeader, nil},
	{SpellXMSRetryAfterMs, retryHeader, nil},
}

// of returns what a SpellingFault does, and whether it is a known one.
func (name SpellingFault) of() (spelling, bool) {
	i := slices.IndexFunc(spellings, func(s spelling) bool { return s.name == name })
	if i < 0 {
		return spelling{}, false
	}
	return spellings[i], true
}

// operations returns those with answers that a SpellingFault can change.
func (s spelling) operations() []string {
	sessions := []string{service.CreateSession, service.GetSession, service.UpdateSession}
	switch s.part {
	case theElement:
		return append(sessions, service.CreateConversion, service.GetConversion)
	case firstElement:
		return []string{service.ListSessions, service.ListConversions}
	case everySession: // conversions have no such members
		return append(sessions, service.ListSessions)
	}
	all := append(append(sessions, service.ListSessions), conversionOperations...)
	switch s.part {
	case everyElement:
		return all
	case errorObject: // the token service has none
		return append(all, service.StopSession)
	}
	return append(all, service.StopSession, service.GetToken)
}

// apply returns an answer in the spelling.
func (s spelling) apply(a service.Answer) service.Answer {
	if len(a.Body) == 0 || s.part == retryHeader {
		return a
	}
	if s.part == wholeBody {
		a.Body = append([]byte("\xef\xbb\xbf"), a.Body...)
	} else {
		a.Body = s.object(a.Body)
	}
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return a
}

// object spells a body: a session, a conversion, a list or a refusal.
func (s spelling) object(body []byte) []byte {
	return editMembers(body, func(name string, value json.RawMessage) json.RawMessage {
		switch {
		case name == "sessions" || name == "conversions":
			return s.elements(value)
		case s.part == firstElement:
			return value
		}
		return s.edit(name, value)
	})
}

// elements spells the sessions or conversions of a list.
func (s spelling) elements(list json.RawMessage) json.RawMessage {
	var elements []json.RawMessage
	if json.Unmarshal(list, &elements) != nil || len(elements) == 0 {
		return list
	}
	for i := range elements {
		switch {
		case s.part == firstElement && i > 0:
		case s.edit == nil:
			elements[i] = json.RawMessage("17")
		default:
			elements[i] = editMembers(elements[i], s.edit)
		}
	}
	edited, err := json.Marshal(elements)
	if err != nil { // does not happen: they come from JSON
		return list
	}
	return edited
}

// editMembers edits the members of an object, in their order. Other JSON stays as it is.
func editMembers(data []byte, edit memberEdit) []byte {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return data
	}
	var edited memberWriter
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return data
		}
		text, _ := name.(string)
		if value = edit(text, value); value != nil {
			edited.add(text, value)
		}
	}
	object, err := edited.object()
	if err != nil {
		return data
	}
	return object
}

// member returns an edit that replaces the value of one member.
func member(name string, value json.RawMessage) memberEdit {
	return func(each string, old json.RawMessage) json.RawMessage {
		if each == name {
			return value
		}
		return old
	}
}

// textEdit returns an edit of the text of some members.
func textEdit(edit func(string) string, names ...string) memberEdit {
	return func(name string, value json.RawMessage) json.RawMessage {
		var text string
		if !slices.Contains(names, name) || json.Unmarshal(value, &text) != nil {
			return value
		}
		return quotedJSON(edit(text))
	}
}

func timeAs(layout string) memberEdit {
	return textEdit(func(text string) string {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil { // another fault has spelled it
			return text
		}
		return t.Format(layout)
	}, "creationTime")
}

func enumsIn(letterCase func(string) string) memberEdit {
	return textEdit(letterCase, "status", "size")
}

func otherID(name string, value json.RawMessage) json.RawMessage {
	return textEdit(func(id string) string { return "other-" + id }, "id")(name, value)
}

func isNumber(value json.RawMessage) bool {
	_, err := strconv.ParseFloat(string(value), 64)
	return err == nil
}

func withPoint(_ string, value json.RawMessage) json.RawMessage {
	if !isNumber(value) || bytes.ContainsAny(value, ".eE") {
		return value
	}
	return append(slices.Clone(value), ".0"...)
}

func asText(_ string, value json.RawMessage) json.RawMessage {
	if !isNumber(value) {
		return value
	}
	return json.RawMessage(strconv.Quote(string(value)))
}

func outOfRange(_ string, value json.RawMessage) json.RawMessage {
	switch {
	case !isNumber(value):
		return value
	case bytes.ContainsAny(value, ".eE"):
		return json.RawMessage("1e39")
	}
	return json.RawMessage(strconv.Itoa(math.MaxInt32 + 1))
}

func errorAsText(name string, value json.RawMessage) json.RawMessage {
	var detail struct{ Message *string }
	if name != "error" || json.Unmarshal(value, &detail) != nil || detail.Message == nil {
		return value
	}
	return quotedJSON(*detail.Message)
}

func quotedJSON(text string) json.RawMessage {
	data, _ := json.Marshal(text) // cannot fail
	return data
}

// setRetryAfter sets the header that asks a client to wait.
func (name SpellingFault) setRetryAfter(header http.Header, wait time.Duration) {
	if s, known := name.of(); known && s.part == retryHeader {
		header.Set(string(name), strconv.FormatInt(wait.Milliseconds(), 10))
		return
	}
	header.Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
}
