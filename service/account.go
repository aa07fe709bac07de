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
	revokedAt                      int64 // in microseconds since 1970; 0 if never
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
		a.revokedAt = options.RevokedAt.UnixMicro()
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
	a.revokedAt = max(now.UnixMicro(), a.revokedAt+1)
}

const micros = 1_000_000 // of a second

// issuing returns the time of issue for a new token: seconds since 1970, and microseconds if these
// tell it from the tokens that were revoked in the same second; otherwise 0.
func (a *account) issuing(at time.Time) (seconds, microseconds int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := max(at.UnixMicro(), a.revokedAt+1)
	if now/micros != a.revokedAt/micros {
		return now / micros, 0
	}
	return now / micros, now % micros
}

// revoked reports whether a token was issued before the last revocation.
func (a *account) revoked(seconds, microseconds int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.revokedAt != 0 && seconds*micros+microseconds <= a.revokedAt
}
