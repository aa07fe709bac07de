// SPDX-License-Identifier: MIT

package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A usual page is decoded at once, and a large one element by element. Both must show the same.
func TestBothWaysToReadAPageAgree(t *testing.T) {
	const one, two = `{"id":"a","status":"Ready","size":"Standard"}`, `{"id":"b","status":"Starting"}`
	padding := `,"padding":[0` + strings.Repeat(",0", maxCommas) + `]}`
	for name, page := range map[string]string{
		"two sessions":          `{"sessions":[` + one + `,` + two + `],"@nextLink":"next"}`,
		"none":                  `{"sessions":[]}`,
		"null for the array":    `{"sessions":null}`,
		"no array":              `{"@nextLink":"next"}`,
		"null for a session":    `{"sessions":[` + one + `,null,` + two + `]}`,
		"no id":                 `{"sessions":[{"status":"Ready"},` + two + `]}`,
		"a number":              `{"sessions":[7,` + two + `]}`,
		"capitals":              `{"SESSIONS":[` + one + `],"@NEXTLINK":"next"}`,
		"escaped name":          `{"s\u0065ssions":[` + one + `]}`,
		"two arrays":            `{"sessions":[` + one + `],"sessions":[{"id":"b"}]}`,
		"two arrays, capitals":  `{"sessions":[` + one + `],"Sessions":[{"id":"b"}]}`,
		"two arrays, escaped":   `{"sessions":[` + one + `],"s\u0065ssions":[{"id":"b"}]}`,
		"a session of the name": `{"sessions":[{"id":"sessions","status":"Ready"}]}`,
		"members twice":         `{"sessions":[{"id":"a","id":"b","status":"Ready","size":"A","size":null}]}`,
		"an odd time":           `{"sessions":[{"id":"a","status":"Ready","creationTime":"soon"},` + two + `]}`,
		"an odd number":         `{"sessions":[{"id":"a","status":"Ready","maxLeaseTimeMinutes":"x"},` + two + `]}`,
		"an error":              `{"sessions":[{"id":"a","status":"Error","error":{"code":"C","details":[{}]}}]}`,
		"an odd link":           `{"sessions":[` + one + `],"@nextLink":7}`,
		"null for the link":     `{"sessions":[` + one + `],"@nextLink":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, unread, err := ReadPage([]byte(page))
			slowly, unreadSlowly, errSlowly := ReadPage([]byte(strings.TrimSuffix(page, "}") + padding))
			require.Equal(t, errSlowly, err)
			assert.Equal(t, slowly.NextLink, got.NextLink)
			assert.ElementsMatch(t, slowly.Sessions, got.Sessions)
			assert.ElementsMatch(t, unreadSlowly, unread)
		})
	}
}
