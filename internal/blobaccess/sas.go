// SPDX-License-Identifier: MIT

// Package blobaccess accesses Azure Blob storage without revealing the credential. A shared access
// signature (SAS) is part of the address of every request, and addresses appear in errors, logs and
// traces. Here the SAS is added below all of these, by the transport, and errors are rebuilt from
// their harmless parts.
package blobaccess

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// redacted stands where a secret was.
const redacted = "REDACTED"

// SAS is a shared access signature: the query that is added to an address. It is a secret, and
// shows as REDACTED however it is printed, logged or marshalled. The zero SAS is none.
type SAS struct {
	// parts is a function because fmt looks into unexported fields of other structs, and behind
	// pointers in them, without asking their methods. Of a function it shows no more than the
	// address.
	parts func() *parts
}

type parts struct {
	query  string
	values url.Values
}

// ParseSAS reads a SAS. A leading "?" and white space around it are accepted. The errors do not
// repeat the text.
func ParseSAS(text string) (SAS, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "?")
	if strings.Contains(text, "://") {
		return SAS{}, errors.New("the SAS is an address; give only what follows the question mark")
	}
	values, err := url.ParseQuery(text)
	if err != nil || strings.ContainsAny(text, " \t\r\n#") {
		return SAS{}, errors.New("the SAS is not a query string: expected sv=…&sp=…&sig=…")
	}
	if values.Get("sig") == "" {
		return SAS{}, errors.New("the SAS has no signature: expected sv=…&sp=…&sig=…")
	}
	return SAS{func() *parts { return &parts{text, values} }}, nil
}

// IsZero says whether there is no SAS.
func (s SAS) IsZero() bool { return s.parts == nil }

// Reveal returns the query, without a question mark. It is the secret.
func (s SAS) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.parts().query
}

// value returns a parameter of the query.
func (s SAS) value(name string) string {
	if s.IsZero() {
		return ""
	}
	return s.parts().values.Get(name)
}

// Allows says whether the SAS grants all of the permissions, such as "rl" for reading and listing.
// A SAS that refers to a stored access policy does not say what it grants; it is taken to allow
// all.
func (s SAS) Allows(permissions string) bool {
	granted := s.value("sp")
	for _, p := range permissions {
		if !strings.ContainsRune(granted, p) && s.value("si") == "" {
			return false
		}
	}
	return true
}

// Expiry returns when the SAS expires, or the zero time if it does not say.
func (s SAS) Expiry() time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", time.DateOnly} {
		if t, err := time.Parse(layout, s.value("se")); err == nil {
			return t
		}
	}
	return time.Time{}
}

func (s SAS) shown() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// String returns REDACTED.
func (s SAS) String() string { return s.shown() }

// Format writes REDACTED for every verb.
func (s SAS) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.shown())) }

// MarshalText returns REDACTED.
func (s SAS) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

// LogValue returns REDACTED.
func (s SAS) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// secrets are the forms in which a server or a proxy may repeat the SAS.
func (s SAS) secrets() []string {
	if s.IsZero() {
		return nil
	}
	sig := s.value("sig")
	return []string{s.parts().query, url.QueryEscape(sig), url.PathEscape(sig), sig}
}
