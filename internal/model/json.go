// SPDX-License-Identifier: MIT

package model

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// scanner reads JSON from a stream, value by value. In contrast to encoding/json it never holds a
// value that nobody asked for: a glTF may embed a buffer of a gigabyte as one string.
//
// It is lenient about what does not matter here, such as escapes, and strict about structure.
type scanner struct {
	r     *bufio.Reader
	depth int
}

const (
	maxDepth  = 256
	maxString = 4096
	maxNumber = 64
)

var errJSON = &InvalidError{"the JSON is damaged or cut off"}

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the first byte that is no white space.
func (s *scanner) next() (byte, error) {
	for {
		switch c, err := s.r.ReadByte(); {
		case errors.Is(err, io.EOF):
			return 0, errJSON
		case err != nil:
			return 0, err
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return c, nil
		}
	}
}

// peek returns the byte that next will return.
func (s *scanner) peek() (byte, error) {
	c, err := s.next()
	if err == nil {
		err = s.r.UnreadByte()
	}
	return c, err
}

// object calls member for each member of the object that follows. member reads the value.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func(int) error {
		key, err := s.text()
		if err != nil {
			return err
		}
		if c, err := s.next(); err != nil || c != ':' {
			return orDamaged(err)
		}
		return member(key)
	})
}

// array calls element for each element of the array that follows. element reads the value.
func (s *scanner) array(element func(i int) error) error { return s.list('[', ']', element) }

func (s *scanner) list(opening, closing byte, element func(i int) error) error {
	if c, err := s.next(); err != nil || c != opening {
		return orDamaged(err)
	}
	if s.depth++; s.depth > maxDepth {
		return invalid("the JSON is nested more than %d deep", maxDepth)
	}
	defer func() { s.depth-- }()
	if c, err := s.peek(); err != nil {
		return err
	} else if c == closing {
		_, err = s.r.ReadByte()
		return err
	}
	for i := 0; ; i++ {
		if err := element(i); err != nil {
			return err
		}
		switch c, err := s.next(); {
		case err != nil:
			return err
		case c == closing:
			return nil
		case c != ',':
			return errJSON
		}
	}
}

// text reads a string. One longer than 4,096 bytes is cut there; the rest is read and dropped.
func (s *scanner) text() (string, error) {
	if c, err := s.next(); err != nil || c != '"' {
		return "", orDamaged(err)
	}
	var raw []byte
	for escaped := false; ; {
		c, err := s.r.ReadByte()
		if err != nil {
			return "", cutOff(err)
		}
		if c == '"' && !escaped {
			return unquote(raw), nil
		}
		escaped = c == '\\' && !escaped
		if len(raw) < maxString {
			raw = append(raw, c)
		}
	}
}

// unquote resolves escapes. A text that was cut, or that is no UTF-8, is returned as well as can
// be.
func unquote(raw []byte) string {
	plain := true
	for _, c := range raw {
		plain = plain && c != '\\' && c < utf8.RuneSelf
	}
	if plain {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] != '\\' || i+1 == len(raw):
			out = append(out, raw[i])
		case raw[i+1] == 'u' && i+6 <= len(raw):
			code, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 32)
			if err != nil {
				code = uint64(utf8.RuneError)
			}
			out = utf8.AppendRune(out, rune(code))
			i += 5
		default:
			i++
			out = append(out, unescaped(raw[i]))
		}
	}
	return string(out)
}

func unescaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	}
	return c
}

// number reads a number. Anything else is an error.
func (s *scanner) number() (float64, error) {
	text, err := s.word()
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errJSON
	}
	return value, nil
}

// count reads a number that is an index or a count: whole and not negative. glTF allows no others,
// and 2^53 is the largest whole number that JSON carries safely.
func (s *scanner) count() (uint64, error) {
	value, err := s.number()
	if err != nil {
		return 0, err
	}
	if value < 0 || value > 1<<53 || value != float64(uint64(value)) {
		return 0, invalid("a count or an index in the JSON is %v", value)
	}
	return uint64(value), nil
}

// word reads a number or a literal.
func (s *scanner) word() (string, error) {
	c, err := s.next()
	if err != nil {
		return "", err
	}
	word := make([]byte, 0, 24)
	for wordByte(c) {
		if word = append(word, c); len(word) > maxNumber {
			return "", errJSON
		}
		if c, err = s.r.ReadByte(); errors.Is(err, io.EOF) {
			return string(word), nil
		} else if err != nil {
			return "", err
		}
	}
	if len(word) == 0 {
		return "", errJSON
	}
	return string(word), s.r.UnreadByte()
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == 'E' || c == '-' || c == '+' || c == '.'
}

// skip reads one value of any kind and drops it.
func (s *scanner) skip() error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return s.object(func(string) error { return s.skip() })
	case '[':
		return s.array(func(int) error { return s.skip() })
	case '"':
		_, err = s.text()
	default:
		err = s.literal()
	}
	return err
}

func (s *scanner) literal() error {
	word, err := s.word()
	if err != nil || word == "true" || word == "false" || word == "null" {
		return err
	}
	if _, err = strconv.ParseFloat(word, 64); err != nil && !errors.Is(err, strconv.ErrRange) {
		return errJSON
	}
	return nil
}

// end checks that nothing follows but white space and the zeros with which some writers pad.
func (s *scanner) end() error {
	for {
		switch c, err := s.r.ReadByte(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0:
			return errJSON
		}
	}
}

func orDamaged(err error) error {
	if err != nil {
		return err
	}
	return errJSON
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return errJSON
	}
	return err
}
