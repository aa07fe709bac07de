// SPDX-License-Identifier: MIT

package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain – Größe 5 µm":        "plain – Größe 5 µm",
		"a\nb\r\nc\td":              "a b  c d",
		"a\u2028b\u0085c":           "a b c",
		"\x1b[31mred\x07\x7f\u009b": "\uFFFD[31mred\uFFFD\uFFFD\uFFFD",
		"ab\u202ecd\u2066ef\u200f":  "ab\uFFFDcd\uFFFDef\uFFFD",
		"bad \xff\xfe utf":          "bad \uFFFD utf",
	} {
		assert.Equal(t, want, OneLine(in))
	}
	long := OneLine(strings.Repeat("é", 900))
	assert.Equal(t, 801, utf8.RuneCountInString(long))
	assert.True(t, strings.HasSuffix(long, "é…"))
	assert.Equal(t, strings.Repeat("é", 800), OneLine(strings.Repeat("é", 800)))
}

func TestTerminal(t *testing.T) {
	assert.Equal(t, "a\uFFFDb\uFFFD", Terminal("a\nb\x1b"))
	long := strings.Repeat("x", 5000)
	assert.Equal(t, long, Terminal(long))
}

func TestWhatMightBeASecretIsNotShown(t *testing.T) {
	for value, want := range map[string]string{
		"":                                     `""`,
		"demo":                                 `"demo"`,
		"00000000-1111-2222-3333-444455556666": `"00000000-1111-2222-3333-444455556666"`,
		"https://remoterendering.westeurope.mixedreality.azure.com": `"https://remoterendering.` +
			`westeurope.mixedreality.azure.com"`,
		"u:p@host": "(8 characters)",
		"Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8=": "(44 characters)",
	} {
		assert.Equal(t, want, Shown(value))
	}
}
