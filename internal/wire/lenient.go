// SPDX-License-Identifier: MIT

package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// members says where the members of an object go.
type members []member

// member is a member of an object: its name, and a pointer to the value, or the members of an object
// inside it.
type member struct {
	name   string
	target any
}

// read reads an object member by member, after reading it at once has failed, or would cost too
// much. It fails if data is not an object. path precedes the names of its members in r.unread.
func (m members) read(data []byte, path string, r *reading) error {
	return eachMember(data, func(name, value []byte) {
		known := m.known(name)
		if known == nil || string(value) == "null" {
			return
		}
		if !readMember(value, path+known.name, known.target, r) {
			r.unread.add(path + known.name)
		}
	})
}

// known returns the member with a name, which may be in any case, as for encoding/json; nil if there
// is none.
func (m members) known(name []byte) *member {
	for i := range m {
		if bytes.EqualFold([]byte(m[i].name), name) {
			return &m[i]
		}
	}
	return nil
}

func readMember(value []byte, path string, target any, r *reading) bool {
	if inner, ok := target.(members); ok {
		return inner.read(value, path+".", r) == nil
	}
	return readValue(value, target, r)
}

func readValue(value []byte, target any, r *reading) bool {
	switch target := target.(type) {
	case *string:
		return json.Unmarshal(value, target) == nil
	case *int32:
		number, ok := readNumber(value)
		if !ok || math.Abs(number) > math.MaxInt32 {
			return false
		}
		*target = int32(number) // toward zero, as the service counts minutes
		return true
	case **int32:
		var number int32
		if !readValue(value, &number, r) {
			return false
		}
		*target = &number
		return true
	case *float32:
		number, ok := readNumber(value)
		if !ok || math.Abs(number) > math.MaxFloat32 {
			return false
		}
		*target = float32(number)
		return true
	case **Error:
		return readError(value, target, r)
	}
	return false
}

// readNumber reads a number, also one in quotes.
func readNumber(value []byte) (float64, bool) {
	text := string(value)
	if strings.HasPrefix(text, `"`) {
		if json.Unmarshal(value, &text) != nil {
			return 0, false
		}
		text = strings.TrimSpace(text)
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && !math.IsNaN(number) && !math.IsInf(number, 0)
}

// readError reads an error object, of which code and message matter. A text alone is a message.
func readError(value []byte, target **Error, r *reading) bool {
	var whole Error
	if r.affords(value) && json.Unmarshal(value, &whole) == nil {
		*target = &whole
		return true
	}
	if value[0] == '"' {
		var message string
		_ = json.Unmarshal(value, &message) // a valid string can be read
		*target = &Error{Message: message}
		return true
	}
	var e Error
	texts := members{{"code", &e.Code}, {"message", &e.Message}, {"target", &e.Target}}
	if texts.read(value, "", new(reading)) == nil {
		*target = &e
	}
	return false
}

// ReadError reads the error object of a refusal. It is nil if the body has none.
func ReadError(data []byte) *Error {
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	data = bytes.TrimPrefix(data, byteOrderMark)
	if fixed, ok := tamed(data); ok {
		data = fixed
	}
	if json.Unmarshal(data, &body) != nil || len(body.Error) == 0 || string(body.Error) == "null" {
		return nil
	}
	var e *Error
	readError(body.Error, &e, &reading{commas: maxCommas})
	return e
}
