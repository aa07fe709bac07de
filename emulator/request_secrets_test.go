// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

// A user agent is cut off, and keys may be escaped, or longer than those of accounts: no part of
// them is left.
func TestRecordsHaveNoPartOfAKey(t *testing.T) {
	const begin = "QXp1cmUgUmVt" // of the key
	key := begin + "b3RlIFJ/bmRl+mluZyBlbXVsYXRvciE="
	const beginOfStorage = "U3RvcmFnZSBr"
	storageKey := beginOfStorage + strings.Repeat("b3RlIFJ/", 9) + "AA=="
	for name, text := range map[string]string{
		"whole":             key,
		"within a text":     "xx" + key + "xx",
		"in an address":     "https://h/?key=" + url.QueryEscape(key) + "&a=b",
		"cut by an answer":  strings.Repeat("x ", 15) + key,
		"as an id":          strings.TrimRight(strings.NewReplacer("/", "_", "+", "-").Replace(key), "="),
		"of a storage":      "AccountName=a;AccountKey=" + storageKey + ";",
		"of a storage, url": url.QueryEscape(storageKey),
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, emulator.Options{Accounts: []emulator.AccountOptions{{PrimaryKey: key}}})
			s.put("a", `{"maxLeaseTimeMinutes":5,"size":"`+text+`"}`)
			s.send("GET", s.session(url.PathEscape(text))+apiVersion, "", http.Header{
				"User-Agent": {strings.Repeat("x", 220) + " " + text},
			})
			assert.Len(t, s.Requests("create", "get", "unknown"), 2)
			for _, r := range s.Requests() {
				shown := strings.Join([]string{
					r.Path, r.SessionID, r.RequestBody, r.ResponseBody, r.UserAgent,
				}, " ")
				assert.NotContains(t, shown, begin)
				assert.NotContains(t, shown, beginOfStorage)
			}
		})
	}
}
