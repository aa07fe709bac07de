// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// faultField is a field of a [Fault]: its names in Go, JSON and text, and a pointer to it, a
// *string, *int, *float64, *bool or *time.Duration.
type faultField struct {
	field, member, word string
	value               any
}

// The first matching fields of a fault say which requests it affects, the others what happens.
const matchingFields = 9

// fields returns the fields of a fault in their order.
func (f *Fault) fields() []faultField {
	return []faultField{
		{"Name", "name", "name", &f.Name},
		{"Operation", "operation", "operation", &f.Operation},
		{"AccountID", "accountId", "account-id", &f.AccountID},
		{"Session", "session", "session", &f.Session},
		{"ConversionID", "conversionId", "conversion-id", &f.ConversionID},
		{"Skip", "skip", "skip", &f.Skip},
		{"Count", "count", "count", &f.Count},
		{"Probability", "probability", "probability", &f.Probability},
		{"For", "for", "for", &f.For},
		{"Delay", "delay", "delay", &f.Delay},
		{"Status", "status", "status", &f.Status},
		{"AfterEffect", "afterEffect", "after-effect", &f.AfterEffect},
		{"RetryAfter", "retryAfter", "retry-after", &f.RetryAfter},
		{"Challenge", "challenge", "challenge", &f.Challenge},
		{"Drop", "drop", "drop", (*string)(&f.Drop)},
		{"Body", "body", "body", (*string)(&f.Body)},
		{"SlowFor", "slowFor", "slow-for", &f.SlowFor},
		{"ShowStatus", "showStatus", "show-status", (*string)(&f.ShowStatus)},
		{"ShowSize", "showSize", "show-size", (*string)(&f.ShowSize)},
		{"NextLink", "nextLink", "next-link", (*string)(&f.NextLink)},
		{"Start", "start", "start", (*string)(&f.Start)},
		{"DieAfter", "dieAfter", "die-after", &f.DieAfter},
		{"ReadLag", "readLag", "read-lag", &f.ReadLag},
		{"Conversion", "conversion", "conversion", (*string)(&f.Conversion)},
		{"Spelling", "spelling", "spelling", (*string)(&f.Spelling)},
	}
}

// isZero reports whether a field has the zero value.
func (f faultField) isZero() bool {
	switch v := f.value.(type) {
	case *string:
		return *v == ""
	case *int:
		return *v == 0
	case *float64:
		return *v == 0
	case *bool:
		return !*v
	case *time.Duration:
		return *v == 0
	}
	return true
}

// faultForm is a form in which a fault is given, each with its own names of fields.
type faultForm int

const (
	goForm faultForm = iota
	textForm
	jsonForm
)

// name returns the name of a field in a form.
func (form faultForm) name(field faultField) string {
	return [...]string{goForm: field.field, textForm: field.word, jsonForm: field.member}[form]
}

var fieldInReason = regexp.MustCompile(`<(\w+)(?:=(\w+))?>`)

// spell returns a reason with the names of fields as the form has them.
func (form faultForm) spell(reason string) string {
	return fieldInReason.ReplaceAllStringFunc(reason, func(marked string) string {
		parts := fieldInReason.FindStringSubmatch(marked)
		name, value := form.nameOf(parts[1]), parts[2]
		switch {
		case value == "":
			return name
		case form == textForm:
			return name + "=" + value
		}
		return fmt.Sprintf("%s %q", name, value)
	})
}

// nameOf returns the name in a form of the field with a Go name.
func (form faultForm) nameOf(field string) string {
	for _, f := range new(Fault).fields() {
		if f.field == field {
			return form.name(f)
		}
	}
	return field
}

// refuse returns the error for a problem of a fault that was given in a form, nil if there is none.
// Where the form is Go, names are qualified, as in Fault.Status.
func (form faultForm) refuse(p *faultProblem) error {
	if p == nil {
		return nil
	}
	name := "fault"
	switch {
	case form == goForm:
		name = strings.TrimSuffix("Fault."+p.field, ".")
	case p.field != "":
		name = form.nameOf(p.field)
	}
	return form.invalid(name, p.value, form.spell(p.reason))
}

// invalid makes the error for a fault.
func (faultForm) invalid(name, value, reason string) error {
	return fmt.Errorf("emulator: %w",
		&azremoterendering.InvalidArgumentError{Name: name, Value: value, Reason: reason})
}

// named returns the field with a name.
func (form faultForm) named(fields []faultField, name string) (faultField, error) {
	names := make([]string, len(fields))
	for i, field := range fields {
		if names[i] = form.name(field); names[i] == name {
			return field, nil
		}
	}
	return faultField{}, form.invalid("fault", fmt.Sprintf("%.64s", name),
		"is not one of "+strings.Join(names, ", "))
}
