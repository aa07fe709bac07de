// SPDX-License-Identifier: MIT

package text

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestQuote(t *testing.T) {
	for value, want := range map[string]string{
		"a b":       `"a b"`,
		"a\n\u202e": `"a\n\u202e"`,
		"90s":       "90s",
		"-1":        "-1",
		"1.5":       "1.5",
		"1h30m0s":   "1h30m0s",
		"12 apples": `"12 apples"`,
		"":          `""`,
	} {
		assert.Equal(t, want, Quote(value))
	}
}
