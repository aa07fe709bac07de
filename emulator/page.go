// SPDX-License-Identifier: MIT

package emulator

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/guard"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/internal/connect"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

// pagePath is where the page is. Its files, its events and its forms are below [page.Folder].
const pagePath = page.Path

// forPage reports whether the request is for the page, and not for the service. The page shows all
// accounts to anybody, so a web site must not be able to read it through a name of its own that
// leads to this machine (DNS rebinding): the page exists only for hosts that are the emulator's.
// Other machines see it only where they may use the administrative path too.
func (e *Emulator) forPage(r *http.Request, fromNetwork bool) bool {
	path := r.URL.EscapedPath()
	return (path == pagePath || strings.HasPrefix(path, page.Folder)) && e.guard.Knows(r) &&
		(e.admin || !fromNetwork || e.guard.FromHere(r))
}

// servePage answers a request for the page or for something below its folder.
func (e *Emulator) servePage(r *http.Request) service.Answer {
	path := r.URL.EscapedPath()
	if path == page.ActionsPath && e.admin {
		return e.pageAction(r)
	}
	asset, isAsset := page.FindAsset(path)
	if !isAsset && path != pagePath && path != page.EventsPath {
		return e.service.Refuse(&service.Refusal{Status: http.StatusNotFound})
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return e.service.Refuse(service.MethodNotAllowed(http.MethodGet, http.MethodHead))
	}
	var a service.Answer
	switch {
	case isAsset:
		a = withBody(http.StatusOK, asset.Header(), asset.Body)
	case path == page.EventsPath:
		return e.pageEvents(r)
	default:
		a = e.showPage(r, page.ParseQuery(r.URL.Query()), http.StatusOK, "")
	}
	if r.Method == http.MethodHead {
		a.Body = nil
	}
	return a
}

// showPage answers with the page. A problem says why an action was refused.
func (e *Emulator) showPage(r *http.Request, q page.Query, status int, problem string) service.Answer {
	shown := e.pageState(q)
	shown.Problem, shown.Connection = problem, e.connectionFor(r)
	if e.admin {
		shown.Token = e.pageToken
	}
	if problem == "" && shown.Story != nil && shown.Story.Unknown {
		status = http.StatusNotFound
	}
	body, err := page.Render(shown)
	if err != nil { // does not happen: the template is tested
		return e.service.Refuse(service.InternalServerError())
	}
	return withBody(status, page.Header(), body)
}

func withBody(status int, header http.Header, body []byte) service.Answer {
	header.Set("Content-Length", strconv.Itoa(len(body)))
	return service.Answer{Status: status, Header: header, Body: body}
}

// pageFault returns a fault as the page shows it.
func pageFault(state FaultState) page.Fault {
	f := state.Fault
	shown := page.Fault{ID: state.ID, Matched: state.Matched, Affected: state.Affected}
	if f.Name != f.effectText() { // otherwise it is the default and says no more
		shown.Name = f.Name
	}
	f.Name = ""
	shown.What = f.String()
	return shown
}

// connectionFor returns how clients connect to the first account, by the address that the browser
// uses.
//
// Of all keys only the published one is shown. The page takes no credential, so anyone who can open it
// would get any other, and with it what other users of the machine or the network are kept from.
func (e *Emulator) connectionFor(r *http.Request) page.Connection {
	external := e.guard.ToExternal(r)
	address := service.Scheme(external) + "://" + external.Host
	account := e.Account()
	c := page.Connection{Connection: connect.Connection{
		Endpoint:      address,
		STSEndpoint:   address,
		AccountID:     account.ID,
		AccountDomain: account.Domain,
	}}
	if e.Key() == DevelopmentKey {
		c.AccountKey = DevelopmentKey
	}
	if service.Scheme(external) != "https" {
		return c
	}
	c.Needs = connect.NeedsTLS
	if e.domain != naming.ServiceDomain && external == r {
		_, port := guard.HostOf(external.Host)
		c.UseNames(string(e.home.Region), e.domain, port)
		c.Needs = connect.NeedsDomain
	}
	return c
}

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
