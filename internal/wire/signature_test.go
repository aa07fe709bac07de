// SPDX-License-Identifier: MIT

package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithoutSignature(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"box.glb":                       "box.glb",
		"GET https://a/b?sv=1&sig=x%2F": "GET https://a/b?sv=1&sig=REDACTED",
		"?SIG=x&sp=rl":                  "?SIG=REDACTED&sp=rl",
		"a%3Fsig%3Dx":                   "a%3Fsig%3DREDACTED",
		"a%3fsv%3d1%26sig%3dx y":        "a%3fsv%3d1%26sig%3dREDACTED y",
		"a%253Fsig%253Dx":               "a%253Fsig%253DREDACTED",
		`{"u":"?sig=x","v":1}`:          `{"u":"?sig=REDACTED","v":1}`,
		"design=modern":                 "design=modern",
		"sig":                           "sig",
	} {
		assert.Equal(t, want, WithoutSignature(text))
	}
}
