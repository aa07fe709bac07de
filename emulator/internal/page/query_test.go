// SPDX-License-Identifier: MIT

package page

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a query does not understand has its default, and its address leads to the same page.
func TestQuery(t *testing.T) {
	for text, want := range map[string]Query{
		"":                         {Page: 1},
		"q=+show-1+&show=ended":    {Page: 1, Search: "show-1", Show: ShowEnded},
		"page=3&refresh=off":       {Page: 3, Paused: true},
		"page=0&show=other":        {Page: 1},
		"page=x&refresh=on":        {Page: 1},
		"page=9999999999999999999": {Page: 1},
		"page=99999999":            {Page: maxPage},
		"q=%ff%00x":                {Page: 1, Search: "\x00x"},
		"session=a&account=b&region=c&done=stop": {
			Page: 1, Session: "a", Account: "b", Region: "c", Done: "stop",
		},
	} {
		values, err := url.ParseQuery(text)
		require.NoError(t, err)
		q := ParseQuery(values)
		assert.Equal(t, want, q, text)
		address, err := url.Parse(q.Address())
		require.NoError(t, err)
		assert.Equal(t, Path, address.Path)
		assert.Equal(t, q, ParseQuery(address.Query()), text)
	}
	long := ParseQuery(url.Values{"q": {strings.Repeat("ä", 1000)}})
	assert.Equal(t, strings.Repeat("ä", maxSearch/2), long.Search)
}

func TestSearchIgnoresCase(t *testing.T) {
	q := Query{Search: "SHOW"}
	assert.True(t, q.MatchesText("x", "a-Show-1"))
	assert.False(t, q.MatchesText("x", "sho"))
	assert.True(t, Query{}.MatchesText())
}
