// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/token"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wait"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// defaultSTSScope has two slashes because the identifier of the resource itself ends in one.
const defaultSTSScope = "https://sts.mixedreality.azure.com//.default"

// TokenClient exchanges an account key or a Microsoft Entra token for an access token of the
// service, at the Mixed Reality STS. A [SessionsClient] exchanges its own tokens; use
// [SessionsClient.AccessToken] to give them to devices, or a TokenClient if the program has no
// SessionsClient.
//
// TokenClient implements [azcore.TokenCredential]. Every GetToken is one exchange. To share a token
// while it is valid, pass the TokenClient to [NewSessionsClientWithAccessToken], or cache the token
// until RefreshOn. A TokenClient is safe for concurrent use.
type TokenClient struct {
	internal  *azcore.Client
	address   *url.URL
	accountID string
}

// TokenClientOptions contains the optional settings of a [TokenClient]. The zero value and nil mean
// the defaults.
type TokenClientOptions struct {
	// ClientOptions configures transport, retries, logging, tracing and policies. APIVersion is
	// unused, because the token service has one version. Logging.IncludeBody is unused, because
	// bodies contain access tokens. Policies that run on every try see the account key.
	azcore.ClientOptions

	// Endpoint is the address of the token service. The default is https://sts.<Account.Domain>. If
	// Endpoint is set, Account.Domain may be empty.
	Endpoint string

	// Scope is the scope that is requested from a Microsoft Entra credential. For the default, see
	// [SessionsClientOptions].
	Scope string
}

// NewTokenClient creates a client of the token service that signs in with a Microsoft Entra
// identity. NewTokenClient sends no request.
//   - account is the account id and domain
//   - cred is a Microsoft Entra credential, such as those of azidentity
//   - options contains optional settings; nil means the defaults
//
// The error is an [*InvalidArgumentError].
func NewTokenClient(
	account Account,
	cred azcore.TokenCredential,
	options *TokenClientOptions,
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
	authorization := runtime.NewBearerTokenPolicy(
		token.Identity{TokenCredential: cred},
		[]string{scope},
		&policy.BearerTokenOptions{
			InsecureAllowCredentialWithHTTP: options.InsecureAllowCredentialWithHTTP,
		},
	)
	return newTokenClient(account, options, authorization)
}

// NewTokenClientWithKeyCredential creates a client of the token service that signs in with an
// account key. NewTokenClientWithKeyCredential sends no request.
//   - account is the account id and domain
//   - cred contains the account key; [azcore.KeyCredential.Update] replaces it while the client is
//     in use
//   - options contains optional settings; nil means the defaults
//
// The error is an [*InvalidArgumentError].
func NewTokenClientWithKeyCredential(
	account Account,
	cred *azcore.KeyCredential,
	options *TokenClientOptions,
) (*TokenClient, error) {
	if cred == nil {
		return nil, invalid("cred", "", "is nil; pass an account key")
	}
	if options == nil {
		options = &TokenClientOptions{}
	}
	authorization := runtime.NewKeyCredentialPolicy(
		cred,
		"Authorization",
		&runtime.KeyCredentialPolicyOptions{
			InsecureAllowCredentialWithHTTP: options.InsecureAllowCredentialWithHTTP,
			Prefix:                          "Bearer " + account.ID + ":",
		},
	)
	return newTokenClient(account, options, authorization)
}

