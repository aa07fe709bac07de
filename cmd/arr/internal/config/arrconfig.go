// SPDX-License-Identifier: MIT

package config

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
)

// parseScript reads the arrconfig.json of RenderingSession.ps1. Members that are not about sessions
// are ignored, as are those that are empty. No error quotes a value: it may be a key.
func parseScript(text []byte) (map[Name]string, error) {
	text, err := decodeText(text)
	if err != nil {
		return nil, err
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(text, &sections); err != nil {
		return nil, notJSON(text, err)
	}
	values := make(map[Name]string)
	for _, name := range all {
		section, member, ok := strings.Cut(name.member(), ".")
		if !ok {
			continue
		}
		value, err := memberOf(sections, section, member)
		if err != nil {
			return nil, err
		}
		if value = strings.TrimSpace(value); value != "" {
			values[name] = value
		}
	}
	return values, nil
}

func memberOf(sections map[string]json.RawMessage, section, member string) (string, error) {
	raw := withoutCase(sections, section)
	if raw == nil {
		return "", nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return "", fmt.Errorf("%s is not an object", section)
	}
	var value *string
	if raw = withoutCase(members, member); raw != nil && json.Unmarshal(raw, &value) != nil {
		return "", fmt.Errorf("%s.%s is not text in quotes", section, member)
	}
	if value == nil {
		return "", nil
	}
	return *value, nil
}

// withoutCase finds a member as PowerShell does, for which case makes no difference.
func withoutCase(members map[string]json.RawMessage, name string) json.RawMessage {
	if raw, ok := members[name]; ok {
		return raw
	}
	for other, raw := range members {
		if strings.EqualFold(other, name) {
			return raw
		}
	}
	return nil
}

// isPlaceholder recognises what stands in the file that comes with the script, such as <hh:mm:ss>.
func isPlaceholder(value string) bool {
	return strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">")
}

func notJSON(text []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return errors.New("it is not a JSON object")
	}
	before := text[:min(int(syntax.Offset), len(text))]
	return fmt.Errorf(
		"line %d is not JSON; often a comma is missing, or there is one too many",
		1+bytes.Count(before, []byte("\n")),
	)
}

// decodeText removes a byte order mark. Windows PowerShell writes UTF-16 unless it is told
// otherwise.
func decodeText(text []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xef, 0xbb, 0xbf}):
		return text[3:], nil
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return text, nil
	}
	if len(text)%2 != 0 {
		return nil, errors.New("it is UTF-16 that ends in the middle of a character")
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 2; i < len(text); i += 2 {
		units = append(units, order.Uint16(text[i:]))
	}
	return []byte(string(utf16.Decode(units))), nil
}
