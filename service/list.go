// SPDX-License-Identifier: MIT

package service

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
)

const skipTokenParameter = "skiptoken"

// listSessions is GET /accounts/{id}/sessions.
func (q *Request) listSessions() Answer {
	decisions := q.service.decisions
	query := ListQuery{Limit: decisions.PageSize, Ended: decisions.ListEnded}
	if token, given := q.query[skipTokenParameter]; given {
		var ok bool
		if query.After, ok = parseSkipToken(token); !ok {
			return q.Refuse(badSkipToken)
		}
	}
	page, next, err := q.service.store.List(q.HTTP.Context(), q.partition(), query)
	if err != nil {
		return q.storeFailed(err)
	}
	now := q.service.now()
	list := wireList{Sessions: make([]any, 0, len(page))}
	for i := range page {
		if facts := &page[i]; decisions.ListEnded || !facts.Ended(now) {
			list.Sessions = append(list.Sessions, q.wire(facts.Session(now)))
		}
	}
	if next != "" {
		list.NextLink = q.nextLink(next)
	}
	if q.EditNextLink != nil {
		list.NextLink = q.EditNextLink(list.NextLink)
	}
	return uncached(JSONAnswer(http.StatusOK, list))
}

// nextLink returns the absolute address of the page after a cursor, on the scheme and host that the
// request was for.
func (q *Request) nextLink(after string) string {
	link := url.URL{Scheme: Scheme(q.HTTP), Host: q.HTTP.Host, Path: q.HTTP.URL.Path}
	link.RawQuery = url.Values{
		apiVersionParameter: q.query[apiVersionParameter],
		skipTokenParameter:  {skipToken(after)},
	}.Encode()
	return link.String()
}

// schemeKey is the key under which the context of a request has the scheme of [AddressedTo].
type schemeKey struct{}

// AddressedTo returns a request as one for another scheme and host, "HOST" or "HOST:PORT", which
// count for regions and for links to the next page. Use it below a proxy that ends TLS or changes
// the host. An empty scheme or host stays as it is. Neither is checked.
func AddressedTo(r *http.Request, scheme, host string) *http.Request {
	ctx := r.Context()
	if scheme != "" {
		ctx = context.WithValue(ctx, schemeKey{}, scheme)
	}
	r = r.WithContext(ctx)
	if host != "" {
		r.Host = host
	}
	return r
}

// Scheme returns the scheme of the address that a request was for, see [AddressedTo].
func Scheme(r *http.Request) string {
	if scheme, ok := r.Context().Value(schemeKey{}).(string); ok {
		return scheme
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// skipToken spells a cursor of the store for use in an address.
func skipToken(cursor string) string { return base64.RawURLEncoding.EncodeToString([]byte(cursor)) }

// parseSkipToken is the reverse of skipToken. It accepts nothing else.
func parseSkipToken(values []string) (cursor string, ok bool) {
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	data, err := base64.RawURLEncoding.DecodeString(values[0])
	cursor = string(data)
	return cursor, err == nil && values[0] == skipToken(cursor) // the decoder skips line breaks
}
