// SPDX-License-Identifier: MIT

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

const (
	// maxElements bounds the elements of a page. Fifty are usual.
	maxElements = 100_000
	// maxCommas bounds what is read at once. A session has a dozen commas, and an error object with
	// many details some hundred. In memory, an element of two bytes takes a hundred.
	maxCommas = 1000
)

// ordinary reports whether data can be read at once, because it has no more values than a session
// or an error object may have.
func ordinary(data []byte) bool { return bytes.Count(data, []byte{','}) <= maxCommas }

// readPage calls read for every object in the array that a page has under a name, and returns the
// next link. If read returns false, or an element is no object, it adds name to unread.
func readPage(
	data []byte,
	name string,
	unread *Unread,
	read func(element []byte) bool,
) (nextLink string, err error) {
	var array []byte
	var linkErr error
	err = eachMember(bytes.TrimPrefix(data, byteOrderMark), func(member, value []byte) {
		switch {
		case bytes.EqualFold(member, []byte(name)):
			array = value
		case bytes.EqualFold(member, []byte("@nextLink")):
			linkErr = json.Unmarshal(value, &nextLink)
		}
	})
	switch {
	case err != nil:
		return "", err
	case linkErr != nil:
		return "", linkErr
	case len(array) == 0 || array[0] != '[':
		return "", fmt.Errorf("%s is missing, or not an array", name)
	}
	rest := array[1 : len(array)-1]
	for n := 0; len(bytes.TrimSpace(rest)) > 0; n++ {
		if n == maxElements {
			return "", fmt.Errorf("it has more than %d %s", maxElements, name)
		}
		var element []byte
		element, rest = splitValue(rest)
		if element[0] != '{' || !read(element) {
			unread.add(name)
		}
	}
	return nextLink, nil
}

// eachMember calls each for every member of an object. It fails if data is neither an object nor
// null. It keeps nothing, so that its cost does not depend on what the object contains.
func eachMember(data []byte, each func(name, value []byte)) error {
	var ignored struct{}
	if err := json.Unmarshal(data, &ignored); err != nil {
		return err
	}
	data = bytes.TrimSpace(data)
	if data[0] != '{' {
		return nil
	}
	rest := data[1 : len(data)-1]
	for len(bytes.TrimSpace(rest)) > 0 {
		var name, value []byte
		name, rest = splitValue(rest)
		value, rest = splitValue(rest)
		each(unquote(name), value)
	}
	return nil
}

func unquote(name []byte) []byte {
	if bytes.IndexByte(name, '\\') < 0 {
		return name[1 : len(name)-1]
	}
	var unescaped string
	_ = json.Unmarshal(name, &unescaped) // a valid string can be read
	return []byte(unescaped)
}

// splitValue returns the first of the values that commas or colons separate in valid JSON, and what
// follows the separator.
func splitValue(data []byte) (value, rest []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case depth == 0 && (c == ',' || c == ':'):
			return bytes.TrimSpace(data[:i]), data[i+1:]
		}
	}
	return bytes.TrimSpace(data), nil
}
