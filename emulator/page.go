// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"net/netip"
	"strconv"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

const (
	pagePath         = "/"
	refreshParameter = "refresh" // "off" stops the page from reloading itself
)

// forPage reports whether the request is for the page, and not for the service. The page shows all
// accounts to anybody, so a web site must not be able to read it through a name of its own that
// leads to this machine (DNS rebinding): the page exists only for hosts that are the emulator's.
// Other machines see it only where they may use the administrative path too.
func (x *exchange) forPage() bool {
	host, _ := hostOf(x.request.Host)
	return x.request.URL.EscapedPath() == pagePath && ownHost(host, x.emulator.geography.domain) &&
		(x.emulator.admin || fromHere(x.request))
}

// fromHere reports whether a request comes from this machine. One that came over no socket does.
func fromHere(r *http.Request) bool {
	if r.Context().Value(http.ServerContextKey) == nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// showPage answers a request for the page.
func (x *exchange) showPage() answer {
	method := x.request.Method
	if method != http.MethodGet && method != http.MethodHead {
		return x.emulator.refuse(
			methodNotAllowed([]operation{{method: http.MethodGet}, {method: http.MethodHead}}),
		)
	}
	state := x.emulator.state()
	state.Refresh = x.query.Get(refreshParameter) != "off"
	body, err := page.Render(state)
	if err != nil {
		return x.emulator.refuse(internalServerError) // does not happen: the template is tested
	}
	a := answer{status: http.StatusOK, header: page.Header(), body: body}
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	if method == http.MethodHead {
		a.body = nil
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
