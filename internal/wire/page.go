// SPDX-License-Identifier: MIT

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const (
	// maxElements bounds the elements of a page. Fifty are usual.
	maxElements = 100_000
	// maxCommas bounds what is read at once of a session, and maxPageCommas of all elements of a
	// page together. A session has a dozen commas, and an error object with many details some
	// hundred. In memory, an element of two bytes takes a hundred.
	maxCommas     = 1000
	maxPageCommas = 100_000
)

// reading is the state of reading an answer.
type reading struct {
	unread Unread
	commas int // how many may still be read at once
}

// affords reports whether data can be read at once, because it has no more values than a session or
// an error object may have, and what was read before has left enough.
func (r *reading) affords(data []byte) bool {
	commas := bytes.Count(data, []byte{','})
	if commas > maxCommas || commas > r.commas {
		return false
	}
	r.commas -= commas
	return true
}

// element is what a page has many of: a session or a conversion.
type element interface {
	identity() string
	members() members
	finish(unread *Unread)
}

// readOne reads an answer that is a session or a conversion. It fails if data is not a JSON object,
// or if id or status is present and cannot be read.
func readOne[T any, E interface {
	*T
	element
}](data []byte) (one T, unread Unread, err error) {
	r := reading{commas: maxCommas}
	e, err := readElement[T, E](bytes.TrimPrefix(data, byteOrderMark), &r)
	switch {
	case err != nil:
		return one, nil, err
	case slices.Contains(r.unread, "id") || slices.Contains(r.unread, "status"):
		return one, nil, errors.New("id or status is not a string")
	}
	return *e, r.unread, nil
}

// readElement reads a session or a conversion. It fails if data is not a JSON object.
func readElement[T any, E interface {
	*T
	element
}](data []byte, r *reading) (E, error) {
	e := E(new(T))
	if !r.affords(data) || json.Unmarshal(data, e) != nil {
		e = E(new(T))
		if err := e.members().read(data, "", r); err != nil {
			if fixed, ok := tamed(data); ok {
				return readElement[T, E](fixed, r)
			}
			return nil, err
		}
	}
	e.finish(&r.unread)
	return e, nil
}

// readPage reads a page whose array has a name. list and nextLink point into page. It fails if data
// is not a JSON object with such an array, or if the next link cannot be read. An element that has
// no identity is left out, and adds name to the names of what is unread.
func readPage[T any, E interface {
	*T
	element
}](data []byte, name string, page any, list *[]T, nextLink *string) (Unread, error) {
	data = bytes.TrimPrefix(data, byteOrderMark)
	r := reading{commas: maxPageCommas}
	if readAtOnce(data, name, &r, page) && *list != nil {
		kept := (*list)[:0]
		for i := range *list {
			if e := E(&(*list)[i]); e.identity() == "" {
				r.unread.add(name)
			} else {
				e.finish(&r.unread)
				kept = append(kept, *e)
			}
		}
		*list = kept
		return r.unread, nil
	}
	*list, *nextLink = nil, ""
	err := readEach(data, name, &r, nextLink, func(data []byte) bool {
		e, err := readElement[T, E](data, &r)
		if err != nil || e.identity() == "" {
			return false
		}
		*list = append(*list, *e)
		return true
	})
	if err != nil {
		if fixed, ok := tamed(data); ok {
			*list = nil
			return readPage[T, E](fixed, name, page, list, nextLink)
		}
	}
	return r.unread, err
}

// readAtOnce decodes a usual page, which costs half of reading it element by element. It reports
// whether it did: whatever is large, or odd, is for [readEach]. The elements of a second array
// would be decoded into those of the first.
func readAtOnce(data []byte, name string, r *reading, page any) bool {
	return r.affords(data) && hasOnce(data, name) && json.Unmarshal(data, page) == nil
}

// hasOnce reports whether a name, in any case, is in data exactly once, also as a value. It is
// false if a name in data is escaped, since that may be this one.
func hasOnce(data []byte, name string) bool {
	count := 0
	for {
		quote := bytes.IndexByte(data, '"')
		if quote < 0 {
			return count == 1
		}
		data = data[quote+1:]
		end, escaped := 0, false
		for ; end < len(data) && data[end] != '"'; end++ {
			if data[end] == '\\' {
				escaped = true
				end++
			}
		}
		if end >= len(data) {
			return false // it is not JSON
		}
		if bytes.EqualFold(data[:end], []byte(name)) {
			count++
		}
		data = data[end+1:]
		if escaped && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte{':'}) {
			return false
		}
	}
}

// readEach calls read for every object in the array that a page has under a name. If read returns
// false, or an element is no object, it adds name to r.unread.
func readEach(
	data []byte,
	name string,
	r *reading,
	nextLink *string,
	read func(element []byte) bool,
) error {
	var array []byte
	var linkErr error
	err := eachMember(data, func(member, value []byte) {
		switch {
		case bytes.EqualFold(member, []byte(name)):
			array = value
		case bytes.EqualFold(member, []byte("@nextLink")):
			linkErr = json.Unmarshal(value, nextLink)
		}
	})
	switch {
	case err != nil:
		return err
	case linkErr != nil:
		return linkErr
	case len(array) == 0 || array[0] != '[':
		return fmt.Errorf("%s is missing, or not an array", name)
	}
	rest := array[1 : len(array)-1]
	for n := 0; len(bytes.TrimSpace(rest)) > 0; n++ {
		if n == maxElements {
			return fmt.Errorf("it has more than %d %s", maxElements, name)
		}
		var element []byte
		element, rest = splitValue(rest)
		if element[0] != '{' || !read(element) {
			r.unread.add(name)
		}
	}
	return nil
}

// eachMember calls each for every member of an object. It fails if data is neither an object nor
// null. It keeps nothing, so that its cost does not depend on what the object contains.
func eachMember(data []byte, each func(name, value []byte)) error {
	data = bytes.TrimSpace(data)
	if string(data) == "null" {
		return nil
	}
	if !json.Valid(data) || data[0] != '{' {
		return json.Unmarshal(data, new(struct{})) // says why
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
