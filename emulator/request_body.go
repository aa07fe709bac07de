// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/wire"
	"github.com/arr-go/azremoterendering/service"
)

const (
	maxKeptBody      = 4096 // bytes of a body that the record of a request has
	maxKeptUserAgent = 256  // bytes
	maxKeptSegments  = 8    // of a path
	redacted         = "REDACTED"
)

// bodyCopy keeps the beginning of what is read of a body.
type bodyCopy struct {
	io.ReadCloser
	data []byte // at most one byte more than is kept
	size int
}

// Read implements [io.Reader].
func (b *bodyCopy) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.size += n
	b.data = append(b.data, p[:min(n, maxKeptBody+1-len(b.data))]...)
	return n, err
}

// shown returns the body as the record of the request has it.
func (b *bodyCopy) shown(s scrubber) string {
	if b == nil {
		return ""
	}
	return s.body(b.data, b.size)
}

// scrubber removes secrets from what clients send and are sent.
type scrubber struct{ keys []string }

// scrubber returns one that knows the present keys of all accounts.
func (e *Emulator) scrubber() scrubber {
	var s scrubber
	for _, a := range e.accounts {
		primary, secondary, _ := e.service.Keys(a.ID)
		for _, key := range []string{primary, secondary} {
			if len(key) >= minSecret {
				s.keys = append(s.keys, key)
			}
		}
	}
	return s
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
func (s scrubber) harmless(text string) bool {
	for _, key := range s.keys {
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

// text removes secrets from a text.
func (s scrubber) text(text string) string {
	if s.harmless(text) {
		return text
	}
	for _, key := range s.keys {
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

// body returns JSON without secrets. What is not JSON, or long, is not shown.
func (s scrubber) body(data []byte, size int) string {
	switch {
	case size == 0:
		return ""
	case size > maxKeptBody:
		return fmt.Sprintf("(%d bytes)", size)
	case !json.Valid(data):
		return fmt.Sprintf("(%d bytes, not JSON)", size)
	}
	if text := string(data); s.harmless(text) {
		return text
	}
	var shown bytes.Buffer
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := s.value(&shown, decoder); err != nil {
		return fmt.Sprintf("(%d bytes)", size)
	}
	return shown.String()
}

// value copies one value, members in their order.
func (s scrubber) value(to *bytes.Buffer, from *json.Decoder) error {
	token, err := from.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		return s.inside(to, from, t)
	case string:
		return quote(to, s.text(t))
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
func (s scrubber) inside(to *bytes.Buffer, from *json.Decoder, opened json.Delim) error {
	to.WriteRune(rune(opened))
	for i := 0; from.More(); i++ {
		if i > 0 {
			to.WriteByte(',')
		}
		if opened == '{' {
			hidden, err := s.member(to, from)
			if err != nil {
				return err
			}
			if hidden {
				continue
			}
		}
		if err := s.value(to, from); err != nil {
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
func (s scrubber) member(to *bytes.Buffer, from *json.Decoder) (hidden bool, err error) {
	token, err := from.Token()
	if err != nil {
		return false, err
	}
	name, _ := token.(string)
	if err := quote(to, s.text(name)); err != nil {
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

// errorCodeOf returns the code of an answer that refuses.
func errorCodeOf(a service.Answer) string {
	if a.Status < 400 || len(a.Body) == 0 || len(a.Body) > maxKeptBody {
		return ""
	}
	var body struct{ Error struct{ Code string } }
	if json.Unmarshal(a.Body, &body) != nil || len(body.Error.Code) > maxShownLength {
		return ""
	}
	return body.Error.Code
}

// userAgentOf returns the name of the client.
func (s scrubber) userAgentOf(header string) string {
	shown := s.text(header) // before it is cut: a part of a secret would not be recognised
	shown = shown[:min(len(shown), maxKeptUserAgent)]
	if !printableASCII(shown) {
		return ""
	}
	return shown
}

// shownPath returns the path of a request without what may be a secret in the wrong place.
func (e *Emulator) shownPath(escaped string) string {
	segments := strings.Split(escaped, "/")
	if len(segments) > maxKeptSegments {
		segments = append(segments[:maxKeptSegments], "…")
	}
	for i, segment := range segments {
		named := i > 0 && (segments[i-1] == "sessions" || segments[i-1] == "conversions")
		switch segment {
		case "", "accounts", "Accounts", "sessions", "conversions", "token", ":stop", "…":
			continue
		}
		id, err := url.PathUnescape(segment)
		if err != nil || e.accountID(id) == "" && (!named || naming.CheckID(id) != "") {
			segments[i] = redacted
		}
	}
	return strings.Join(segments, "/")
}
