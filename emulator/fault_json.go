// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/arr-go/azremoterendering/internal/strictjson"
)

// MarshalJSON implements [json.Marshaler]: one object with the fields that are not zero, in their
// order.
func (f Fault) MarshalJSON() ([]byte, error) {
	var members memberWriter
	members.fault(&f)
	return members.object()
}

// UnmarshalJSON implements [json.Unmarshaler]. Members that a fault does not have, members given
// twice, and null are errors. It does not check what [Emulator.Inject] checks.
func (f *Fault) UnmarshalJSON(data []byte) error {
	members, err := faultMembers(data)
	if err != nil {
		return err
	}
	var read Fault
	fields := read.fields()
	for name, value := range members {
		field, err := jsonForm.named(fields, name)
		if err != nil {
			return err
		}
		if err := field.decode(value); err != nil {
			return fmt.Errorf("emulator: fault: %s: %w", name, err)
		}
	}
	*f = read
	return nil
}

func faultMembers(data []byte) (map[string]json.RawMessage, error) {
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
func (f faultField) decode(value json.RawMessage) error {
	if string(value) == "null" {
		return errors.New("null is not a value: leave it out")
	}
	duration, isDuration := f.value.(*time.Duration)
	if !isDuration {
		if json.Unmarshal(value, f.value) != nil {
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

func (f faultField) jsonType() string {
	switch f.value.(type) {
	case *int:
		return "whole number"
	case *float64:
		return "number"
	case *bool:
		return "boolean"
	}
	return "string"
}

// MarshalJSON implements [json.Marshaler]: one object with the members id, those of the fault,
// matched, affected.
func (s FaultState) MarshalJSON() ([]byte, error) {
	var members memberWriter
	members.add("id", s.ID)
	members.fault(&s.Fault)
	members.add("matched", s.Matched)
	members.add("affected", s.Affected)
	return members.object()
}

// UnmarshalJSON implements [json.Unmarshaler]. It reads what MarshalJSON writes, as strictly as
// that of a [Fault].
func (s *FaultState) UnmarshalJSON(data []byte) error {
	members, err := faultMembers(data)
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

// memberWriter writes the members of a JSON object in the order in which they are added.
type memberWriter struct {
	text bytes.Buffer
	err  error
}

func (w *memberWriter) add(name string, value any) {
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

func (w *memberWriter) fault(f *Fault) {
	for _, field := range f.fields() {
		if field.isZero() {
			continue
		}
		if d, ok := field.value.(*time.Duration); ok {
			w.add(field.member, shortDuration(*d))
		} else {
			w.add(field.member, field.value)
		}
	}
}

func (w *memberWriter) object() ([]byte, error) {
	return fmt.Appendf(nil, "{%s}", w.text.Bytes()), w.err
}
