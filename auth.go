// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

const (
	// defaultSTSScope has two slashes because the identifier of the resource itself ends in one.
	defaultSTSScope = "https://sts.mixedreality.azure.com//.default"

	correlationVectorRequestHeader = "X-MRC-CV"

	// unknownLifetime is for tokens that do not say when they end.
	unknownLifetime = time.Hour
	// longestLifetime keeps a nonsensical token from overflowing a duration.
	longestLifetime = 10 * 365 * 24 * time.Hour
)

// TokenClient exchanges an account key or a Microsoft Entra token for an access token of the
// service, at the Mixed Reality STS. The clients of sessions do this by themselves; use a
// TokenClient to hand access tokens to devices.
//
// It implements [azcore.TokenCredential], and every GetToken is one exchange: to keep a token while
// it lasts, put it behind [NewSessionsClientWithAccessToken] or keep it yourself until RefreshOn.
// It is safe for concurrent use.
type TokenClient struct {
	internal  *azcore.Client
	address   *url.URL
	accountID string
}

// TokenClientOptions are the optional settings of a [TokenClient]. The zero value and nil mean the
// defaults.
type TokenClientOptions struct {
	// ClientOptions configures transport, retries, logging, tracing and policies. APIVersion is not
	// used: the token service has one version. Logging.IncludeBody is not used: bodies hold access
	// tokens. Policies that run on every try see the account key.
	azcore.ClientOptions

	// Endpoint replaces the address of the token service, https://sts.<Account.Domain>.
	// Account.Domain may then be empty.
	Endpoint string

	// Scope replaces the scope that is asked of a Microsoft Entra credential; see
	// [SessionsClientOptions].
	Scope string
}

// NewTokenClient creates a client of the token service that signs in with a Microsoft Entra
// identity. No request is sent.
//   - account is the account id and domain
//   - cred is the Microsoft Entra credential
//   - options are optional settings; nil means the defaults
//
// An argument that cannot be right is refused with [ErrInvalidArgument].
func NewTokenClient(
	account Account,
	cred azcore.TokenCredential,
	options *TokenClientOptions,
) (*TokenClient, error) {
	return newIdentityTokenClient(account, cred, options, "Endpoint")
}

// newIdentityTokenClient is NewTokenClient. endpointName is what the caller calls options.Endpoint.
func newIdentityTokenClient(
	account Account,
	cred azcore.TokenCredential,
	options *TokenClientOptions,
	endpointName string,
) (*TokenClient, error) {
	if isNil(cred) {
		return nil, invalid("cred", "", "is nil; pass a Microsoft Entra credential")
	}
	if options == nil {
		options = &TokenClientOptions{}
	}
	scope := options.Scope
	if scope == "" {
		scope = defaultSTSScope
	}
	return newTokenClient(
		account,
		options,
		endpointName,
		runtime.NewBearerTokenPolicy(identity{cred}, []string{scope}, &policy.BearerTokenOptions{
			InsecureAllowCredentialWithHTTP: options.InsecureAllowCredentialWithHTTP,
		}),
	)
}

// NewTokenClientWithKeyCredential creates a client of the token service that signs in with a key of
// the account. No request is sent.
//   - account is the account id and domain
//   - cred holds the account key; [azcore.KeyCredential.Update] changes it while the client is in
//     use
//   - options are optional settings; nil means the defaults
//
// An argument that cannot be right is refused with [ErrInvalidArgument].
func NewTokenClientWithKeyCredential(
	account Account,
	cred *azcore.KeyCredential,
	options *TokenClientOptions,
) (*TokenClient, error) {
	return newKeyTokenClient(account, cred, options, "Endpoint")
}

// newKeyTokenClient is NewTokenClientWithKeyCredential. endpointName is what the caller calls
// options.Endpoint.
func newKeyTokenClient(
	account Account,
	cred *azcore.KeyCredential,
	options *TokenClientOptions,
	endpointName string,
) (*TokenClient, error) {
	if cred == nil {
		return nil, invalid("cred", "", "is nil; azcore.NewKeyCredential makes one from an account key")
	}
	if options == nil {
		options = &TokenClientOptions{}
	}
	return newTokenClient(
		account,
		options,
		endpointName,
		runtime.NewKeyCredentialPolicy(cred, "Authorization", &runtime.KeyCredentialPolicyOptions{
			InsecureAllowCredentialWithHTTP: options.InsecureAllowCredentialWithHTTP,
			Prefix:                          "Bearer " + account.ID + ":",
		}),
	)
}

