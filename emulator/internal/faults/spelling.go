// SPDX-License-Identifier: MIT

package faults

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/service"
)

// Spelling is an odd spelling of an answer.
type Spelling struct {
	name string
	part spelledPart
	edit memberEdit // of a session, a conversion or a refusal; nil if the part says all

	// whole changes a body so that its members can no longer be edited. It comes after all edits.
	whole func(body []byte) []byte
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

var spellings = []Spelling{
	{name: "time-without-zone", part: everyElement, edit: timeAs("2006-01-02T15:04:05.0000000")},
	{name: "time-with-space", part: everyElement, edit: timeAs("2006-01-02 15:04:05.0000000-07:00")},
	{name: "time-lower-case", part: everyElement, edit: timeAs("2006-01-02t15:04:05.0000000z")},
	{name: "time-unreadable", part: everyElement, edit: timeAs("yesterday")},
	{name: "numbers-with-point", part: everySession, edit: withPoint},
	{name: "numbers-as-text", part: everySession, edit: asText},
	{name: "numbers-out-of-range", part: everySession, edit: outOfRange},
	{name: "enums-lower-case", part: everyElement, edit: enumsIn(strings.ToLower)},
	{name: "enums-upper-case", part: everyElement, edit: enumsIn(strings.ToUpper)},
	{name: "error-as-text", part: errorObject, edit: errorAsText},
	{name: "numbers-nan", part: everySession, whole: withNaN},
	{name: "text-with-line-break", part: errorObject, whole: withLineBreak},
	{name: "byte-order-mark", part: wholeBody, whole: withByteOrderMark},
	{name: "other-id", part: theElement, edit: otherID},
	{name: "element-number", part: firstElement},
	{name: "element-without-id", part: firstElement, edit: member("id", nil)},
	{name: "element-id-unreadable", part: firstElement, edit: member("id", json.RawMessage(`{"id":1}`))},
	{name: "element-status-unreadable", part: firstElement, edit: member("status", json.RawMessage("5"))},
	{name: "retry-after-ms", part: retryHeader},
	{name: "x-ms-retry-after-ms", part: retryHeader},
}

// FindSpelling returns the spelling with a name, and whether it is a known one.
func FindSpelling(name string) (s Spelling, known bool) {
	i := slices.IndexFunc(spellings, func(s Spelling) bool { return s.name == name })
	if i < 0 {
		return Spelling{}, false
	}
	return spellings[i], true
}

// SpellingNames returns the names of all spellings.
func SpellingNames() (names []string) {
	for _, s := range spellings {
		names = append(names, s.name)
	}
	return names
}

// InHeader reports whether the spelling is that of a header and changes no body.
func (s Spelling) InHeader() bool { return s.part == retryHeader }

// InErrors reports whether the spelling changes bodies of refusals.
func (s Spelling) InErrors() bool { return s.part == errorObject || s.part == wholeBody }

// Operations returns those with answers that the spelling can change.
func (s Spelling) Operations() []string {
	session := []string{service.CreateSession, service.GetSession, service.UpdateSession}
	conversion := []string{service.CreateConversion, service.GetConversion}
	switch s.part {
	case theElement:
		return append(session, conversion...)
	case firstElement:
		return []string{service.ListSessions, service.ListConversions}
	case everySession: // conversions have no such members
		return append(session, service.ListSessions)
	}
	all := slices.Concat(session, []string{service.ListSessions}, conversion,
		[]string{service.ListConversions})
	switch s.part {
	case everyElement:
		return all
	case errorObject: // the token service has none
		return append(all, service.StopSession)
	}
	return append(all, service.StopSession, service.GetToken)
}

// apply returns an answer in the spelling.
func (s Spelling) apply(a service.Answer) service.Answer {
	if len(a.Body) == 0 || s.part == retryHeader {
		return a
	}
	if s.whole != nil {
		a.Body = s.whole(a.Body)
	} else {
		a.Body = s.object(a.Body)
	}
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return a
}

// object spells a body: a session, a conversion, a list or a refusal.
func (s Spelling) object(body []byte) []byte {
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
func (s Spelling) elements(list json.RawMessage) json.RawMessage {
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
	var edited ObjectWriter
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return data
		}
		text, _ := name.(string)
		if value = edit(text, value); value != nil {
			edited.Add(text, value)
		}
	}
	object, err := edited.Object()
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

// SetRetryAfter sets the header that asks a client to wait, in a spelling, which may be empty.
func SetRetryAfter(header http.Header, spelling string, wait time.Duration) {
	if s, known := FindSpelling(spelling); known && s.InHeader() {
		header.Set(spelling, strconv.FormatInt(wait.Milliseconds(), 10))
		return
	}
	header.Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
}

var (
	teraflops = regexp.MustCompile(`"teraflops":[0-9.]+`)
	someText  = regexp.MustCompile(`"(hostname|message)":"`)
)

func withNaN(body []byte) []byte {
	return teraflops.ReplaceAll(body, []byte(`"teraflops":NaN`))
}

func withLineBreak(body []byte) []byte {
	return someText.ReplaceAll(body, []byte("$0\n"))
}

func withByteOrderMark(body []byte) []byte {
	return append([]byte("\xef\xbb\xbf"), body...)
}

// Spell returns an answer in spellings: those of the whole body last, because after them no member
// can be edited.
func Spell(a service.Answer, names []string) service.Answer {
	for _, last := range []bool{false, true} {
		for _, name := range names {
			if s, known := FindSpelling(name); known && (s.whole != nil) == last {
				a = s.apply(a)
			}
		}
	}
	return a
}
