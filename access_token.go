// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

const (
	// exchangeTimeout bounds an exchange, its retries included.
	exchangeTimeout = 30 * time.Second
	// abandonAfter is the time that a credential has to end after its context.
	abandonAfter = time.Second
	// renewalPause lies between attempts to renew a token that is still valid, when they bring no
	// other.
	renewalPause = 30 * time.Second
)

// accessTokenPolicy puts the access token of the service on requests. It stands behind the retry
// policy and sees every try.
//
// However many requests need a token, one exchange runs at a time, in a goroutine of its own: a
// request that gives up must not take the exchange that others wait for with it, and a request that
// holds a valid token must not wait for its renewal. The goroutine ends with the exchange, after
// exchangeTimeout at the latest if the credential heeds its context; nobody waits for one that does
// not.
type accessTokenPolicy struct {
	cred      azcore.TokenCredential
	request   policy.TokenRequestOptions
	allowHTTP bool

	mu sync.Mutex
	// nil before the first exchange, and after the service refused the token
	current    *accessToken
	running    *exchange // nil if none is
	renewAfter time.Time // no renewal of a valid token is attempted before
}

// accessToken is a token with its times on the local clock.
type accessToken struct {
	authorization string // the value of the header
	received      time.Time
	renew         time.Time
	expires       time.Time
}

// exchange is one call of the credential. token and err may be read once done is closed.
type exchange struct {
	done  chan struct{}
	token *accessToken
	err   error
}

