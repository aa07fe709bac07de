// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"
)

// SessionsClient creates, looks up, extends, stops and lists rendering sessions of one account in
// one region. It is safe for concurrent use, and one client should serve a whole program: it shares
// one access token between all calls.
//
// Every method returns a [*ServiceError] when the service refuses, an [*AuthenticationError] when
// no access token could be had, and an [*InvalidArgumentError] when an argument is invalid, before
// any request. Requests that get no answer, or 408, 429, 500,
// 502, 503 or 504, are sent again up to three times; Retry in the options changes that.
type SessionsClient struct {
	internal  *azcore.Client
	endpoint  *url.URL // without trailing slash
	account   string   // the address of the account
	accountID string
	tokens    *accessTokenPolicy
}

// SessionsClientOptions are the optional settings of a [SessionsClient]. The zero value and nil
// mean the defaults.
type SessionsClientOptions struct {
	// ClientOptions configures transport, retries, logging, tracing and policies. Transport, Retry,
	// Telemetry, TracingProvider and PerCallPolicies apply to the token exchange too; bodies are
	// never logged there.
	//
	// APIVersion is "2021-01-01" by default; "2021-01-01-preview" is the other version that the
	// service offered. InsecureAllowCredentialWithHTTP permits http endpoints, as for an emulator
	// on this machine.
	//
	// Redirects are never followed by the default transport, nor by an [*http.Client] without
	// CheckRedirect, so that the access token stays with its host. Any other Transport has to see
	// to that itself.
	azcore.ClientOptions

	// STSEndpoint replaces the address of the token service, https://sts.<Account.Domain>.
	// Account.Domain may then be empty.
	STSEndpoint string

	// STSScope replaces the scope that is asked of a Microsoft Entra credential. The default is
	// "https://sts.mixedreality.azure.com//.default", with two slashes and without a region: the
	// only scope that works for accounts of every region.
	STSScope string
}

// NewSessionsClient creates a client that signs in with a Microsoft Entra identity, such as one of
// azidentity. The identity needs the role Remote Rendering Client or Remote Rendering Administrator
// on the account. No request is sent.
//   - endpoint is the rendering endpoint, such as [Region.Endpoint] returns it
//   - account is the account id and domain
//   - cred is the Microsoft Entra credential; its tokens are exchanged for access tokens of the
//     service
//   - options are optional settings; nil means the defaults
//
// An argument that cannot be right is refused with [ErrInvalidArgument].
func NewSessionsClient(
	endpoint string,
	account Account,
	cred azcore.TokenCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	options = orDefault(options)
	tokens, err := newIdentityTokenClient(account, cred, options.tokenClientOptions(), "STSEndpoint")
	if err != nil {
		return nil, err
	}
	return newSessionsClient(endpoint, account.ID, tokens, options)
}

// NewSessionsClientWithKeyCredential creates a client that signs in with a key of the account. The
// primary and the secondary key work alike; [azcore.KeyCredential.Update] changes the key while the
// client is in use. No request is sent.
//   - endpoint is the rendering endpoint, such as [Region.Endpoint] returns it
//   - account is the account id and domain
//   - cred holds the account key
//   - options are optional settings; nil means the defaults
//
// An argument that cannot be right is refused with [ErrInvalidArgument].
func NewSessionsClientWithKeyCredential(
	endpoint string,
	account Account,
	cred *azcore.KeyCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	options = orDefault(options)
	tokens, err := newKeyTokenClient(account, cred, options.tokenClientOptions(), "STSEndpoint")
	if err != nil {
		return nil, err
	}
	return newSessionsClient(endpoint, account.ID, tokens, options)
}

// NewSessionsClientWithAccessToken creates a client that uses access tokens of the service got
// elsewhere: a fixed one from [NewStaticAccessToken], those of a [TokenClient], or those that a
// program's own credential fetches, say from a web service that keeps the account key. No request
// is sent.
//   - endpoint is the rendering endpoint, such as [Region.Endpoint] returns it
//   - accountID is the id of the account that the tokens are for
//   - cred returns access tokens; the client keeps one until it is due for renewal, so cred need
//     not. A token with a zero ExpiresOn is used until it is refused, at most for an hour. GetToken
//     must end when its context does
//   - options are optional settings; nil means the defaults; STSEndpoint and STSScope are not used
//
// An argument that cannot be right is refused with [ErrInvalidArgument].
func NewSessionsClientWithAccessToken(
	endpoint, accountID string,
	cred azcore.TokenCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	if isNil(cred) {
		return nil, invalid(
			"cred",
			"",
			"is nil; pass a credential that returns access tokens, such as NewStaticAccessToken makes",
		)
	}
	if err := checkAccountID("accountID", accountID); err != nil {
		return nil, err
	}
	return newSessionsClient(endpoint, accountID, cred, orDefault(options))
}

