// SPDX-License-Identifier: MIT

// Package redact removes secrets from what clients of an emulator send and are sent, so that
// requests can be recorded: keys, access tokens, signatures, and whatever stands in the wrong
// place.
package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/wire"
)

const (
	// MaxBody is the size of the longest body that is shown, in bytes.
	MaxBody = 4096

	maxUserAgent = 256 // bytes
	maxSegments  = 8   // of a path
	redacted     = "REDACTED"
)

// minSecret is the shortest text that is taken for a secret, in bytes. Shorter ones, which no
// service would issue, occur by chance.
const minSecret = 6

// Redactor removes the keys of accounts, and what is a secret no matter who it belongs to.
type Redactor struct{ keys []string }

// New returns a redactor that knows keys. Those of less than 6 bytes are passed over, because they
// occur by chance. It keeps the slice.
func New(keys []string) Redactor {
	return Redactor{slices.DeleteFunc(keys, func(key string) bool { return len(key) < minSecret })}
}

// Texts that are secrets no matter who they belong to, beside the signature of a SAS: a JWT, and 32
// bytes or more in Base64, as keys of accounts and of storage are, perhaps escaped for an address.
var (
	tokenText = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+`)
	keyText   = regexp.MustCompile(`(?:[A-Za-z0-9+/]|%2[BbFf]){43,}(?:=|%3[Dd]){1,2}`)
)

// A key is recognised by its beginning, because answers quote only a part of what they refuse. What
// follows it and may belong to a key is redacted with it.
const (
	keyBeginning = 12 // bytes
	shortestKey  = 24 // bytes; the beginnings of shorter keys stand in other texts, too
)

var restOfKey = regexp.MustCompile(`^[A-Za-z0-9+/_=%-]*`)

// beginnings returns how a key begins as it is, in the Base64 of addresses, and escaped.
func beginnings(key string) [3]string {
	if len(key) < shortestKey {
		return [3]string{key, key, key}
	}
	begin := key[:keyBeginning]
	if !strings.ContainsAny(begin, "+/") {
		return [3]string{begin, begin, begin}
	}
	return [3]string{
		begin,
		strings.NewReplacer("+", "-", "/", "_").Replace(begin),
		url.QueryEscape(begin),
	}
}

// withoutKey removes a key and its beginnings from a text.
func withoutKey(text, key string) string {
	text = strings.ReplaceAll(text, key, redacted)
	if len(key) < shortestKey {
		return text
	}
	for _, begin := range beginnings(key) {
		for {
			before, after, found := strings.Cut(text, begin)
			if !found {
				break
			}
			text = before + redacted + after[len(restOfKey.FindString(after)):]
		}
	}
	return text
}

// harmless reports whether a text cannot have a secret: it has no key, no escapes that could hide
// one, and nothing that stands in or before secrets. Most bodies are so, and need no closer look.
func (r Redactor) harmless(text string) bool {
	for _, key := range r.keys {
		for _, begin := range beginnings(key) {
			if strings.Contains(text, begin) {
				return false
			}
		}
	}
	if strings.ContainsAny(text, `\=%`) {
		return false
	}
	lower := strings.ToLower(text)
	return !strings.Contains(lower, "sig") && !strings.Contains(lower, "eyj") && !secret(lower)
}

// Text removes secrets from a text.
func (r Redactor) Text(text string) string {
	if r.harmless(text) {
		return text
	}
	for _, key := range r.keys {
		text = withoutKey(text, key)
	}
	text = wire.WithoutSignature(text)
	text = tokenText.ReplaceAllString(text, redacted)
	return keyText.ReplaceAllString(text, redacted)
}

// secretMembers are parts of the names of members whose values are secret, in lower case.
var secretMembers = []string{
	"sas", "token", "key", "secret", "password", "signature", "authorization", "credential",
}

// secret reports whether the name of a member says that its value is secret.
func secret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretMembers, func(part string) bool {
		return strings.Contains(name, part)
	})
}

// Body returns JSON without secrets. What is not JSON, or longer than [MaxBody], is not shown: size
// is how long the body is, of which data may be the beginning.
func (r Redactor) Body(data []byte, size int) string {
	switch {
	case size == 0:
		return ""
	case size > MaxBody:
		return fmt.Sprintf("(%d bytes)", size)
	case !json.Valid(data):
		return fmt.Sprintf("(%d bytes, not JSON)", size)
	}
	if text := string(data); r.harmless(text) {
		return text
	}
	var shown bytes.Buffer
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := r.value(&shown, decoder); err != nil {
		return fmt.Sprintf("(%d bytes)", size)
	}
	return shown.String()
}

// value copies one value, members in their order.
func (r Redactor) value(to *bytes.Buffer, from *json.Decoder) error {
	token, err := from.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		return r.inside(to, from, t)
	case string:
		return quote(to, r.Text(t))
	case json.Number:
		_, err = to.WriteString(t.String())
	case bool:
		_, err = fmt.Fprint(to, t)
	default:
		_, err = to.WriteString("null")
	}
	return err
}

// inside copies the elements of an array or the members of an object.
func (r Redactor) inside(to *bytes.Buffer, from *json.Decoder, opened json.Delim) error {
	to.WriteRune(rune(opened))
	for i := 0; from.More(); i++ {
		if i > 0 {
			to.WriteByte(',')
		}
		if opened == '{' {
			hidden, err := r.member(to, from)
			if err != nil {
				return err
			}
			if hidden {
				continue
			}
		}
		if err := r.value(to, from); err != nil {
			return err
		}
	}
	closed, err := from.Token()
	if err == nil {
		fmt.Fprint(to, closed)
	}
	return err
}

// member copies the name of a member. If its value is secret, it replaces that.
func (r Redactor) member(to *bytes.Buffer, from *json.Decoder) (hidden bool, err error) {
	token, err := from.Token()
	if err != nil {
		return false, err
	}
	name, _ := token.(string)
	if err := quote(to, r.Text(name)); err != nil {
		return false, err
	}
	to.WriteByte(':')
	if !secret(name) {
		return false, nil
	}
	var value json.RawMessage
	if err := from.Decode(&value); err != nil {
		return false, err
	}
	if string(value) == "null" || string(value) == `""` {
		to.Write(value)
		return true, nil
	}
	return true, quote(to, redacted)
}

func quote(to *bytes.Buffer, text string) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return err
	}
	to.Truncate(to.Len() - 1) // the end of the line
	return nil
}

// UserAgent returns the name of the client: up to 256 bytes of printable ASCII.
func (r Redactor) UserAgent(header string) string {
	shown := r.Text(header) // before it is cut: a part of a secret would not be recognised
	shown = shown[:min(len(shown), maxUserAgent)]
	if !printableASCII(shown) {
		return ""
	}
	return shown
}

// Path returns the escaped path of a request without what may be a secret in the wrong place:
// segments that are neither part of the protocol nor an account nor a valid id. isAccount knows the
// accounts.
func (r Redactor) Path(escaped string, isAccount func(id string) bool) string {
	segments := strings.Split(escaped, "/")
	if len(segments) > maxSegments {
		segments = append(segments[:maxSegments], "…")
	}
	for i, segment := range segments {
		named := i > 0 && (segments[i-1] == "sessions" || segments[i-1] == "conversions")
		switch segment {
		case "", "accounts", "Accounts", "sessions", "conversions", "token", ":stop", "…":
			continue
		}
		id, err := url.PathUnescape(segment)
		if err != nil || !isAccount(id) && (!named || naming.CheckID(id) != "") {
			segments[i] = redacted
		}
	}
	return r.Text(strings.Join(segments, "/"))
}

func printableASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
