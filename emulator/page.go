// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"net/netip"
	"strconv"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

const (
	pagePath         = "/"
	refreshParameter = "refresh" // "off" stops the page from reloading itself
)

// forPage reports whether the request is for the page, and not for the service. The page shows all
// accounts to anybody, so a web site must not be able to read it through a name of its own that
// leads to this machine (DNS rebinding): the page exists only for hosts that are the emulator's.
// Other machines see it only where they may use the administrative path too.
func (e *Emulator) forPage(r *http.Request, fromNetwork bool) bool {
	host, _ := hostOf(r.Host)
	return r.URL.EscapedPath() == pagePath && e.hosts.include(r, host) &&
		(e.admin || !fromNetwork || fromHere(r) && !e.proxies.exist())
}

// fromHere reports whether a request from the network comes from this machine.
func fromHere(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// showPage answers a request for the page.
func (e *Emulator) showPage(r *http.Request) service.Answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return e.service.Refuse(service.MethodNotAllowed(http.MethodGet, http.MethodHead))
	}
	state := e.state()
	state.Refresh = r.URL.Query().Get(refreshParameter) != "off"
	body, err := page.Render(state)
	if err != nil { // does not happen: the template is tested
		return e.service.Refuse(service.InternalServerError())
	}
	a := service.Answer{Status: http.StatusOK, Header: page.Header(), Body: body}
	a.Header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		a.Body = nil
	}
	return a
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
