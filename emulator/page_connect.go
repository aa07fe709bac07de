// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"

	"github.com/arr-go/azremoterendering/emulator/internal/guard"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/internal/connect"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

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
