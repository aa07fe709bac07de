// SPDX-License-Identifier: MIT

package service

import (
	"crypto/subtle"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
)

// account is a Remote Rendering account: its keys, revocations and request counts. Its sessions are
// in the [Store].
type account struct {
	id     string
	region azremoterendering.Region // where it was made; its sessions may be in any region
	domain string

	// mu guards what follows.
	mu                             sync.Mutex
	primaryKey, secondaryKey       string
	revocation                     revocation
	tokenRequests, sessionRequests window
}

// newAccount makes an account from options whose defaults are filled in. An empty domain means the
// one of the region.
func newAccount(options AccountOptions, domain string) *account {
	if domain == "" {
		domain = options.Region.AccountDomain()
	}
	a := &account{
		id:           options.ID,
		region:       options.Region,
		domain:       domain,
		primaryKey:   options.PrimaryKey,
		secondaryKey: options.SecondaryKey,
	}
	if !options.RevokedAt.IsZero() {
		a.revocation = revocation{second: options.RevokedAt.Unix(), after: make(map[string]struct{})}
	}
	return a
}

// keys returns the account keys as they are now.
func (a *account) keys() (primary, secondary string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.primaryKey, a.secondaryKey
}

// holdsKey reports whether key is one of the account keys, in constant time.
func (a *account) holdsKey(key string) bool {
	primaryKey, secondaryKey := a.keys()
	primary := subtle.ConstantTimeCompare([]byte(key), []byte(primaryKey))
	secondary := subtle.ConstantTimeCompare([]byte(key), []byte(secondaryKey))
	return primary|secondary == 1
}

// revocation separates the access tokens issued before it from those issued after it. Tokens count
// in seconds, so those of the second of the revocation are separated by their ids.
type revocation struct {
	second int64               // since 1970; 0 if there was none
	after  map[string]struct{} // the tokens issued later in this second
}

// revoke invalidates every token issued so far.
func (a *account) revoke(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revocation = revocation{second: now.Unix(), after: make(map[string]struct{})}
}

// issuing returns the time of issue for a new token with an id, in seconds since 1970.
func (a *account) issuing(tokenID string, at time.Time) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := at.Unix()
	if now == a.revocation.second {
		a.revocation.after[tokenID] = struct{}{}
	}
	return now
}

// revoked reports whether a token was issued before the last revocation.
func (a *account) revoked(tokenID string, issuedAt int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if issuedAt == a.revocation.second {
		_, after := a.revocation.after[tokenID]
		return !after && a.revocation.second != 0
	}
	return issuedAt < a.revocation.second
}
