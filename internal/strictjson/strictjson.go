// SPDX-License-Identifier: MIT

// Package strictjson reads JSON objects more strictly than encoding/json: no member twice.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrNotJSON means that a text is not JSON in UTF-8.
var ErrNotJSON = errors.New("not JSON")

var errNotObject = errors.New("the body is not a JSON object")

// Object returns the members of a JSON object. It is [ErrNotJSON] if data is not valid JSON, and
// another error if data is not an object or has a member twice.
func Object(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, ErrNotJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errNotObject
	}
	members := make(map[string]json.RawMessage)
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, errNotObject
		}
		name, _ := token.(string)
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("a member appears twice: %.64q", name)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errNotObject
		}
		members[name] = value
	}
	return members, nil
}
