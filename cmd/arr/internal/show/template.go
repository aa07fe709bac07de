// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// Template is a Go template for results. Its data are the members that JSON has. A member without a
// value is empty, and one that does not exist is an error.
type Template struct{ parsed *template.Template }

// ParseTemplate reads a template. Outside of {{ }}, \n and \t stand for a new line and a tab.
func ParseTemplate(text string) (*Template, error) {
	if text == "" {
		return nil, failure.Usagef("--format: give a template such as '{{.id}} {{.status}}'")
	}
	parsed, err := template.New("--format").
		Option("missingkey=error").
		Funcs(templateFunctions()).
		Parse(unescaped(text))
	if err != nil {
		return nil, &failure.UsageError{Err: plainly(err)}
	}
	return &Template{parsed}, nil
}

// unescaped replaces \n and \t outside of actions.
func unescaped(text string) string {
	var out strings.Builder
	replace := strings.NewReplacer(`\n`, "\n", `\t`, "\t")
	for text != "" {
		outside, rest, action := strings.Cut(text, "{{")
		_, _ = replace.WriteString(&out, outside)
		if !action {
			break
		}
		inside, after, _ := strings.Cut(rest, "}}")
		out.WriteString("{{" + inside)
		if strings.Contains(rest, "}}") {
			out.WriteString("}}")
		}
		text = after
	}
	return out.String()
}

// templateFunctions are those that templates have beyond the ones of Go.
func templateFunctions() template.FuncMap {
	return template.FuncMap{
		"json": func(value any) (string, error) {
			text, err := json.Marshal(value)
			return escapeJSON(string(text)), err
		},
		"join":  strings.Join,
		"lower": strings.ToLower,
		"upper": strings.ToUpper,
		"pad":   func(columns int, value any) string { return pad(fmt.Sprint(value), columns) },
		"truncate": func(columns int, value any) string {
			return cut(fmt.Sprint(value), columns)
		},
		"ago": func(value string) string {
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return ""
			}
			return Span(time.Since(at)) + " ago"
		},
		"span": func(minutes int64) string { return Span(time.Duration(minutes) * time.Minute) },
	}
}

// execute appends what a template makes of a result, with a new line at the end.
func (t *Template) execute(out *bytes.Buffer, object any) error {
	start := out.Len()
	if err := t.parsed.Execute(out, members(object)); err != nil {
		out.Truncate(start)
		return &failure.UsageError{Err: plainly(err)}
	}
	if !bytes.HasSuffix(out.Bytes()[start:], []byte("\n")) {
		out.WriteByte('\n')
	}
	return nil
}

// plainly leaves out what the library says of itself.
func plainly(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "template: "))
}