func newSessionsClient(
	endpoint, accountID string,
	tokens azcore.TokenCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	address, err := parseEndpoint("endpoint", endpoint, options.InsecureAllowCredentialWithHTTP)
	if err != nil {
		return nil, err
	}
	if err := checkRenderingHost(address); err != nil {
		return nil, err
	}
	tokenPolicy := newAccessTokenPolicy(
		tokens,
		address.JoinPath(".default").String(),
		options.ClientOptions,
	)
	clientOptions := pipelineSafe(options.ClientOptions)
	clientOptions.PerRetryPolicies = append(
		slices.Clone(clientOptions.PerRetryPolicies),
		policyFunc(recordTries),
	)
	if clientOptions.APIVersion == "" {
		clientOptions.APIVersion = defaultAPIVersion
	}
	internal, err := azcore.NewClient(moduleName, version, runtime.PipelineOptions{
		AllowedHeaders: loggedHeaders,
		APIVersion: runtime.APIVersionOptions{
			Location: runtime.APIVersionLocationQueryParam,
			Name:     "api-version",
		},
		PerCall: []policy.Policy{runtime.NewRequestIDPolicy()},
		PerRetry: []policy.Policy{
			tokenPolicy,
			policyFunc(failFastOnUnknownHost),
		},
		Tracing: tracingOptions,
	}, &clientOptions)
	if err != nil {
		return nil, err
	}
	return &SessionsClient{
		internal:  internal,
		endpoint:  address,
		account:   address.JoinPath("accounts", accountID).String(),
		accountID: accountID,
		tokens:    tokenPolicy,
	}, nil
}

const (
	connectionPingAfter   = 10 * time.Second
	connectionPingTimeout = 5 * time.Second
)

// Endpoint returns the rendering endpoint that requests go to, without a trailing slash.
func (c *SessionsClient) Endpoint() string { return strings.TrimSuffix(c.endpoint.String(), "/") }

// RenderingDomain returns what a device's runtime is given as its remote rendering domain: the host
// of the endpoint, and the port if there is one, without "remoterendering." in front. For the
// endpoint of West Europe it is "westeurope.mixedreality.azure.com".
func (c *SessionsClient) RenderingDomain() string {
	return strings.TrimPrefix(c.endpoint.Host, "remoterendering.")
}

var (
	loggedHeaders  = []string{correlationVectorRequestHeader, "api-supported-versions"}
	tracingOptions = runtime.TracingOptions{Namespace: "Microsoft.MixedReality"}
)

func orDefault(options *SessionsClientOptions) *SessionsClientOptions {
	if options == nil {
		return &SessionsClientOptions{}
	}
	return options
}

// tokenClientOptions are the options for the token exchange in front of a client. Policies that run
// on every try do not go along: they would see the account key.
func (o *SessionsClientOptions) tokenClientOptions() *TokenClientOptions {
	clientOptions := o.ClientOptions
	clientOptions.PerRetryPolicies = nil
	return &TokenClientOptions{
		ClientOptions: clientOptions,
		Endpoint:      o.STSEndpoint,
		Scope:         o.STSScope,
	}
}

// pipelineSafe returns options that cannot send a credential elsewhere or write it to the log.
func pipelineSafe(options azcore.ClientOptions) azcore.ClientOptions {
	switch transport := options.Transport.(type) {
	case nil:
		options.Transport = defaultTransport()
	case *http.Client:
		if transport == nil {
			options.Transport = defaultTransport()
		} else if transport.CheckRedirect == nil {
			options.Transport = withoutRedirects(transport)
		}
	}
	options.Transport = &redactingTransport{
		next:   options.Transport,
		always: options.Logging.IncludeBody,
	}
	options.Logging.AllowedHeaders = slices.DeleteFunc(
		slices.Clone(options.Logging.AllowedHeaders),
		func(name string) bool {
			return strings.EqualFold(name, "Authorization")
		},
	)
	return options
}

// defaultTransport is shared by all clients, as [http.DefaultTransport] is, and so is its pool of
// connections.
var defaultTransport = sync.OnceValue(func() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = standard.Clone()
	}
	transport.MaxIdleConnsPerHost = 10
	// A dead HTTP/2 connection would otherwise swallow requests for minutes.
	transport.HTTP2 = &http.HTTP2Config{
		SendPingTimeout: connectionPingAfter,
		PingTimeout:     connectionPingTimeout,
	}
	return withoutRedirects(&http.Client{Transport: transport})
})

func withoutRedirects(client *http.Client) *http.Client {
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// startSpan starts the tracing span of a client method. The returned function ends it with the
// error of the method.
func (c *SessionsClient) startSpan(
	ctx context.Context,
	name, sessionID string,
) (context.Context, func(error)) {
	ctx = context.WithValue(ctx, runtime.CtxAPINameKey{}, name)
	var options *runtime.StartSpanOptions
	if sessionID != "" && c.internal.Tracer().Enabled() {
		options = &runtime.StartSpanOptions{
			Attributes: []tracing.Attribute{
				{Key: "az.remoterendering.session_id", Value: sessionID},
			},
		}
	}
	return runtime.StartSpan(ctx, name, c.internal.Tracer(), options)
}
