// SPDX-License-Identifier: MIT

// Package faults has what faults of an emulator need that does not depend on what they do: their
// forms as text and JSON, errors in the words of each form, patterns for ids, and odd spellings of
// answers.
package faults

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// Field is a field of a fault: its names in Go, JSON and text, and a pointer to it, a *string,
// *int, *float64, *bool or *time.Duration.
type Field struct {
	Go, Member, Word string
	Value            any
}

// isZero reports whether a field has the zero value.
func (f Field) isZero() bool {
	switch v := f.Value.(type) {
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

// Form is a form in which a fault is given, each with its own names of fields.
type Form int

// The forms.
const (
	Go Form = iota
	Text
	JSON
)

// name returns the name of a field in a form.
func (form Form) name(field Field) string {
	return [...]string{Go: field.Go, Text: field.Word, JSON: field.Member}[form]
}

var fieldInReason = regexp.MustCompile(`<(\w+)(?:=(\w+))?>`)

// spell returns a reason with the names of fields as the form has them.
func (form Form) spell(reason string, fields []Field) string {
	return fieldInReason.ReplaceAllStringFunc(reason, func(marked string) string {
		parts := fieldInReason.FindStringSubmatch(marked)
		name, value := form.nameOf(parts[1], fields), parts[2]
		switch {
		case value == "":
			return name
		case form == Text:
			return name + "=" + value
		}
		return fmt.Sprintf("%s %q", name, value)
	})
}

// nameOf returns the name in a form of the field with a Go name.
func (form Form) nameOf(field string, fields []Field) string {
	for _, f := range fields {
		if f.Go == field {
			return form.name(f)
		}
	}
	return field
}

// Refuse returns the error for a problem of a fault that was given in a form, nil if there is none.
// Where the form is Go, names are qualified, as in Fault.Status. It is an
// [azremoterendering.InvalidArgumentError] about one of the fields.
func (form Form) Refuse(p *Problem, fields []Field) error {
	if p == nil {
		return nil
	}
	name := "fault"
	switch {
	case form == Go:
		name = strings.TrimSuffix("Fault."+p.Field, ".")
	case p.Field != "":
		name = form.nameOf(p.Field, fields)
	}
	return form.invalid(name, p.Value, form.spell(p.Reason, fields))
}

// invalid makes the error for a fault.
func (Form) invalid(name, value, reason string) error {
	return fmt.Errorf("emulator: %w",
		&azremoterendering.InvalidArgumentError{Name: name, Value: value, Reason: reason})
}

// named returns the field with a name.
func (form Form) named(fields []Field, name string) (Field, error) {
	names := make([]string, len(fields))
	for i, field := range fields {
		if names[i] = form.name(field); names[i] == name {
			return field, nil
		}
	}
	return Field{}, form.invalid("fault", fmt.Sprintf("%.64s", name),
		"is not one of "+strings.Join(names, ", "))
}

// Problem is why a fault is refused. It becomes an error in the words of the form in which the
// fault was given: Go, text or JSON.
type Problem struct {
	Field  string // its Go name, or empty for the whole fault
	Value  string // empty if it is not shown
	Reason string // with the names of other fields as <Status> or <Drop=after>
}

// NewProblem returns a problem of a field. A nil value is not shown.
func NewProblem(field string, value any, reason string, arguments ...any) *Problem {
	p := &Problem{Field: field, Reason: fmt.Sprintf(reason, arguments...)}
	if value != nil {
		p.Value = fmt.Sprintf("%.64s", fmt.Sprint(value))
	}
	return p
}
