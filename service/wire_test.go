// SPDX-License-Identifier: MIT

package service

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
)

// Error objects are recursive, and every level has the spelling.
func TestErrorSpellings(t *testing.T) {
	detail := &azremoterendering.ErrorDetail{
		Code: "A", Message: "a <b>", Target: "t",
		Details:    []azremoterendering.ErrorDetail{{Code: "B", Message: "b"}},
		InnerError: &azremoterendering.ErrorDetail{Code: "C", Message: "c"},
	}
	for absent, want := range map[AbsentValues]string{
		AbsentOmitted: `{"code":"A","message":"a <b>","details":[{"code":"B","message":"b"}],` +
			`"target":"t","innerError":{"code":"C","message":"c"}}`,
		AbsentNull: `{"code":"A","message":"a <b>","details":[{"code":"B","message":"b",` +
			`"details":null,"target":null,"innerError":null}],` +
			`"target":"t","innerError":{"code":"C","message":"c","details":null,"target":null,"innerError":null}}`,
	} {
		assert.Equal(t, want, string(JSONAnswer(500, wireErrorOf(detail, absent)).Body))
	}
}

func TestTeraflops(t *testing.T) {
	for value, want := range map[teraflops]string{0: "0.0", 8.1: "8.1", 21: "21.0", 10.6: "10.6"} {
		data, err := json.Marshal(value)
		require.NoError(t, err)
		assert.Equal(t, want, string(data))
	}
}
