// SPDX-License-Identifier: MIT

package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextsAreUnescapedAndCut(t *testing.T) {
	for raw, want := range map[string]string{
		`"a\/b\\\"c"`: `a/b\"c`, `"\u00e4\n\t"`: "ä\n\t", `"\uZZZZ"`: "\uFFFD", `""`: "",
		`"` + strings.Repeat("x", 10_000) + `"`: strings.Repeat("x", maxString),
	} {
		got, err := newScanner(strings.NewReader(raw)).text()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// FuzzScannerReadsAllJSON: everything that encoding/json accepts is read, except for limits.
func FuzzScannerReadsAllJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5e-3,-0,true,null,"\n\u0041\\"],"":{}, "b" : [ ] }`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := newScanner(bytes.NewReader(content))
		err := s.skip()
		if err == nil {
			err = s.end()
		}
		if json.Valid(content) && err != nil {
			_, limited := errors.AsType[*InvalidError](err)
			assert.True(t, limited && (len(content) > maxNumber || len(content) > maxDepth), "%q: %v", content, err)
		}
	})
}
