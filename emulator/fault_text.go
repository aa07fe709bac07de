// SPDX-License-Identifier: MIT

package emulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// faultField is a field of a [Fault]: its name in JSON and in text, and where it is, a *string,
// *int, *float64, *bool or *time.Duration.
type faultField struct {
	member, word string
	value        any
}

// The first matching fields of a fault say which requests it affects, the others what happens.
const matchingFields = 7

// fields returns the fields of a fault in their order.
func (f *Fault) fields() []faultField {
	return []faultField{
		{"name", "name", &f.Name},
		{"operation", "operation", &f.Operation},
		{"accountId", "account-id", &f.AccountID},
		{"session", "session", &f.Session},
		{"skip", "skip", &f.Skip},
		{"count", "count", &f.Count},
		{"probability", "probability", &f.Probability},
		{"delay", "delay", &f.Delay},
		{"status", "status", &f.Status},
		{"afterEffect", "after-effect", &f.AfterEffect},
		{"retryAfter", "retry-after", &f.RetryAfter},
		{"challenge", "challenge", &f.Challenge},
		{"drop", "drop", (*string)(&f.Drop)},
		{"body", "body", (*string)(&f.Body)},
		{"slowFor", "slow-for", &f.SlowFor},
		{"showStatus", "show-status", (*string)(&f.ShowStatus)},
		{"showSize", "show-size", (*string)(&f.ShowSize)},
		{"nextLink", "next-link", (*string)(&f.NextLink)},
		{"start", "start", (*string)(&f.Start)},
		{"dieAfter", "die-after", &f.DieAfter},
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

// String returns the fault as [ParseFault] reads it: its fields that are not zero, in their order.
func (f Fault) String() string { return f.text(f.fields()) }

// effectText is the part of String that says what happens.
func (f *Fault) effectText() string { return f.text(f.fields()[matchingFields:]) }

func (Fault) text(fields []faultField) string {
	var words []string
	for _, field := range fields {
		if field.isZero() {
			continue
		}
		var value string
		switch v := field.value.(type) {
		case *string:
			value = quoted(*v)
		case *int:
			value = strconv.Itoa(*v)
		case *float64:
			value = strconv.FormatFloat(*v, 'g', -1, 64)
		case *bool:
			value = strconv.FormatBool(*v)
		case *time.Duration:
			value = shortDuration(*v)
		}
		words = append(words, field.word+"="+value)
	}
	return strings.Join(words, " ")
}

// quoted returns a value so that it is one word.
func quoted(value string) string {
	if strings.ContainsFunc(value, separates) || strings.HasPrefix(value, `"`) ||
		strconv.Quote(value) != `"`+value+`"` {
		return strconv.Quote(value)
	}
	return value
}

// shortDuration returns a duration without the units at its end that are zero: 1m instead of 1m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func separates(r rune) bool { return r == ',' || unicode.IsSpace(r) }

// ParseFault reads a fault from words name=value that commas or spaces separate, such as
//
//	operation=create status=503 retry-after=15s count=2
//
// The names are those of the fields of [Fault] in lower case with hyphens: name, operation,
// account-id, session, skip, count, probability, delay, status, after-effect, retry-after,
// challenge, drop, body, slow-for, show-status, show-size, next-link, start, die-after. Times are
// written as 500ms, 15s or 1m30s. "after-effect" alone means true. A value with commas, spaces or
// quotes stands in double quotes as in Go.
//
// The error says which word cannot be understood, or what [Emulator.Inject] would say, save that it
// does not know the accounts.
func ParseFault(text string) (Fault, error) {
	var f Fault
	fields := f.fields()
	given := make(map[string]bool)
	for {
		text = strings.TrimLeftFunc(text, separates)
		if text == "" {
			break
		}
		name, value, rest, err := nextWord(text)
		if err != nil {
			return Fault{}, err
		}
		field, err := fieldNamed(fields, name, func(f faultField) string { return f.word })
		switch {
		case err != nil:
			return Fault{}, err
		case given[name]:
			return Fault{}, fmt.Errorf("emulator: fault: %s is given twice", name)
		}
		given[name] = true
		if err := field.set(value); err != nil {
			return Fault{}, fmt.Errorf("emulator: fault: %s=%.64s: %w", name, value, err)
		}
		text = rest
	}
	if _, err := f.withDefaults(); err != nil {
		return Fault{}, err
	}
	return f, nil
}

// nextWord splits the first word off. Without "=" its value is "true".
func nextWord(text string) (name, value, rest string, err error) {
	end := strings.IndexFunc(text, func(r rune) bool { return r == '=' || separates(r) })
	if end < 0 {
		return text, "true", "", nil
	}
	name, rest = text[:end], text[end:]
	if !strings.HasPrefix(rest, "=") {
		return name, "true", rest, nil
	}
	rest = rest[1:]
	if !strings.HasPrefix(rest, `"`) {
		if end = strings.IndexFunc(rest, separates); end < 0 {
			end = len(rest)
		}
		return name, rest[:end], rest[end:], nil
	}
	literal, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", "", "", fmt.Errorf(
			"emulator: fault: %.64s: the value begins with a quote and has no end",
			name,
		)
	}
	value, err = strconv.Unquote(literal)
	if err != nil {
		return "", "", "", fmt.Errorf("emulator: fault: %.64s: %w", name, err)
	}
	rest = rest[len(literal):]
	if rest != "" && strings.IndexFunc(rest, separates) != 0 {
		return "", "", "", fmt.Errorf(
			"emulator: fault: %.64s: a comma or a space has to follow the quoted value",
			name,
		)
	}
	return name, value, rest, nil
}

// fieldNamed returns the field with a name, or an error that tells the names there are.
func fieldNamed(
	fields []faultField,
	name string,
	nameOf func(faultField) string,
) (faultField, error) {
	names := make([]string, len(fields))
	for i, field := range fields {
		if names[i] = nameOf(field); names[i] == name {
			return field, nil
		}
	}
	return faultField{}, fmt.Errorf(
		"emulator: fault: %.64q is none of %s",
		name,
		strings.Join(names, ", "),
	)
}

// set gives a field the value that a text says.
func (f faultField) set(text string) (err error) {
	cure := ""
	switch v := f.value.(type) {
	case *string:
		if *v = text; text == "" {
			cure = "give a value"
		}
	case *int:
		*v, err = strconv.Atoi(text)
		cure = "give a whole number"
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
		cure = "give a number such as 0.5"
	case *bool:
		*v, err = strconv.ParseBool(text)
		cure = "give true or false"
	case *time.Duration:
		*v, err = time.ParseDuration(text)
		cure = "give a time such as 500ms, 15s or 1m30s"
	}
	if err != nil || cure == "give a value" {
		return errors.New(cure)
	}
	return nil
}