func newTokenClient(
	account Account,
	options *TokenClientOptions,
	endpointName string,
	authorization policy.Policy,
) (*TokenClient, error) {
	if err := checkAccountID("Account.ID", account.ID); err != nil {
		return nil, err
	}
	address, err := stsAddress(
		account,
		endpointName,
		options.Endpoint,
		options.InsecureAllowCredentialWithHTTP,
	)
	if err != nil {
		return nil, err
	}
	clientOptions := pipelineSafe(options.ClientOptions)
	clientOptions.APIVersion = ""
	clientOptions.Logging.IncludeBody = false
	internal, err := azcore.NewClient(moduleName, version, runtime.PipelineOptions{
		AllowedHeaders: loggedHeaders,
		PerCall:        []policy.Policy{runtime.NewRequestIDPolicy()},
		PerRetry: []policy.Policy{
			authorization,
			policyFunc(checkAuthorization),
			policyFunc(failFastOnUnknownHost),
		},
		Tracing: tracingOptions,
	}, &clientOptions)
	if err != nil {
		return nil, err
	}
	address = address.JoinPath("Accounts", account.ID, "token")
	address.RawQuery = url.Values{"api-version": {stsAPIVersion}}.Encode()
	return &TokenClient{internal: internal, address: address, accountID: account.ID}, nil
}

// GetToken exchanges the credential for a new access token. Such a token opens the whole account,
// for as long as it lives; tokens of the hosted service lived 24 hours. ExpiresOn is that lifetime
// counted from now on the local clock, which need not be right; RefreshOn is ahead of it by 5
// minutes or a tenth of the lifetime, whichever is less. A token whose lifetime cannot be read is
// given an hour.
//   - ctx ends the exchange when it ends. Response capture, headers and retry options in it, as set
//     with azcore's policy package, are ignored: they belong to the request that the token is for
//   - options are ignored: there is one kind of token
//
// The error is an [*AuthenticationError]. If ctx ended the exchange, it wraps the error of ctx.
func (c *TokenClient) GetToken(
	ctx context.Context,
	options policy.TokenRequestOptions,
) (token azcore.AccessToken, err error) {
	ctx = withoutOverrides{ctx}
	ctx, endSpan := runtime.StartSpan(ctx, "TokenClient.GetToken", c.internal.Tracer(), nil)
	defer func() { endSpan(err) }()

	req, err := runtime.NewRequest(ctx, http.MethodGet, c.address.String())
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Raw().Header["Accept"] = []string{"application/json"}
	req.Raw().Header.Set(correlationVectorRequestHeader, newCorrelationVector())
	resp, err := c.internal.Pipeline().Do(req)
	if err != nil && (resp == nil || resp.StatusCode == http.StatusOK) {
		return azcore.AccessToken{}, c.failure(err)
	}
	if resp.StatusCode != http.StatusOK {
		// err: the context ended in the pause before another try
		return azcore.AccessToken{}, newExchangeRefused(c, resp, err)
	}
	value, err := decodeAccessToken(resp)
	if err != nil {
		return azcore.AccessToken{}, c.failure(err)
	}
	now := time.Now()
	expires := now.Add(lifetime(value, now))
	return azcore.AccessToken{
		Token:     value,
		ExpiresOn: expires,
		RefreshOn: refreshTime(now, expires),
	}, nil
}

// failure makes the error of an exchange that ended without a usable answer.
func (c *TokenClient) failure(err error) error {
	e := &AuthenticationError{
		Stage:     StageTokenExchange,
		AccountID: c.accountID,
		Host:      c.address.Host,
		err:       err,
	}
	if _, ok := errors.AsType[*identityError](err); ok {
		e.Stage = StageCredential
	}
	return e
}

