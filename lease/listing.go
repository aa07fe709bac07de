// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// maxIdlePages is the largest number of pages in a row without a new session.
const maxIdlePages = 100

// listing follows one list, from its first page on, and notices if it leads nowhere. A list may
// have any number of pages, so that no session of a large account is overlooked. The zero value is
// ready to use.
type listing struct {
	pages int
	idle  int                 // pages in a row that showed nothing new
	known map[string]struct{} // the sessions on pages from maxIdlePages on
}

// add counts a page. It returns an error if the last maxIdlePages pages showed no session that
// pages before them have not shown. Shorter lists cost nothing: the ids of the first pages are not
// kept. A list that repeats them is noticed when it does so again.
func (l *listing) add(client *arr.SessionsClient, sessions []arr.Session) error {
	if l.pages++; l.pages <= maxIdlePages && len(sessions) > 0 {
		l.idle = 0
		return nil
	}
	l.idle++
	for _, session := range sessions {
		if _, known := l.known[session.ID]; known || session.ID == "" {
			continue
		}
		if l.known == nil {
			l.known = make(map[string]struct{})
		}
		l.known[session.ID] = struct{}{}
		l.idle = 0
	}
	if l.idle < maxIdlePages {
		return nil
	}
	return fmt.Errorf("the list of sessions at %s leads nowhere: "+
		"its last %d pages show no session that other pages have not shown",
		client.Endpoint(), maxIdlePages)
}

// list returns every session once, and the time of the service at the last page. It retries
// temporary failures until no page has shown a new session for as long as a poller would retry. It
// returns what it has found together with the error.
func list(
	ctx context.Context,
	client *arr.SessionsClient,
) (found []arr.Session, now time.Time, failure error) {
	retry := wait.NewBackoff(minPause, maxPause)
	known := make(map[string]bool)
	now = time.Now()
	giveUp := now.Add(wait.Patience)
	for {
		var l listing
		failure = nil
		for pager := client.NewListPager(nil); pager.More(); {
			var page arr.ListSessionsResponse
			if page, failure = nextPage(ctx, pager, &now); failure != nil {
				break
			}
			for _, session := range page.Sessions {
				if !known[session.ID] {
					known[session.ID] = true
					found = append(found, session)
					giveUp = time.Now().Add(wait.Patience)
				}
			}
			if err := l.add(client, page.Sessions); err != nil {
				return found, now, err
			}
		}
		if failure == nil || !arr.IsTransient(failure) {
			return found, now, failure
		}
		pause := retry.Next(arr.RetryAfter(failure))
		if time.Now().Add(pause).After(giveUp) || wait.Sleep(ctx, pause) != nil {
			return found, now, failure
		}
	}
}

// nextPage reads one page with a timeout of its own, so that a page that hangs does not use up the
// time of all. It sets now to the time of the service, if the answer tells.
func nextPage(
	ctx context.Context,
	pager *runtime.Pager[arr.ListSessionsResponse],
	now *time.Time,
) (arr.ListSessionsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var answer *http.Response
	page, err := pager.NextPage(policy.WithCaptureResponse(ctx, &answer))
	if answer != nil {
		if served, unread := http.ParseTime(answer.Header.Get("Date")); unread == nil {
			*now = served
		}
	}
	return page, err
}
