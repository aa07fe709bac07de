// SPDX-License-Identifier: MIT

package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Format returns fields as text: those that are not zero, in their order.
func Format(fields []Field) string {
	var words []string
	for _, field := range fields {
		if field.isZero() {
			continue
		}
		var value string
		switch v := field.Value.(type) {
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
		words = append(words, field.Word+"="+value)
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

// ParseText gives fields the values that a text of words name=value has, which commas or spaces
// separate. A word without "=" means true. A value with commas, spaces or quotes stands in double
// quotes as in Go. An error is an [azremoterendering.InvalidArgumentError].
func ParseText(text string, fields []Field) error {
	given := make(map[string]bool)
	for {
		text = strings.TrimLeftFunc(text, separates)
		if text == "" {
			break
		}
		name, value, rest, err := nextWord(text)
		if err != nil {
			return err
		}
		field, err := Text.named(fields, name)
		switch {
		case err != nil:
			return err
		case given[name]:
			return Text.invalid(name, "", "is given twice")
		}
		given[name] = true
		if reason := field.set(value); reason != "" {
			return Text.invalid(name, fmt.Sprintf("%.64s", value), reason)
		}
		text = rest
	}
	return nil
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
		return "", "", "", Text.invalid(short(name), "",
			"has a value that begins with a quote and has no end")
	}
	value, err = strconv.Unquote(literal)
	if err != nil {
		return "", "", "", Text.invalid(short(name), "", "has a malformed value in quotes")
	}
	rest = rest[len(literal):]
	if rest != "" && strings.IndexFunc(rest, separates) != 0 {
		return "", "", "", Text.invalid(short(name), "",
			"has a value in quotes that no comma or space follows")
	}
	return name, value, rest, nil
}

// short cuts a name from outside for an error.
func short(name string) string { return fmt.Sprintf("%.64s", name) }

// set gives a field the value that a text says. It returns the reason why the text is refused, or
// "".
func (f Field) set(text string) (reason string) {
	var err error
	switch v := f.Value.(type) {
	case *string:
		if *v = text; text == "" {
			return "is empty; give a value"
		}
	case *int:
		*v, err = strconv.Atoi(text)
		reason = "is not a number; give a whole number"
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
		reason = "is not a number; give a number such as 0.5"
	case *bool:
		*v, err = strconv.ParseBool(text)
		reason = "is unknown; give true or false"
	case *time.Duration:
		*v, err = time.ParseDuration(text)
		reason = "is not a time; give a time such as 500ms, 15s or 1m30s"
	}
	if err == nil {
		return ""
	}
	return reason
}
