// SPDX-License-Identifier: MIT

package naming

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzNextLink: what is followed lies on the client's scheme, host, port and account.
func FuzzNextLink(f *testing.F) {
	const own = "https://rendering.example/base/accounts/00000000-1111-2222-3333-444455556666/"
	for _, link := range []string{
		own + "sessions?skiptoken=x", "?skiptoken=x", "//attacker.example/",
		"https://rendering.example@attacker.example/", own + "../x", own + "%2e%2e/x",
		"/base/accounts/00000000-1111-2222-3333-444455556666/sessions;x", "\\\\attacker.example",
		"https:rendering.example", "?x=%zz",
	} {
		f.Add(link)
	}
	first, err := url.Parse(own + "sessions")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link string) {
		links := NewNextLinks(first)
		address, err := links.Follow(link)
		if err != nil {
			return
		}
		followed, err := url.Parse(address)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", link, address, err)
		}
		if followed.Scheme != "https" ||
			!strings.EqualFold(followed.Host, "rendering.example") &&
				!strings.EqualFold(followed.Host, "rendering.example:443") ||
			followed.User != nil {
			t.Fatalf("%q leads to %q", link, address)
		}
		if !strings.HasPrefix(
			strings.ToLower(followed.EscapedPath()),
			strings.TrimPrefix(own, "https://rendering.example"),
		) ||
			strings.Contains(followed.Path, "..") {
			t.Fatalf("%q leads to the path %q", link, followed.Path)
		}
		if _, err := links.Follow(link); err == nil {
			t.Fatalf("%q is followed twice", link)
		}
	})
}
