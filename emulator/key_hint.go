// SPDX-License-Identifier: MIT

package emulator

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/arr-go/azremoterendering/emulator/internal/guard"
	"github.com/arr-go/azremoterendering/service"
)

// hintHeader has, in the answer to an account key that is refused, where the right one comes from.
// It is a header because the service answers 401 without a body.
const hintHeader = "X-Emulator-Hint"

// hintAtKey says in the log, and in an answer to another process, where the right account key comes
// from, if the request has a wrong one. It shows no key.
func (e *Emulator) hintAtKey(q *service.Request, a service.Answer) {
	if q.Operation != service.GetToken || a.Status != http.StatusUnauthorized ||
		!strings.Contains(q.HTTP.Header.Get("Authorization"), ":") {
		return
	}
	hint := e.keyHint(q.AccountID)
	if guard.FromNetwork(q.HTTP) {
		a.Header.Set(hintHeader, hint)
	}
	q.LogAttrs = append(q.LogAttrs, slog.String("hint", hint))
}

func (e *Emulator) keyHint(accountID string) string {
	const begin = "this is the emulator of Azure Remote Rendering; "
	if accountID == "" {
		return begin + "it has no account with this id; its accounts were printed when it started"
	}
	primary, _, err := e.service.Keys(accountID)
	given, random := e.kept.origin(accountID)
	switch {
	case err != nil:
		return begin + "it does not have this key"
	case primary == DevelopmentKey:
		return begin + "the key of this account is the published development key"
	case random && e.journal.Keeps():
		return begin + "the key of this account is random, and kept in its state file: " +
			"it was printed when the emulator started, or is the one of the last rotation"
	case random:
		return begin + "the key of this account is random, and another one after each start: " +
			"it was printed when the emulator started, or is the one of the last rotation; " +
			"a state file or a key of your own stays"
	case primary != given:
		return begin + "the key of this account was rotated"
	}
	return begin + "the key of this account is the one that it was started with"
}

// origin returns the primary key that the options give an account, and whether they give none.
func (k *keptAccounts) origin(accountID string) (given string, random bool) {
	for _, a := range k.given {
		if strings.EqualFold(a.ID, accountID) {
			return a.PrimaryKey, a.PrimaryKey == ""
		}
	}
	return "", true // an account whose id is random, too
}
