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
	revokedAt                      int64 // in seconds since 1970; 0 if never
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
		a.revokedAt = options.RevokedAt.Unix()
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

// revoke invalidates every token issued so far.
func (a *account) revoke(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revokedAt = max(now.Unix(), a.revokedAt+1)
}

// issuing returns the time of issue for a new token, in seconds since 1970. It is ahead of the
// present in the second of a revocation: tokens count in seconds, and a store that survives a
// restart needs no more than a time to separate those before from those after.
func (a *account) issuing(at time.Time) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return max(at.Unix(), a.revokedAt+1)
}

// revoked reports whether a token was issued before the last revocation.
func (a *account) revoked(issuedAt int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.revokedAt != 0 && issuedAt <= a.revokedAt
}
