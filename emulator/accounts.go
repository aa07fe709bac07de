// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"strings"

	"github.com/arr-go/azremoterendering"
)

// AccountOptions configures one account; see [Options.Accounts].
type AccountOptions struct {
	// ID is the id of the account, a UUID that no other account has; case does not count. The
	// default is [DefaultAccountID] for the first account, and random for the others.
	ID string

	// Region is where the account was made: it is part of its domain and of its access tokens. Its
	// sessions may live in any region. The default is [Options.Region].
	Region azremoterendering.Region

	// PrimaryKey and SecondaryKey are the account keys; both are valid at any time. They consist
	// of printable ASCII characters without spaces. The default of each is random: 32 bytes in
	// Base64.
	PrimaryKey, SecondaryKey string
}

// AccountKey names one of the two keys that an account has. Both are valid at any time, so that one
// can be changed while clients use the other.
type AccountKey string

// The keys of an account.
const (
	PrimaryKey   AccountKey = "primary"
	SecondaryKey AccountKey = "secondary"
)

// Account returns the first account: its id, and its domain, which is [Options.Domain] or the one
// that accounts of its region have.
func (e *Emulator) Account() azremoterendering.Account { return e.accounts[0].public() }

// Accounts returns all accounts, in the order of [Options.Accounts].
func (e *Emulator) Accounts() []azremoterendering.Account {
	accounts := make([]azremoterendering.Account, len(e.accounts))
	for i, a := range e.accounts {
		accounts[i] = a.public()
	}
	return accounts
}

func (a *account) public() azremoterendering.Account {
	return azremoterendering.Account{ID: a.id, Domain: a.domain}
}

// Key returns the primary key of the first account as it is now.
func (e *Emulator) Key() string {
	primary, _ := e.accounts[0].keys()
	return primary
}

// SecondaryKey returns the secondary key of the first account as it is now. It is as valid as the
// primary one.
func (e *Emulator) SecondaryKey() string {
	_, secondary := e.accounts[0].keys()
	return secondary
}

// Keys returns the keys of an account as they are now. It is an error if there is no such account.
func (e *Emulator) Keys(accountID string) (primary, secondary string, err error) {
	a, err := e.knownAccount(accountID)
	if err != nil {
		return "", "", err
	}
	primary, secondary = a.keys()
	return primary, secondary, nil
}

// RotateKey replaces a key of an account by a random one, 32 bytes in Base64, and returns that. The
// old key is refused from now on; the other key stays, and so do the access tokens that were issued
// for either. It is an error if there is no such account or key.
func (e *Emulator) RotateKey(accountID string, which AccountKey) (newKey string, err error) {
	a, err := e.knownAccount(accountID)
	if err != nil {
		return "", err
	}
	newKey = randomKey()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch which {
	case PrimaryKey:
		a.primaryKey = newKey
	case SecondaryKey:
		a.secondaryKey = newKey
	default:
		return "", fmt.Errorf(
			"emulator: account key %q is neither %q nor %q",
			which,
			PrimaryKey,
			SecondaryKey,
		)
	}
	return newKey, nil
}

// RevokeTokens makes the session service refuse every access token that was issued for an account
// so far, with 401; tokens issued from now on are valid. An empty accountID means all accounts. It
// is an error if there is no such account.
func (e *Emulator) RevokeTokens(accountID string) error {
	if accountID == "" {
		for _, a := range e.accounts {
			a.revoke()
		}
		return nil
	}
	a, err := e.knownAccount(accountID)
	if err != nil {
		return err
	}
	a.revoke()
	return nil
}

// accountOf returns the account with an id, compared without case, or nil.
func (e *Emulator) accountOf(id string) *account { return e.byID[strings.ToLower(id)] }

func (e *Emulator) knownAccount(id string) (*account, error) {
	if a := e.accountOf(id); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("emulator: there is no account %.64q", id)
}
