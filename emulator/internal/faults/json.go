// SPDX-License-Identifier: MIT

package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/arr-go/azremoterendering/internal/strictjson"
)

// ReadJSON gives fields the values that an object has. Members that are no fields, members given
// twice, and null are errors.
func ReadJSON(data []byte, fields []Field) error {
	members, err := Members(data)
	if err != nil {
		return err
	}
	for name, value := range members {
		field, err := JSON.named(fields, name)
		if err != nil {
			return err
		}
		if err := field.decode(value); err != nil {
			return fmt.Errorf("emulator: fault: %s: %w", name, err)
		}
	}
	return nil
}

// Members returns the members of an object that is a fault.
func Members(data []byte) (map[string]json.RawMessage, error) {
	members, err := strictjson.Object(data)
	switch {
	case errors.Is(err, strictjson.ErrNotJSON):
		return nil, errors.New("emulator: fault: this is not JSON")
	case err != nil:
		return nil, fmt.Errorf("emulator: fault: %w", err)
	}
	return members, nil
}

// decode gives a field the value that JSON says.
func (f Field) decode(value json.RawMessage) error {
	if string(value) == "null" {
		return errors.New("null is not a value: leave it out")
	}
	duration, isDuration := f.Value.(*time.Duration)
	if !isDuration {
		if json.Unmarshal(value, f.Value) != nil {
			return fmt.Errorf("%.64s is not a %s", value, f.jsonType())
		}
		return nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	if err == nil {
		*duration, err = time.ParseDuration(text)
	}
	if err != nil {
		return fmt.Errorf(`%.64s is not a time: give text such as "500ms", "15s" or "1m30s"`, value)
	}
	return nil
}

func (f Field) jsonType() string {
	switch f.Value.(type) {
	case *int:
		return "whole number"
	case *float64:
		return "number"
	case *bool:
		return "boolean"
	}
	return "string"
}

// ObjectWriter writes the members of a JSON object in the order in which they are added.
type ObjectWriter struct {
	text bytes.Buffer
	err  error
}

// Add adds a member.
func (w *ObjectWriter) Add(name string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	if w.text.Len() > 0 {
		w.text.WriteByte(',')
	}
	w.text.WriteString(strconv.Quote(name) + ":")
	w.text.Write(data)
}

// AddFields adds the fields that are not zero.
func (w *ObjectWriter) AddFields(fields []Field) {
	for _, field := range fields {
		if field.isZero() {
			continue
		}
		if d, ok := field.Value.(*time.Duration); ok {
			w.Add(field.Member, shortDuration(*d))
		} else {
			w.Add(field.Member, field.Value)
		}
	}
}

// Object returns the object.
func (w *ObjectWriter) Object() ([]byte, error) {
	return fmt.Appendf(nil, "{%s}", w.text.Bytes()), w.err
}
