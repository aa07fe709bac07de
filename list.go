// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// ListSessionsOptions are the optional parameters of [SessionsClient.NewListPager] and
// [SessionsClient.All]. There are none yet.
type ListSessionsOptions struct{}

// ListSessionsResponse is one page of sessions.
type ListSessionsResponse struct {
	// Sessions are the sessions on this page. A page may be empty although others follow.
	Sessions []Session
	// NextLink is the address of the next page, as the service gave it. It is empty on the last
	// page.
	NextLink string
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// NewListPager returns a pager over the sessions of the account in the region of the endpoint. The
// hosted service listed those that are Starting or Ready; its documentation contradicts itself
// there, so check [Session.Status]. No request is sent before NextPage.
//   - options are optional parameters; nil means the defaults
//
// The address of a next page must lie on the client's own scheme, host, port and account, and must
// not come twice: the access token goes nowhere else. Any other ends the paging with an error, and
// no request is sent.
//
// A pager is not safe for concurrent use. After an error it is at its end.
func (c *SessionsClient) NewListPager(
	options *ListSessionsOptions,
) *runtime.Pager[ListSessionsResponse] {
	links := c.newNextLinks()
	return runtime.NewPager(runtime.PagingHandler[ListSessionsResponse]{
		More: func(page ListSessionsResponse) bool { return page.NextLink != "" },
		Fetcher: func(ctx context.Context, page *ListSessionsResponse) (ListSessionsResponse, error) {
			ctx = context.WithValue(ctx, runtime.CtxAPINameKey{}, "SessionsClient.NewListPager")
			op := c.operation(opList, "")
			address := links.first.String()
			if page != nil {
				next, err := links.follow(page.NextLink)
				if err != nil {
					return ListSessionsResponse{}, newCallError(
						op,
						fmt.Errorf("%w; the list is incomplete", err),
					)
				}
				address = next
			}
			return c.listPage(ctx, op, address)
		},
		Tracer: c.internal.Tracer(),
	})
}

// All returns every session that [SessionsClient.NewListPager] pages through. An error is the last
// thing that it yields, with a zero Session. Leaving the loop early costs nothing.
//   - options are optional parameters; nil means the defaults
func (c *SessionsClient) All(
	ctx context.Context,
	options *ListSessionsOptions,
) iter.Seq2[Session, error] {
	return func(yield func(Session, error) bool) {
		for pager := c.NewListPager(options); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				yield(Session{}, err)
				return
			}
			for _, session := range page.Sessions {
				if !yield(session, nil) {
					return
				}
			}
		}
	}
}

func (c *SessionsClient) listPage(
	ctx context.Context,
	op operation,
	address string,
) (ListSessionsResponse, error) {
	resp, err := c.send(ctx, op, http.MethodGet, address, nil, http.StatusOK)
	if err != nil {
		return ListSessionsResponse{}, err
	}
	data, err := runtime.Payload(resp)
	if err != nil {
		return ListSessionsResponse{}, unreadable(op, resp, err)
	}
	var page struct {
		Sessions *[]Session `json:"sessions"`
		NextLink string     `json:"@nextLink"`
	}
	if err := json.Unmarshal(data, &page); err != nil {
		return ListSessionsResponse{}, unreadable(op, resp, err)
	}
	if page.Sessions == nil {
		return ListSessionsResponse{}, unreadable(op, resp, errors.New("sessions is missing"))
	}
	return ListSessionsResponse{
		Sessions:          *page.Sessions,
		NextLink:          page.NextLink,
		CorrelationVector: correlationVector(resp),
	}, nil
}

// nextLinks decides which next links the access token may follow.
type nextLinks struct {
	first *url.URL
	seen  map[string]bool
}

func (c *SessionsClient) newNextLinks() *nextLinks {
	links := &nextLinks{
		first: c.endpoint.JoinPath("accounts", c.accountID, "sessions"),
		seen:  map[string]bool{},
	}
	links.seen[pageKey(links.first)] = true
	return links
}

// follow returns the address that a next link stands for: on the scheme, host, port and account of
// the first page, and not yet seen.
func (l *nextLinks) follow(link string) (string, error) {
	next, err := url.Parse(link)
	if err != nil {
		return "", errors.New("the next link of the service is no address")
	}
	climbs := strings.Contains(next.Path, "..") || strings.Contains(next.Path, "\\")
	next = l.first.ResolveReference(next)
	account := strings.TrimSuffix(l.first.EscapedPath(), "sessions")
	path := next.EscapedPath()
	if climbs || next.User != nil || next.Scheme != l.first.Scheme ||
		!strings.EqualFold(next.Hostname(), l.first.Hostname()) || port(next) != port(l.first) ||
		len(path) < len(account) || !strings.EqualFold(path[:len(account)], account) {
		// Query and user name are left out: they are not ours to show.
		return "", fmt.Errorf(
			"the next link of the service leads away from this account, to %s, and was not followed",
			oneLine(next.Scheme+"://"+next.Host+path),
		)
	}
	key := pageKey(next)
	if l.seen[key] {
		return "", errors.New("the service gave the same next link twice")
	}
	l.seen[key] = true
	next.Fragment, next.RawFragment = "", ""
	return next.String(), nil
}

// pageKey tells pages of one host apart. The service version does not: the pipeline sets it anyway.
func pageKey(address *url.URL) string {
	query := address.Query()
	query.Del("api-version")
	return strings.ToLower(address.EscapedPath()) + "?" + query.Encode()
}

func port(address *url.URL) string {
	switch p := address.Port(); {
	case p != "":
		return p
	case address.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}
