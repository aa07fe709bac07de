// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"fmt"

	"github.com/arr-go/azremoterendering/emulator/internal/faults"
)

// The first matching fields of a fault say which requests it affects, the others what happens.
const matchingFields = 9

// fields returns the fields of a fault in their order.
func (f *Fault) fields() []faults.Field {
	field := func(goName, member, word string, value any) faults.Field {
		return faults.Field{Go: goName, Member: member, Word: word, Value: value}
	}
	return []faults.Field{
		field("Name", "name", "name", &f.Name),
		field("Operation", "operation", "operation", &f.Operation),
		field("AccountID", "accountId", "account-id", &f.AccountID),
		field("Session", "session", "session", &f.Session),
		field("ConversionID", "conversionId", "conversion-id", &f.ConversionID),
		field("Skip", "skip", "skip", &f.Skip),
		field("Count", "count", "count", &f.Count),
		field("Probability", "probability", "probability", &f.Probability),
		field("For", "for", "for", &f.For),
		field("Delay", "delay", "delay", &f.Delay),
		field("Status", "status", "status", &f.Status),
		field("AfterEffect", "afterEffect", "after-effect", &f.AfterEffect),
		field("RetryAfter", "retryAfter", "retry-after", &f.RetryAfter),
		field("Challenge", "challenge", "challenge", &f.Challenge),
		field("Drop", "drop", "drop", (*string)(&f.Drop)),
		field("Body", "body", "body", (*string)(&f.Body)),
		field("SlowFor", "slowFor", "slow-for", &f.SlowFor),
		field("ShowStatus", "showStatus", "show-status", (*string)(&f.ShowStatus)),
		field("ShowSize", "showSize", "show-size", (*string)(&f.ShowSize)),
		field("NextLink", "nextLink", "next-link", (*string)(&f.NextLink)),
		field("Start", "start", "start", (*string)(&f.Start)),
		field("DieAfter", "dieAfter", "die-after", &f.DieAfter),
		field("ReadLag", "readLag", "read-lag", &f.ReadLag),
		field("Conversion", "conversion", "conversion", (*string)(&f.Conversion)),
		field("Spelling", "spelling", "spelling", (*string)(&f.Spelling)),
	}
}

// refuse returns the error for a problem of a fault that was given in a form, nil if there is none.
func refuse(form faults.Form, p *faults.Problem) error { return form.Refuse(p, new(Fault).fields()) }

// String returns the fault as [ParseFault] reads it: its fields that are not zero, in their order.
func (f Fault) String() string { return faults.Format(f.fields()) }

// effectText is the part of String that says what happens.
func (f *Fault) effectText() string { return faults.Format(f.fields()[matchingFields:]) }

// ParseFault reads a fault from words name=value that commas or spaces separate, such as
//
//	operation=create status=503 retry-after=15s count=2
//
// The names are those of the fields of [Fault] in lower case with hyphens: name, operation,
// account-id, session, conversion-id, skip, count, probability, for, delay, status,
// after-effect, retry-after, challenge, drop, body, slow-for, show-status, show-size, next-link, start,
// die-after, read-lag, conversion, spelling. Times are written as 500ms, 15s or 1m30s.
// "after-effect" alone means true. A value with commas, spaces or quotes stands in double quotes as
// in Go.
//
// An error is an [azremoterendering.InvalidArgumentError] whose Name and Reason use these names,
// for example "retry-after", and not those of Go. ParseFault checks what [Emulator.Inject] checks,
// except that it does not know the accounts.
func ParseFault(text string) (Fault, error) {
	var f Fault
	if err := faults.ParseText(text, f.fields()); err != nil {
		return Fault{}, err
	}
	if _, _, problem := f.withDefaults(); problem != nil {
		return Fault{}, refuse(faults.Text, problem)
	}
	return f, nil
}

// MarshalJSON implements [json.Marshaler]: one object with the fields that are not zero, in their
// order.
func (f Fault) MarshalJSON() ([]byte, error) {
	var members faults.ObjectWriter
	members.AddFields(f.fields())
	return members.Object()
}

// UnmarshalJSON implements [json.Unmarshaler]. Members that a fault does not have, members given
// twice, and null are errors. It does not check what [Emulator.Inject] checks.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var read Fault
	if err := faults.ReadJSON(data, read.fields()); err != nil {
		return err
	}
	*f = read
	return nil
}

// MarshalJSON implements [json.Marshaler]: one object with the members id, those of the fault,
// matched, affected.
func (s FaultState) MarshalJSON() ([]byte, error) {
	var members faults.ObjectWriter
	members.Add("id", s.ID)
	members.AddFields(s.Fault.fields())
	members.Add("matched", s.Matched)
	members.Add("affected", s.Affected)
	return members.Object()
}

// UnmarshalJSON implements [json.Unmarshaler]. It reads what MarshalJSON writes, as strictly as
// that of a [Fault].
func (s *FaultState) UnmarshalJSON(data []byte) error {
	members, err := faults.Members(data)
	if err != nil {
		return err
	}
	var read FaultState
	for name, number := range map[string]*int{"id": &read.ID, "matched": &read.Matched, "affected": &read.Affected} {
		if value, given := members[name]; given {
			if json.Unmarshal(value, number) != nil {
				return fmt.Errorf("emulator: fault: %s: %.64s is not a whole number", name, value)
			}
			delete(members, name)
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return err
	}
	if err := read.Fault.UnmarshalJSON(rest); err != nil {
		return err
	}
	*s = read
	return nil
}
