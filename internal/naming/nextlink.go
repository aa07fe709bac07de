// SPDX-License-Identifier: MIT

package naming

import (
	"errors"
	"net/url"
	"strings"
)

// NextLinks decides which next links of one list may be followed with an access token. A next link
// is untrusted input: it must stay on the scheme, host, port and account of the first page, and
// none may come twice.
type NextLinks struct {
	first *url.URL
	seen  map[string]bool
}

// ForeignLinkError is the error for a next link that leaves the account of its list.
type ForeignLinkError struct {
	// Address is where the link leads, without query and user name, which may be secrets.
	Address string
}

func (e *ForeignLinkError) Error() string {
	return "the next link leaves this account, to " + e.Address + ", and was not followed"
}

// NewNextLinks returns the rule for a list whose first page has the given address. The last segment
// of its path is the collection; what precedes it is the account.
func NewNextLinks(first *url.URL) *NextLinks {
	return &NextLinks{first: first, seen: map[string]bool{pageKey(first): true}}
}

// Follow returns the address that a next link, absolute or relative, stands for.
func (l *NextLinks) Follow(link string) (string, error) {
	next, err := url.Parse(link)
	if err == nil {
		// Go drops parameters with a semicolon, which a service may leave unescaped.
		next.RawQuery = strings.ReplaceAll(next.RawQuery, ";", "%3B")
		_, err = url.ParseQuery(next.RawQuery)
	}
	if err != nil {
		return "", errors.New("the next link is not an address") // err quotes it
	}
	climbs := strings.Contains(next.Path, "..") || strings.Contains(next.Path, "\\")
	next = l.first.ResolveReference(next)
	if climbs || !l.within(next) {
		address := next.Scheme + "://" + next.Host + next.EscapedPath()
		return "", &ForeignLinkError{Address: address}
	}
	key := pageKey(next)
	if l.seen[key] {
		return "", errors.New("the service returned the same next link twice")
	}
	l.seen[key] = true
	next.Fragment, next.RawFragment = "", ""
	return next.String(), nil
}

// within reports whether an address lies in the account of the list.
func (l *NextLinks) within(next *url.URL) bool {
	first := l.first.EscapedPath()
	account, path := first[:strings.LastIndex(first, "/")+1], next.EscapedPath()
	return next.User == nil && next.Scheme == l.first.Scheme &&
		strings.EqualFold(next.Hostname(), l.first.Hostname()) && Port(next) == Port(l.first) &&
		len(path) >= len(account) && strings.EqualFold(path[:len(account)], account)
}

// pageKey tells pages of one host apart. The API version does not: the pipeline sets it anyway.
func pageKey(address *url.URL) string {
	query := address.Query()
	query.Del("api-version")
	return strings.ToLower(address.EscapedPath()) + "?" + query.Encode()
}
