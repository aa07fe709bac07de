// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// AuthenticationStage names the step of signing in that failed.
type AuthenticationStage string

const (
	// StageCredential means that the caller's credential, such as one of azidentity, returned no
	// token.
	StageCredential AuthenticationStage = "credential"
	// StageTokenExchange means that the token service refused the credential, or could not be
	// reached.
	StageTokenExchange AuthenticationStage = "token exchange"
	// StageAccessToken means that a ready-made access token cannot be used, because it has expired.
	StageAccessToken AuthenticationStage = "access token"
)

// AuthenticationError means that a request was not sent because no access token could be had for
// it. It unwraps to the [*azcore.ResponseError] of the token service, if there was one, and to the
// error of the credential. It is not sent again by azcore's retry policy: the exchange has retries
// of its own.
type AuthenticationError struct {
	// Stage is the step that failed.
	Stage AuthenticationStage
	// AccountID is the account. It is empty where the step does not know it.
	AccountID string
	// Host is the host of the token service. It is empty where the step does not know it.
	Host string
	// StatusCode is the HTTP status of the token service. It is 0 if there was no answer.
	StatusCode int
	// CorrelationVector is the MS-CV header of the token service. It may be empty.
	CorrelationVector string
	// RetryAfter is how long the token service asked to wait. It is 0 if it did not say.
	RetryAfter time.Duration

	err error
}

// newExchangeRefused makes the error for a refusal by the token service. cause is what ended the
// tries, if it was not the refusal.
func newExchangeRefused(c *TokenClient, resp *http.Response, cause error) *AuthenticationError {
	return &AuthenticationError{
		Stage:             StageTokenExchange,
		AccountID:         c.accountID,
		Host:              c.address.Host,
		StatusCode:        resp.StatusCode,
		CorrelationVector: correlationVector(resp),
		RetryAfter:        retryAfter(resp.Header, time.Now()),
		err:               errors.Join(newResponseError(resp), cause),
	}
}

// asAuthenticationError makes sure that the failure of a credential is not taken for that of the
// request.
func asAuthenticationError(err error) error {
	if _, ok := errors.AsType[*AuthenticationError](err); ok {
		return err
	}
	return &AuthenticationError{Stage: StageCredential, err: err}
}

// Error returns one line: what failed, for which account, what was answered, and what to do.
func (e *AuthenticationError) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Stage))
	if e.AccountID != "" {
		b.WriteString(" for account " + e.AccountID)
	}
	if e.Host != "" {
		b.WriteString(" at " + e.Host)
	}
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	} else if e.err != nil {
		b.WriteString(": " + oneLine(e.err.Error()))
	}
	if e.CorrelationVector != "" {
		fmt.Fprintf(&b, " (MS-CV %s)", oneLine(e.CorrelationVector))
	}
	return withAdvice(&b, e.Advice())
}

// Advice returns what to do about it: the last part of the text of the error, after "; ".
func (e *AuthenticationError) Advice() string {
	switch {
	case e.Stage == StageAccessToken:
		return "get a new token and make a new client with it"
	case e.Stage == StageCredential:
		return "sign in again, or check the credential"
	case e.StatusCode == http.StatusUnauthorized, e.StatusCode == http.StatusBadRequest:
		return "check account id, account domain and key; an identity needs the role Remote Rendering Client or Administrator"
	case e.StatusCode == http.StatusForbidden:
		return "the identity needs the role Remote Rendering Client or Remote Rendering Administrator on the account"
	case e.StatusCode == http.StatusTooManyRequests && e.RetryAfter > 0:
		return fmt.Sprintf("wait %v before the next request", e.RetryAfter)
	case e.StatusCode == http.StatusTooManyRequests:
		return "wait before the next request"
	case e.StatusCode == 0, e.StatusCode >= 500:
		return "check the account domain, or try again later"
	default:
		return "check the account domain: this may not be a token service"
	}
}

// Unwrap returns the error of the step.
func (e *AuthenticationError) Unwrap() error { return e.err }

// Is makes [errors.Is] hold for the error of this package that stands for the status:
// [ErrUnauthorized], [ErrForbidden] or [ErrThrottled].
func (e *AuthenticationError) Is(target error) bool {
	switch target {
	case ErrUnauthorized, ErrForbidden, ErrThrottled:
		return target == sentinel(e.StatusCode)
	default:
		return false
	}
}

// NonRetriable tells azcore not to send the request again.
func (*AuthenticationError) NonRetriable() {}
