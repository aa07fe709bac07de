// SPDX-License-Identifier: MIT

package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Programs that write JSON by hand, or as Python's json module does by default, make these mistakes.
// One in a list of sessions would hide all others.
func TestMistakesInJSONHideNothing(t *testing.T) {
	const plain = `{"id":"demo","status":"Error","hostname":"x","teraflops":1,` +
		`"error":{"code":"A","message":"B"}}`
	for name, odd := range map[string]string{
		"a line break in a message": strings.Replace(plain, `"B"`, "\"two\nlines\"", 1),
		"a tab and an escape":       strings.Replace(plain, `"B"`, "\"\\\"a\tb\\u00e9\"", 1),
		"a path of Windows":         strings.Replace(plain, `"B"`, `"C:\Assets\model"`, 1),
		"no number":                 strings.Replace(plain, `:1,`, `:NaN,`, 1),
		"too large a number":        strings.Replace(plain, `:1,`, `: -Infinity ,`, 1),
		"NaN in a text":             strings.Replace(plain, `"x"`, "\"NaN\x01\"", 1),
	} {
		s, _, err := ReadSession([]byte(odd))
		require.NoError(t, err, name)
		assert.Equal(t, "demo", s.ID, name)
		assert.Equal(t, "A", s.Error.Code, name)
		list := `{"sessions":[` + plain + `,` + odd + `,` + plain + `],"@nextLink":"n"}`
		page, _, err := ReadPage([]byte(list))
		require.NoError(t, err, name)
		assert.Len(t, page.Sessions, 3, name)
		assert.Equal(t, "n", page.NextLink, name)
		refusal := ReadError([]byte(odd))
		require.NotNil(t, refusal, name)
		assert.Equal(t, "A", refusal.Code, name)
	}
	s, _, err := ReadSession([]byte(strings.Replace(plain, `"B"`, `"C:\Assets\model"`, 1)))
	require.NoError(t, err)
	assert.Equal(t, `C:\Assets\model`, s.Error.Message)

	for _, broken := range []string{``, `{`, `{"id":"demo","status":"Ready"`, `{"id":"demo" NaN}`,
		`{"id":"a\`, plain + plain, "\"\x00"} {
		_, _, err := ReadSession([]byte(broken))
		assert.Error(t, err, broken)
	}
}
