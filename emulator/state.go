// SPDX-License-Identifier: MIT

package emulator

import (
	"slices"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// state returns accounts, sessions and conversions at one moment.
func (e *Emulator) state() page.State {
	s := page.State{Accounts: slices.Clone(e.accounts)}
	order := e.accountOrder()
	s.Conversions = e.conversions.All(order)
	s.Sessions, s.Time = e.store.All(order)
	return s
}

// accountOrder returns the place of each account in the options.
func (e *Emulator) accountOrder() map[string]int {
	order := make(map[string]int)
	for i, a := range e.accounts {
		order[a.ID] = i
	}
	return order
}
