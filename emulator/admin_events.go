// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"io"
	"net/http"
	"strconv"

	"github.com/arr-go/azremoterendering/service"
)

const eventStreamType = "text/event-stream"

// adminEvents answers with a stream of what happens: the body comes from openEvents. It takes a
// place for the reader.
func (e *Emulator) adminEvents(r *http.Request, _ []string) service.Answer {
	refused := refuseQuery(r, "since")
	_, valid := e.eventCursor(r)
	switch {
	case refused != nil:
	case !valid:
		refused = service.BadRequest("since and Last-Event-ID must be the number of a request.")
	case e.streams.Add(1) > maxStreams:
		e.streams.Add(-1)
		refused = refusal(http.StatusTooManyRequests, "Too many clients read the events already.")
		refused.Header = http.Header{"Retry-After": {"5"}}
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	return eventsAnswer()
}

// eventsAnswer returns the beginning of an answer whose body is a stream.
func eventsAnswer() service.Answer {
	return service.Answer{Status: http.StatusOK, Header: http.Header{
		"Content-Type":      {eventStreamType},
		"X-Accel-Buffering": {"no"}, // a proxy must not keep events back
	}}
}

// eventCursor returns the number of the last request that the reader knows. It is nil if there is
// none, or if it is of an earlier run of the emulator.
func (e *Emulator) eventCursor(r *http.Request) (since *uint64, valid bool) {
	text := cmp.Or(r.URL.Query().Get("since"), r.Header.Get("Last-Event-ID"))
	if text == "" {
		return nil, true
	}
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return nil, false
	}
	if number > e.requests.newest() {
		return nil, true
	}
	return &number, true
}

// openEvents returns the body of an answer of adminEvents, and nil for other answers.
func (e *Emulator) openEvents(r *http.Request, a service.Answer) io.ReadCloser {
	if a.Header.Get("Content-Type") != eventStreamType {
		return nil
	}
	since, _ := e.eventCursor(r)
	return e.newEventStream(r.Context(), since, &e.streams)
}
