// SPDX-License-Identifier: MIT

package blobaccess_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

// FuzzParse: whatever is taken for an address has no query, for a prefix ends in a slash, and for a
// SAS is printed by no error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		query, "https://a.blob.core.windows.net/c?" + query, `\a\..\b`, "http://u:p@a/b/c#x", "a/b/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if address, err := blobaccess.ParseContainerURL(text); err == nil {
			assert.Empty(t, address.RawQuery)
			again, err := blobaccess.ParseContainerURL(address.String())
			if assert.NoError(t, err) {
				assert.Equal(t, address.String(), again.String())
			}
			assert.NotContains(t, blobaccess.BlobURL(address, "a?b#c"), "?")
		}
		if prefix, err := blobaccess.CleanPrefix(text); err == nil && prefix != "" {
			assert.True(t, strings.HasSuffix(prefix, "/") && !strings.HasPrefix(prefix, "/"))
			assert.NotContains(t, "/"+prefix, "/../")
		}
		if sas, err := blobaccess.ParseSAS(text); err == nil {
			assert.Equal(t, "REDACTED", sas.String())
			assert.NotContains(t, sas.Reveal(), "?"+"?")
		} else if len(text) > 20 {
			assert.NotContains(t, err.Error(), text)
		}
	})
}
