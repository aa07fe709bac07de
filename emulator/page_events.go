// SPDX-License-Identifier: MIT

package emulator

import (
	"io"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/service"
)

const (
	maxPageStreams    = 16                     // pages that are up to date at once
	pageEventInterval = 500 * time.Millisecond // between two events
)

// pageEvents answers with a stream that says when something has changed, and not what: the page then
// gets itself again. So it tells no more than the page, is there whenever the page is, and takes no
// place from the readers of [Emulator.adminEvents].
func (e *Emulator) pageEvents(r *http.Request) service.Answer {
	if r.Method != http.MethodGet {
		return e.service.Refuse(service.MethodNotAllowed(http.MethodGet))
	}
	if e.pageStreams.Add(1) > maxPageStreams {
		e.pageStreams.Add(-1)
		refused := refusal(http.StatusTooManyRequests, "Too many pages are open already.")
		refused.Header = http.Header{"Retry-After": {"5"}}
		return e.service.Refuse(refused)
	}
	a := eventsAnswer()
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return a
}

// openPageEvents returns the body of an answer of pageEvents, and nil for other answers.
func (e *Emulator) openPageEvents(r *http.Request, a service.Answer) io.ReadCloser {
	if a.Header.Get("Content-Type") != eventStreamType {
		return nil
	}
	s := e.newEventStream(r.Context(), nil, &e.pageStreams)
	s.interval, s.brief = pageEventInterval, true
	return s
}
