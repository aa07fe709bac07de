// SPDX-License-Identifier: MIT

// Package text makes text from outside safe to show: in one line of an error or a log, and on a
// terminal. Libraries and the command line share its one rule.
package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// maxRunes bounds what OneLine returns. Longer text ends in an ellipsis.
const maxRunes = 800

// OneLine makes text safe for one line: line ends, tabs and separators become spaces, other control
// and format characters, invalid UTF-8 included, become U+FFFD. It returns at most 800 characters.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == '\u0085',
			unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case Control(r):
			return unicode.ReplacementChar
		}
		return r
	}, valid(s))
	if len(s) <= maxRunes {
		return s
	}
	if runes := []rune(s); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "…"
	}
	return s
}

// Terminal makes text safe for a terminal: every character that could move the cursor, change the
// title or change the order in which others are shown becomes U+FFFD. Nothing is cut off.
func Terminal(s string) string {
	return strings.Map(func(r rune) rune {
		if Control(r) {
			return unicode.ReplacementChar
		}
		return r
	}, valid(s))
}

// Control reports whether a character is invisible and changes how text around it is shown:
// controls, format characters such as those that change the direction of text, and line separators.
func Control(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

func valid(s string) string { return strings.ToValidUTF8(s, string(unicode.ReplacementChar)) }

// MaybeSecret reports whether a value might be a key, a token or a password that was put in the
// wrong place. Ids, domains, addresses and short words are not.
func MaybeSecret(value string) bool {
	harmless := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".:/-", r)
	}
	short := len(value) <= 36 && !strings.Contains(value, "@")
	return !short && strings.TrimFunc(value, harmless) != ""
}

// Shown quotes a value for an error text, or tells only its length if it might be a secret.
func Shown(value string) string {
	if MaybeSecret(value) {
		return fmt.Sprintf("(%d characters)", len(value))
	}
	return strconv.Quote(value)
}

// WithoutSecret prepares an invalid value and the reason why it is refused for an error text. If
// the value might be a secret, it returns no value, and a reason that tells its length.
func WithoutSecret(value, reason string) (shown, why string) {
	if !MaybeSecret(value) {
		return value, reason
	}
	const hidden = " (%d characters, not shown: they may be a secret)"
	return "", reason + fmt.Sprintf(hidden, len(value))
}
