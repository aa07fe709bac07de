// SPDX-License-Identifier: MIT

package service

import (
	"fmt"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// AccountOptions configures one account; see [Options.Accounts].
type AccountOptions struct {
	// ID is the id of the account, a UUID that no other account has; case does not count. The
	// default is random. The emulator's first account has a fixed default, its DevelopmentAccountID.
	ID string

	// Region is where the account was made: it is part of its domain and of its access tokens. Its
	// sessions may live in any region. The default is [Options.Region].
	Region azremoterendering.Region

	// PrimaryKey and SecondaryKey are the account keys; both are valid at any time. They consist
	// of printable ASCII characters without spaces. The default of each is random: 32 bytes in
	// Base64.
	PrimaryKey, SecondaryKey string

	// RevokedAt, unless zero, makes the service refuse the access tokens that were issued until
	// then, to the microsecond, as if [Service.RevokeTokens] had been called at that time.
	RevokedAt time.Time
}

// AccountKey names one of the two keys of an account. Both are valid at any time, so that one can
// be replaced while clients use the other.
type AccountKey string

// The keys of an account.
const (
	PrimaryKey   AccountKey = "primary"
	SecondaryKey AccountKey = "secondary"
)

// Accounts returns all accounts, in the order of [Options.Accounts].
func (s *Service) Accounts() []azremoterendering.Account {
	accounts := make([]azremoterendering.Account, len(s.accounts))
	for i, a := range s.accounts {
		accounts[i] = a.public()
	}
	return accounts
}

func (a *account) public() azremoterendering.Account {
	return azremoterendering.Account{ID: a.id, Domain: a.domain}
}

// Keys returns the keys of an account as they are now. It is an error if there is no such account.
func (s *Service) Keys(accountID string) (primary, secondary string, err error) {
	a, err := s.knownAccount(accountID)
	if err != nil {
		return "", "", err
	}
	primary, secondary = a.keys()
	return primary, secondary, nil
}

// RotateKey replaces a key of an account with a random one, 32 bytes in Base64, and returns it. The
// old key is refused from now on. The other key and all access tokens stay valid. It is an error if
// there is no such account or key. Other services on the same store do not learn of it.
func (s *Service) RotateKey(accountID string, which AccountKey) (newKey string, err error) {
	a, err := s.knownAccount(accountID)
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
			"account key %q is neither %q nor %q", which, PrimaryKey, SecondaryKey)
	}
	return newKey, nil
}

// RevokeTokens makes this service refuse every access token issued so far for an account, with 401.
// Tokens issued from now on are valid. An empty accountID means all accounts. It is an error if
// there is no such account.
func (s *Service) RevokeTokens(accountID string) error {
	if accountID == "" {
		for _, a := range s.accounts {
			a.revoke(s.now())
		}
		return nil
	}
	a, err := s.knownAccount(accountID)
	if err != nil {
		return err
	}
	a.revoke(s.now())
	return nil
}

// RevokedAt returns when the tokens of an account were last revoked, in microseconds; zero if they
// never were. It is an error if there is no such account.
func (s *Service) RevokedAt(accountID string) (time.Time, error) {
	a, err := s.knownAccount(accountID)
	if err != nil {
		return time.Time{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.revokedAt == 0 {
		return time.Time{}, nil
	}
	return time.UnixMicro(a.revokedAt), nil
}

// accountOf returns the account with an id in any case, or nil.
func (s *Service) accountOf(id string) *account { return s.byID[strings.ToLower(id)] }

func (s *Service) knownAccount(id string) (*account, error) {
	if a := s.accountOf(id); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("there is no account %.64q", id)
}
