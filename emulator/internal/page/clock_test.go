// SPDX-License-Identifier: MIT

package page

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageSaysWhatIsSpecialAboutTheClock(t *testing.T) {
	for _, test := range []struct {
		clock Clock
		want  string
	}{
		{Clock{}, ""},
		{Clock{Scale: 1}, ""},
		{Clock{Scale: 60}, "60 times as fast"},
		{Clock{Scale: 0.5, Offset: -2 * time.Minute}, "0.5 times as fast, 2 min behind"},
		{Clock{Scale: 60, Frozen: true, Offset: 31 * time.Minute}, "frozen, 31 min ahead"},
		{Clock{Scale: 1, Offset: 31*time.Minute + 5*time.Second}, "31 min 5 s ahead"},
	} {
		state := emptyPage()
		state.Clock = test.clock
		body, err := Render(state)
		require.NoError(t, err)
		if test.want == "" {
			assert.NotContains(t, string(body), `class="moved"`)
		} else {
			assert.Contains(t, string(body), `<b class="moved">`+test.want+`</b>`)
		}
	}
}
