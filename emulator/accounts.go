// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// AccountOptions configures one account: ID, Region, PrimaryKey and SecondaryKey, each with a
// default. See [Options.Accounts].
type AccountOptions = service.AccountOptions

// AccountKey names one of the two keys of an account. Both are valid at any time, so that one can
// be replaced while clients use the other.
type AccountKey = service.AccountKey

// The keys of an account.
const (
	PrimaryKey   = service.PrimaryKey
	SecondaryKey = service.SecondaryKey
)

// Account returns the first account: its id, and its domain, which is [Options.Domain] or that of
// the accounts of its region.
func (e *Emulator) Account() azremoterendering.Account { return e.Accounts()[0] }

// Accounts returns all accounts, in the order of [Options.Accounts].
func (e *Emulator) Accounts() []azremoterendering.Account { return e.service.Accounts() }

// Key returns the present primary key of the first account.
func (e *Emulator) Key() string {
	primary, _, _ := e.service.Keys(e.home.AccountID)
	return primary
}

// SecondaryKey returns the present secondary key of the first account, which is as valid as the
// primary one.
func (e *Emulator) SecondaryKey() string {
	_, secondary, _ := e.service.Keys(e.home.AccountID)
	return secondary
}

// Keys returns the present keys of an account. It is an error if there is no such account.
func (e *Emulator) Keys(accountID string) (primary, secondary string, err error) {
	primary, secondary, err = e.service.Keys(accountID)
	return primary, secondary, prefixed(err)
}

// RotateKey replaces a key of an account with a random one, 32 bytes in Base64, and returns it. The
// old key is refused from now on. The other key and all access tokens stay valid. It is an error if
// there is no such account or key.
func (e *Emulator) RotateKey(accountID string, which AccountKey) (newKey string, err error) {
	newKey, err = e.service.RotateKey(accountID, which)
	if err == nil {
		err = e.kept.note(e.service, accountID)
	}
	return newKey, prefixed(err)
}

// RevokeTokens makes the session service refuse every access token issued so far for an account,
// with 401. Tokens issued from now on are valid. An empty accountID means all accounts. It is an
// error if there is no such account.
func (e *Emulator) RevokeTokens(accountID string) error {
	err := e.service.RevokeTokens(accountID)
	if err == nil {
		err = e.kept.note(e.service, accountID)
	}
	return prefixed(err)
}

// SetTokenLifetime changes how long the access tokens issued from now on are valid, as
// [Options.TokenLifetime] says; 0 means 24 hours. Tokens issued before stay as they are. It is an
// error if d is less than a second or not whole seconds.
func (e *Emulator) SetTokenLifetime(d time.Duration) error {
	return prefixed(e.service.SetTokenLifetime(d))
}

// AcceptAnyIdentity returns a value for [Options.AcceptIdentity] that accepts every JWT for the
// token service that has not expired. The signature is not verified and may be missing: everybody
// who can reach the emulator is accepted.
//
// A token must have an exp in the future, an nbf, if any, in the past, and in aud
// "https://sts.mixedreality.azure.com" or one of audiences. Trailing slashes make no difference,
// because clients spell the resource in several ways.
func AcceptAnyIdentity(audiences ...string) func(token string) error {
	return service.AcceptAnyIdentity(audiences...)
}

func prefixed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("emulator: %w", err)
}