func newTokenClient(
	account Account,
	options *TokenClientOptions,
	authorization policy.Policy,
) (*TokenClient, error) {
	if err := checkAccountID("Account.ID", account.ID); err != nil {
		return nil, err
	}
	address, err := options.address(account)
	if err != nil {
		return nil, err
	}
	clientOptions := transport.Secure(options.ClientOptions)
	clientOptions.APIVersion = ""
	clientOptions.Logging.IncludeBody = false
	internal, err := azcore.NewClient(moduleName, version, runtime.PipelineOptions{
		AllowedHeaders: loggedHeaders,
		PerCall:        []policy.Policy{runtime.NewRequestIDPolicy()},
		PerRetry: []policy.Policy{
			authorization,
			transport.PolicyFunc(token.CheckAuthorization),
			transport.TimeoutPolicy(clientOptions.Retry),
			transport.PolicyFunc(transport.FailOnUnknownHost),
			transport.RecordTries(transport.IsStandard(options.Transport)),
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

// GetToken exchanges the credential for a new access token. The token opens the whole account while
// it is valid; tokens of the hosted service are valid for 24 hours. ExpiresOn comes from the
// lifetime in the token and the local clock, RefreshOn is shortly before it. A token that does not
// say when it expires is taken to be valid for an hour.
//   - ctx ends the exchange when it ends. Response capture, headers and retry options in it, as set
//     with azcore's policy package, are ignored: they belong to the request that the token is for
//   - options are unused, because there is one kind of token
//
// The error is an [*AuthenticationError]. If ctx ended the exchange, it wraps the error of ctx.
func (c *TokenClient) GetToken(
	ctx context.Context,
	options policy.TokenRequestOptions,
) (result azcore.AccessToken, err error) {
	const name = "TokenClient.GetToken"
	ctx = context.WithValue(token.WithoutOverrides(ctx), runtime.CtxAPINameKey{}, name)
	ctx, endSpan := runtime.StartSpan(ctx, name, c.internal.Tracer(), nil)
	defer func() { endSpan(err) }()

	tries := transport.NewTries(false)
	req, err := newRequest(tries.Trace(ctx), http.MethodGet, c.address.String(), nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	tries.Attach(req)
	asked := wait.Clock{}.Now()
	req.Raw().Header.Set(transport.CorrelationVectorHeader, transport.NewCorrelationVector())
	resp, err := c.internal.Pipeline().Do(req)
	if err != nil && (resp == nil || resp.StatusCode == http.StatusOK) {
		return azcore.AccessToken{}, newExchangeError(c, nil, err)
	}
	if resp.StatusCode != http.StatusOK {
		// If err is set, the context ended in the pause before a retry.
		failure := newExchangeError(c, resp, err)
		failure.proxy = tries.AnsweringProxy(resp)
		return azcore.AccessToken{}, failure
	}
	value, err := decodeAccessToken(resp)
	if err != nil {
		return azcore.AccessToken{}, newExchangeError(c, nil, err)
	}
	expires, renew := token.Times(value, asked, wait.Clock{}.Now())
	return azcore.AccessToken{Token: value, ExpiresOn: expires, RefreshOn: renew}, nil
}

// decodeAccessToken reads the answer of the token service. Its errors reveal nothing of the
// content.
func decodeAccessToken(resp *http.Response) (string, error) {
	var body struct{ AccessToken string }
	data, err := runtime.Payload(resp)
	if err != nil {
		return "", err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // a byte order mark
	if json.Unmarshal(data, &body) != nil || !token.Sendable(body.AccessToken) {
		return "", fmt.Errorf("the answer %d holds no access token; "+
			"is this the address of a token service?", resp.StatusCode)
	}
	return body.AccessToken, nil
}

// newExchangeError makes the error of a token exchange. resp is the refusal; it is nil if there was
// no usable answer. cause is what ended the exchange; it may be nil if there is a refusal.
func newExchangeError(c *TokenClient, resp *http.Response, cause error) *AuthenticationError {
	e := &AuthenticationError{
		Stage:     StageTokenExchange,
		AccountID: c.accountID,
		Host:      c.address.Host,
		err:       cause,
	}
	if resp != nil {
		e.StatusCode = resp.StatusCode
		e.CorrelationVector = transport.CorrelationVector(resp)
		e.RetryAfter = transport.RetryAfter(resp.Header, time.Now())
		data, _ := runtime.Payload(resp)
		if detail := wire.ReadError(data); transport.IsRefusal(resp) && detail != nil {
			e.Message = detail.Message
		}
		e.err = errors.Join(transport.ResponseError(resp), cause)
	} else if _, ok := errors.AsType[*token.IdentityError](cause); ok {
		e.Stage = StageCredential
	}
	return e
}

// asAuthenticationError keeps the failure of a credential from being taken for that of the request.
func asAuthenticationError(err error) error {
	if _, ok := errors.AsType[*AuthenticationError](err); ok {
		return err
	}
	return &AuthenticationError{Stage: StageCredential, err: err}
}

// unusableToken makes the error for an access token that cannot be used.
func unusableToken(err error) error {
	return &AuthenticationError{Stage: StageAccessToken, err: err}
}

// newTokenCache returns a cache for the tokens of a credential. scope is what other credentials
// than those of this package may want to know.
func newTokenCache(cred azcore.TokenCredential, scope string) *token.Cache {
	options := policy.TokenRequestOptions{Scopes: []string{scope}}
	return token.NewCache(
		func(ctx context.Context) (azcore.AccessToken, error) { return cred.GetToken(ctx, options) },
		asAuthenticationError,
	)
}

// AccessTokenOptions contains the optional parameters of [SessionsClient.AccessToken].
type AccessTokenOptions struct {
	// ValidFor is the minimum time for which the token must still be valid. If it is not, the
	// client first gets a new one. The default, 0, accepts any valid token, even one that is about
	// to expire.
	ValidFor time.Duration

	// Refused is a token that the service has refused, as reported by a device. It is not returned
	// again unless the token service issues it again.
	Refused string
}

// AccessToken returns the access token that the client uses, for a device that is to open a
// session. One exchange serves all devices that ask. The token opens the whole account while it is
// valid. ExpiresOn is on the local clock.
//   - ctx ends the wait for a token, not the exchange that others may wait for
//   - options contains optional parameters; nil means the defaults
//
// The error is an [*AuthenticationError] or that of ctx. It is an [*InvalidArgumentError] if
// ValidFor is longer than a new token lives, and another error if the credential keeps returning a
// token that is about to expire.
func (c *SessionsClient) AccessToken(
	ctx context.Context,
	options *AccessTokenOptions,
) (azcore.AccessToken, error) {
	if options == nil {
		options = &AccessTokenOptions{}
	}
	current, err := c.tokens.Token(ctx, nil)
	if err == nil && options.Refused != "" && current.Value == options.Refused {
		current, err = c.tokens.Token(ctx, current)
	}
	if err == nil && options.ValidFor > current.Lifetime() {
		reason := fmt.Sprintf("is longer than a new token lives, %v", current.Lifetime().Round(time.Second))
		return azcore.AccessToken{}, invalid("ValidFor", options.ValidFor.String(), reason)
	}
	if err == nil && c.tokens.Left(current) < options.ValidFor {
		current, err = c.tokens.Renewed(ctx, current)
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	if left := c.tokens.Left(current); left < options.ValidFor {
		return azcore.AccessToken{}, fmt.Errorf("azremoterendering: no token is valid for %v: "+
			"the new one is for %v", options.ValidFor, left.Round(time.Second))
	}
	return azcore.AccessToken{
		Token:     current.Value,
		ExpiresOn: current.ExpiresOn,
		RefreshOn: current.RefreshOn,
	}, nil
}

// NewStaticAccessToken returns a credential for [NewSessionsClientWithAccessToken] with a fixed
// access token, for example from a web service that has the account key. If the token says when it
// expires, requests fail with an [*AuthenticationError] from then on, by the local clock, because
// the token cannot be renewed. Printing the credential never shows the token.
//   - token is the access token, without "Bearer "
//
// The error is an [*InvalidArgumentError].
func NewStaticAccessToken(token string) (azcore.TokenCredential, error) {
	return newStaticAccessToken(token)
}

func newStaticAccessToken(value string) (azcore.TokenCredential, error) {
	if !token.Sendable(value) {
		const reason = `is empty or has an invalid character; pass it without "Bearer "`
		return nil, invalid("token", "", reason)
	}
	return token.NewStatic(value, unusableToken), nil
}

// address returns the base address of the token service: the endpoint if there is one, otherwise
// the one that the account domain names.
func (o *TokenClientOptions) address(account Account) (*url.URL, error) {
	if o.Endpoint != "" {
		return parseEndpoint("Endpoint", o.Endpoint, o.ClientOptions, naming.CheckSTSHost)
	}
	domain := strings.ToLower(strings.TrimSpace(account.Domain))
	reason := naming.CheckAccountDomain(domain)
	if reason == "" {
		var address *url.URL
		if address, reason = naming.ParseEndpoint("https://"+naming.STSPrefix+domain, false); reason == "" {
			return address, nil
		}
	}
	return nil, invalid("Account.Domain", domain, reason)
}

// asSessionsOption gives the error of a token client the name of the field in
// SessionsClientOptions.
func asSessionsOption(err error) error {
	if invalid, ok := errors.AsType[*InvalidArgumentError](err); ok && invalid.Name == "Endpoint" {
		invalid.Name = "STSEndpoint"
	}
	return err
}

// parseEndpoint parses a base address. name is the argument or field that it came from, and check
// returns the reason why its host is refused.
func parseEndpoint(
	name, endpoint string,
	options azcore.ClientOptions,
	check func(*url.URL) string,
) (*url.URL, error) {
	address, reason := naming.ParseEndpoint(endpoint, options.InsecureAllowCredentialWithHTTP)
	if reason == "" {
		reason = check(address)
	}
	if reason == naming.NotHTTPS {
		reason += " with InsecureAllowCredentialWithHTTP"
	}
	if reason != "" {
		return nil, invalid(name, strings.TrimSpace(endpoint), reason)
	}
	return address, nil
}

// checkAccountID checks an account id. name is the argument or field that it came from.
func checkAccountID(name, id string) error {
	if naming.IsUUID(id) {
		return nil
	}
	return invalid(name, id, "is not a UUID such as 00000000-1111-2222-3333-444455556666; "+
		"the portal shows it as Account ID")
}

// isNil also detects a nil pointer in an interface.
func isNil(cred any) bool {
	v := reflect.ValueOf(cred)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
