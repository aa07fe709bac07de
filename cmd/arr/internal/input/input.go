// SPDX-License-Identifier: MIT

// Package input reads the text files that people write, in whatever encoding their editor or shell
// has written them.
package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// MaxSize is how many bytes a text file may have: more than any of them needs.
const MaxSize = 1 << 20

// ReadFile returns the content of a regular file as UTF-8, see [Decode]. It never waits: a pipe, a
// device or a folder is an error, and so is a file of more than [MaxSize] bytes. The null device is
// empty.
func ReadFile(path string) ([]byte, error) {
	if path == os.DevNull {
		return nil, nil
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat() // of the open file: the path may lead elsewhere by now
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder, not a file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is a pipe or a device, not a regular file", path)
	}
	text, err := Read(file)
	if errors.Is(err, errTooLarge) || errors.Is(err, errHalf) {
		err = fmt.Errorf("%s %w", path, err)
	}
	return text, err
}

var (
	errTooLarge = fmt.Errorf("has more than %d bytes", MaxSize)
	errHalf     = errors.New("is UTF-16 or UTF-32 that ends in the middle of a character")
)

// Read returns everything that a reader has as UTF-8, see [Decode]. More than [MaxSize] bytes are
// an error.
func Read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSize {
		return nil, errTooLarge
	}
	return Decode(data)
}

// Decode returns text as UTF-8 without a byte order mark. Windows PowerShell 5.1 writes UTF-16 with
// a mark by default, some tools write UTF-16 without one, and PowerShell can write UTF-32. Anything
// else is returned unchanged, valid UTF-8 or not.
func Decode(data []byte) ([]byte, error) {
	kind, width := encodingOf(data)
	if kind == nil {
		return bytes.TrimPrefix(data, []byte("\ufeff")), nil
	}
	if len(data)%width != 0 {
		return nil, errHalf
	}
	text, err := kind.NewDecoder().Bytes(data)
	return bytes.TrimPrefix(text, []byte("\ufeff")), err
}

// encodingOf recognises UTF-16 and UTF-32 and how many bytes a unit has. The encoding is nil for
// everything else.
func encodingOf(data []byte) (kind encoding.Encoding, width int) {
	has := func(mark string) bool { return bytes.HasPrefix(data, []byte(mark)) }
	switch {
	case has("\xff\xfe\x00\x00"), has("\x00\x00\xfe\xff"):
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), 4
	case has("\xff\xfe"), has("\xfe\xff"):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), 2
	case len(data) < 2:
		return nil, 1
	// Text never has a NUL. UTF-16 has one in every ASCII character, and these files begin with
	// one.
	case data[0] != 0 && data[1] == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), 2
	case data[0] == 0 && data[1] != 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), 2
	}
	return nil, 1
}

// CheckUTF8 returns an error that names the first line that is not UTF-8, such as one in a code
// page of Windows. It quotes nothing.
func CheckUTF8(text []byte) error {
	if utf8.Valid(text) {
		return nil
	}
	line := 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		text = text[size:]
	}
	return fmt.Errorf("line %d has a character that is not UTF-8: save the file as UTF-8", line)
}

// Path returns a path as a shell would have passed it on: ~ alone or in front of a separator is the
// home folder, which shells do not expand inside quotes or behind "=". A relative path is relative
// to folder, or to the working folder if that is empty.
func Path(path, folder string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if path == "" || folder == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// Quoted reports whether a value has quotes around it, typographic ones included.
func Quoted(value string) bool {
	const quotes = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
	first, size := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	return len(value) > size && strings.ContainsRune(quotes, first) && strings.ContainsRune(quotes, last)
}