// wait waits for the outcome, or until ctx ends, which leaves the exchange to the others that wait
// for it.
func (e *exchange) wait(ctx context.Context) (*accessToken, error) {
	select {
	case <-e.done:
		return e.token, e.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newAccessTokenPolicy makes the policy. scope is what the credential is asked for; those of this
// package do not look at it.
func newAccessTokenPolicy(
	cred azcore.TokenCredential,
	scope string,
	options azcore.ClientOptions,
) *accessTokenPolicy {
	return &accessTokenPolicy{
		cred:      cred,
		request:   policy.TokenRequestOptions{Scopes: []string{scope}},
		allowHTTP: options.InsecureAllowCredentialWithHTTP,
	}
}

// Do sends the request with the current token. When the service refuses that token, the request is
// sent once more with a fresh one.
func (p *accessTokenPolicy) Do(req *policy.Request) (*http.Response, error) {
	if req.Raw().URL.Scheme != "https" && !p.allowHTTP {
		return nil, &AuthenticationError{
			Stage: StageAccessToken,
			err:   errors.New("it is not sent over " + req.Raw().URL.Scheme),
		}
	}
	ctx := req.Raw().Context()
	token, err := p.token(ctx, nil)
	if err != nil {
		return nil, err
	}
	resp, err := send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	fresh, err := p.token(ctx, token)
	if err == nil && fresh.authorization == token.authorization {
		return resp, nil
	}
	runtime.Drain(resp)
	if err != nil {
		return nil, err
	}
	if err := req.RewindBody(); err != nil {
		return nil, err
	}
	return send(req, fresh)
}

func send(req *policy.Request, token *accessToken) (*http.Response, error) {
	req.Raw().Header.Set("Authorization", token.authorization)
	return req.Next()
}

// token returns a token to use. refused is one that the service has just refused, or nil; it is not
// used again, even though its time may not be up, unless the credential returns it anew.
func (p *accessTokenPolicy) token(ctx context.Context, refused *accessToken) (*accessToken, error) {
	valid, running := p.check(ctx, refused)
	if valid != nil {
		return valid, nil
	}
	return running.wait(ctx)
}

// renewed returns another token than old, which need not have been refused.
func (p *accessTokenPolicy) renewed(ctx context.Context, old *accessToken) (*accessToken, error) {
	p.mu.Lock()
	if p.current != nil && p.current != old {
		defer p.mu.Unlock()
		return p.current, nil
	}
	if p.running == nil {
		p.running = p.start(ctx)
	}
	running := p.running
	p.mu.Unlock()
	return running.wait(ctx)
}

// check returns the current token if it is valid, having started its renewal where that is due, and
// else the exchange to wait for.
func (p *accessTokenPolicy) check(
	ctx context.Context,
	refused *accessToken,
) (*accessToken, *exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && p.current == refused {
		p.current = nil
	}
	now := time.Now()
	valid := p.current
	if valid != nil && !now.Before(valid.expires) {
		valid = nil
	}
	renewalDue := valid != nil && !now.Before(valid.renew) && !now.Before(p.renewAfter)
	if p.running == nil && (valid == nil || renewalDue) {
		p.running = p.start(ctx)
	}
	return valid, p.running
}

// start starts an exchange that outlives the request it is started for.
func (p *accessTokenPolicy) start(ctx context.Context) *exchange {
	running := &exchange{done: make(chan struct{})}
	ctx, cancel := context.WithTimeout(
		withoutOverrides{context.WithoutCancel(ctx)},
		exchangeTimeout,
	)
	abandon := time.AfterFunc(exchangeTimeout+abandonAfter, func() {
		p.finish(
			running,
			azcore.AccessToken{},
			fmt.Errorf("the credential does not end with its context, after %v", exchangeTimeout),
		)
	})
	go func() {
		defer cancel()
		defer abandon.Stop()
		token, err := azcore.AccessToken{}, errors.New("the credential did not return")
		defer func() { p.finish(running, token, err) }()
		token, err = p.cred.GetToken(ctx, p.request)
	}()
	return running
}

// finish ends an exchange, unless it was abandoned before.
func (p *accessTokenPolicy) finish(running *exchange, token azcore.AccessToken, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != running {
		return
	}
	now := time.Now()
	if err == nil && !isHeaderToken(token.Token) {
		err = errors.New("the credential returned no access token")
	}
	p.running, p.renewAfter = nil, now.Add(renewalPause)
	if err != nil {
		running.err = asAuthenticationError(err)
	} else {
		running.token = newAccessToken(token, now)
		if p.current == nil || p.current.authorization != running.token.authorization {
			// the pause is for failures, and for credentials that keep returning what they hold
			p.renewAfter = time.Time{}
		}
		p.current = running.token
	}
	close(running.done)
}

// newAccessToken fills in the times that a credential left open.
func newAccessToken(token azcore.AccessToken, now time.Time) *accessToken {
	t := &accessToken{
		authorization: "Bearer " + token.Token,
		received:      now,
		renew:         token.RefreshOn,
		expires:       token.ExpiresOn,
	}
	if t.expires.IsZero() {
		t.expires = now.Add(unknownLifetime)
	}
	if t.renew.IsZero() {
		t.renew = refreshTime(now, t.expires)
	}
	return t
}

// refreshTime is when to renew a token received now: 5 minutes ahead of its end, or a tenth of its
// lifetime if that is less.
func refreshTime(now, expires time.Time) time.Time {
	return expires.Add(-max(0, min(5*time.Minute, expires.Sub(now)/10)))
}

// lifetime returns how long a token that was issued just now can be used. It is taken from the
// token's own times where they allow, so that a wrong local clock does no harm.
func lifetime(token string, now time.Time) time.Duration {
	claims, ok := readClaims(token)
	if !ok {
		return unknownLifetime
	}
	seconds := *claims.Expires - float64(now.Unix())
	if claims.IssuedAt != nil {
		seconds = *claims.Expires - *claims.IssuedAt
	} else if claims.NotBefore != nil {
		seconds = *claims.Expires - *claims.NotBefore
	}
	switch {
	case seconds <= 0:
		return unknownLifetime
	case seconds >= longestLifetime.Seconds():
		return longestLifetime
	default:
		return time.Duration(seconds * float64(time.Second))
	}
}

// claims are the times in an access token, in seconds since 1970.
type claims struct {
	Expires   *float64 `json:"exp"`
	IssuedAt  *float64 `json:"iat"`
	NotBefore *float64 `json:"nbf"`
}

// readClaims reads the claims of a token without verifying it, which only the service can. It
// returns false if the token cannot be read or does not say when it expires.
func readClaims(token string) (claims, bool) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &c) != nil || c.Expires == nil {
		return claims{}, false
	}
	return c, true
}

// expires returns when the token ends, at the latest ten years from now.
func (c claims) expires() time.Time {
	latest := time.Now().Add(longestLifetime)
	if *c.Expires >= float64(latest.Unix()) {
		return latest
	}
	return time.Unix(max(1, int64(*c.Expires)), 0)
}