// decodeAccessToken reads the answer of the token service. Its errors say nothing of the content.
func decodeAccessToken(resp *http.Response) (string, error) {
	var body struct{ AccessToken string }
	data, err := runtime.Payload(resp)
	if err != nil {
		return "", err
	}
	if json.Unmarshal(data, &body) != nil || !isHeaderToken(body.AccessToken) {
		return "", fmt.Errorf(
			"the answer %d holds no access token; is this the address of a token service?",
			resp.StatusCode,
		)
	}
	return body.AccessToken, nil
}

// isHeaderToken reports whether s can be sent in an Authorization header as it is.
func isHeaderToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}

// withoutOverrides is a context without what azcore and net/http find in it for the caller's own
// request: a captured response would hold the token, a trace of the connection the key. The span of
// the caller stays the parent.
type withoutOverrides struct{ context.Context }

// Value tells such values by their types, for their keys are not accessible.
func (c withoutOverrides) Value(key any) any {
	value := c.Context.Value(key)
	switch value.(type) {
	case policy.RetryOptions, http.Header, **http.Response, *httptrace.ClientTrace:
		return nil
	default:
		return value
	}
}

// newCorrelationVector returns 22 random characters of the Base64 alphabet.
func newCorrelationVector() string {
	var random [16]byte
	rand.Read(random[:])
	return base64.RawStdEncoding.EncodeToString(random[:])
}

// identity is the caller's credential, with its errors marked as its own.
type identity struct{ cred azcore.TokenCredential }

func (i identity) GetToken(
	ctx context.Context,
	options policy.TokenRequestOptions,
) (azcore.AccessToken, error) {
	token, err := i.cred.GetToken(ctx, options)
	if err != nil {
		err = &identityError{err}
	}
	return token, err
}

type identityError struct{ err error }

func (e *identityError) Error() string { return e.err.Error() }
func (e *identityError) Unwrap() error { return e.err }

// NonRetriable tells azcore not to ask again.
func (*identityError) NonRetriable() {}

// checkAuthorization is a policy that finds a key which cannot be sent, such as one read from a
// file with the line break at its end.
func checkAuthorization(req *policy.Request) (*http.Response, error) {
	if _, credential, _ := strings.Cut(
		req.Raw().Header.Get("Authorization"),
		" ",
	); !isHeaderToken(
		credential,
	) {
		return nil, &identityError{
			errors.New(
				"the key or token has characters that none has, such as a line break at its end",
			),
		}
	}
	return req.Next()
}

// NewStaticAccessToken returns a credential for [NewSessionsClientWithAccessToken] from an access
// token got elsewhere, say from a web service that keeps the account key. The time at which the
// token expires is read from it if it can be read, and held against the local clock; past it,
// requests fail with an [*AuthenticationError] before they are sent, for the token cannot be
// renewed.
//   - token is the access token, without "Bearer "
//
// A text that cannot be a token is refused with [ErrInvalidArgument]. The credential never shows
// the token when it is printed.
func NewStaticAccessToken(token string) (azcore.TokenCredential, error) {
	if !isHeaderToken(token) {
		return nil, invalid(
			"token",
			"",
			"is empty or has characters that no access token has; pass it without \"Bearer \"",
		)
	}
	static := &staticAccessToken{token: token}
	if claims, ok := readClaims(token); ok {
		static.expires = claims.expires()
	}
	return static, nil
}

type staticAccessToken struct {
	token   string
	expires time.Time // zero if unknown
}

func (s *staticAccessToken) GetToken(
	context.Context,
	policy.TokenRequestOptions,
) (azcore.AccessToken, error) {
	if !s.expires.IsZero() && !time.Now().Before(s.expires) {
		return azcore.AccessToken{}, &AuthenticationError{
			Stage: StageAccessToken,
			err:   fmt.Errorf("it expired at %s", s.expires.UTC().Format(time.RFC3339)),
		}
	}
	// Renewal would only bring the same token, so there is no use in being early.
	return azcore.AccessToken{Token: s.token, ExpiresOn: s.expires, RefreshOn: s.expires}, nil
}

// Format implements [fmt.Formatter] so that no verb shows the token.
func (s *staticAccessToken) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "StaticAccessToken(REDACTED)")
}
