// SPDX-License-Identifier: MIT

package strictjson_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/strictjson"
)

func TestObject(t *testing.T) {
	members, err := strictjson.Object([]byte(` {"a": 1, "b": {"a": [2]}, "": null} `))
	require.NoError(t, err)
	assert.Equal(t, map[string]json.RawMessage{
		"a": json.RawMessage("1"),
		"b": json.RawMessage(`{"a": [2]}`),
		"":  json.RawMessage("null"),
	}, members)
}

func TestObjectRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "not JSON",
		"{":                  "not JSON",
		"{}{}":               "not JSON",
		"{\"\xff\":1}":       "not JSON",
		"[]":                 "the body is not a JSON object",
		"null":               "the body is not a JSON object",
		`"a"`:                "the body is not a JSON object",
		`{"a":1,"a":1}`:      `a member appears twice: "a"`,
		`{"a":1,"\u0061":1}`: `a member appears twice: "a"`,
	} {
		_, err := strictjson.Object([]byte(text))
		require.EqualError(t, err, want, text)
	}
}
