// SPDX-License-Identifier: MIT

// Package token shares one access token between many callers: it gets a token once for all that
// wait, keeps it, renews it ahead of its end and replaces it when the service refuses it. It also
// reads the times in a token.
package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	// getTimeout bounds one call of the credential, its retries included.
	getTimeout = 30 * time.Second
	// abandonAfter is how long a credential may keep running after its context ends.
	abandonAfter = time.Second
	// renewalPause separates attempts to renew a token that is still valid, if they bring no other.
	renewalPause = 30 * time.Second
)

// Token is an access token with its times on the local clock.
type Token struct {
	Value     string
	RefreshOn time.Time
	ExpiresOn time.Time

	authorization string // the value of the header
	received      wait.Instant
}

// Lifetime returns how long the token lives altogether, as it says itself, or else from its receipt
// on: it may have been received late, from a cache or by a machine that was suspended.
func (t *Token) Lifetime() time.Duration {
	if _, readable := readClaims(t.Value); readable {
		return max(t.usable(), Lifetime(t.Value, t.received.Time()))
	}
	return t.usable()
}

// usable returns how long the token can be used from its receipt on.
func (t *Token) usable() time.Duration { return t.ExpiresOn.Sub(t.received.Time()) }

// Left returns how long the token is still valid. Time in which the machine was suspended counts.
func (c *Cache) Left(t *Token) time.Duration {
	return min(time.Until(t.ExpiresOn), t.usable()-c.clock.Since(t.received))
}

// Cache holds the access token that many callers share.
//
// However many callers need a token, the credential is called once at a time, in a goroutine of its
// own: a caller that gives up must not end the call that others wait for, and a caller with a valid
// token must not wait for its renewal. The goroutine ends with the call. If the credential respects
// its context that is after 30 seconds at the latest; callers never wait for longer than a second
// more.
type Cache struct {
	get     func(context.Context) (azcore.AccessToken, error)
	failure func(error) error
	clock   wait.Clock

	mu         sync.Mutex
	current    *Token    // nil before the first token, and after the service refused it
	running    *call     // nil if no call of the credential is running
	renewAfter time.Time // no renewal of a valid token starts before
}

// NewCache returns an empty cache. get calls the credential; failure makes the error that callers
// get of its error.
func NewCache(
	get func(context.Context) (azcore.AccessToken, error),
	failure func(error) error,
) *Cache {
	return &Cache{get: get, failure: failure}
}

// call is one call of the credential. token and err may be read once done is closed.
type call struct {
	done  chan struct{}
	token *Token
	err   error
}

// wait waits for the result, or until ctx ends. The call goes on for the others that wait for it.
func (c *call) wait(ctx context.Context) (*Token, error) {
	select {
	case <-c.done:
		return c.token, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Token returns a valid token. refused is one that the service has just refused, or nil; it is not
// returned even if its time is not up, unless the credential returns it again. The error is that of
// the credential or of ctx.
func (c *Cache) Token(ctx context.Context, refused *Token) (*Token, error) {
	valid, running := c.check(ctx, refused)
	if valid != nil {
		return valid, nil
	}
	return running.wait(ctx)
}

// Renewed returns another token than old, which may still be valid.
func (c *Cache) Renewed(ctx context.Context, old *Token) (*Token, error) {
	c.mu.Lock()
	if c.current != nil && c.current != old {
		defer c.mu.Unlock()
		return c.current, nil
	}
	if c.running == nil {
		c.running = c.start(ctx)
	}
	running := c.running
	c.mu.Unlock()
	return running.wait(ctx)
}

// check returns the current token if it is valid, and starts its renewal if that is due. Otherwise
// it returns the call to wait for.
func (c *Cache) check(ctx context.Context, refused *Token) (*Token, *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && c.current == refused {
		c.current = nil
	}
	now := time.Now()
	valid := c.current
	if valid != nil && c.Left(valid) <= 0 {
		valid = nil
	}
	renewalDue := valid != nil && c.Left(valid) <= valid.ExpiresOn.Sub(valid.RefreshOn) &&
		!now.Before(c.renewAfter)
	if c.running == nil && (valid == nil || renewalDue) {
		c.running = c.start(ctx)
	}
	return valid, c.running
}

// start starts a call that outlives the request it is started for.
func (c *Cache) start(ctx context.Context) *call {
	running := &call{done: make(chan struct{})}
	detached := WithoutOverrides(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(detached, getTimeout)
	abandon := time.AfterFunc(getTimeout+abandonAfter, func() {
		err := fmt.Errorf("the credential does not end with its context, after %v", getTimeout)
		c.finish(running, azcore.AccessToken{}, err)
	})
	go func() {
		defer cancel()
		defer abandon.Stop()
		token, err := azcore.AccessToken{}, errors.New("the credential did not return")
		defer func() { c.finish(running, token, err) }()
		token, err = c.get(ctx)
	}()
	return running
}

// finish ends a call, unless it was abandoned before.
func (c *Cache) finish(running *call, token azcore.AccessToken, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != running {
		return
	}
	now := time.Now()
	if err == nil && !Sendable(token.Token) {
		err = errors.New("the credential returned no access token")
	}
	c.running, c.renewAfter = nil, now.Add(renewalPause)
	if err != nil {
		running.err = c.failure(err)
	} else {
		running.token = newToken(token, c.clock.Now())
		if c.current == nil || c.current.Value != running.token.Value {
			// The pause is for failures, and for credentials that keep returning what they hold.
			c.renewAfter = time.Time{}
		}
		c.current = running.token
	}
	close(running.done)
}

// newToken fills in the times that a credential left open.
func newToken(token azcore.AccessToken, received wait.Instant) *Token {
	now := received.Time()
	t := &Token{
		received:      received,
		Value:         token.Token,
		RefreshOn:     token.RefreshOn,
		ExpiresOn:     token.ExpiresOn,
		authorization: "Bearer " + token.Token,
	}
	if t.ExpiresOn.IsZero() {
		t.ExpiresOn = now.Add(unknownLifetime)
	}
	if t.RefreshOn.IsZero() {
		t.RefreshOn = RefreshTime(now, t.ExpiresOn)
	}
	return t
}
