// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/spans"
	"github.com/arr-go/azremoterendering/internal/token"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// SessionsClient creates, gets, updates, stops and lists the rendering sessions of one account in
// one region. It is safe for concurrent use. A program should share one client, because all calls
// of a client share one access token.
//
// Every method returns a [*ServiceError] if the service refuses the request, an
// [*AuthenticationError] if the client cannot get an access token, and an [*InvalidArgumentError],
// before it sends anything, if an argument is invalid. Requests without an answer within 30
// seconds, or with 408, 429, 500, 502, 503 or 504, are retried up to three times;
// ClientOptions.Retry changes that. So a call ends even if its context has no deadline: within
// about two minutes if nothing answers, and five if the service asks to wait between the tries.
type SessionsClient struct{ *serviceClient }

// serviceClient is what [SessionsClient] and [ConversionsClient] are made of: one account in one
// region, with its sign-in.
type serviceClient struct {
	internal  *azcore.Client
	endpoint  *url.URL // the path is never empty
	account   string   // the address of the account
	accountID string
	tokens    *token.Cache
	options   SessionsClientOptions
	unread    *transport.UnreadMembers
	created   *wait.Created // shared by the clients that InRegions returns
}

// SessionsClientOptions contains the optional settings of a [SessionsClient]. The zero value and
// nil mean the defaults.
type SessionsClientOptions struct {
	// ClientOptions configures transport, retries, logging, tracing and policies. Transport, Retry,
	// Telemetry, TracingProvider and PerCallPolicies also apply to the token exchange, whose bodies
	// are never logged.
	//
	// APIVersion defaults to "2021-01-01". The service also offered "2021-01-01-preview".
	// InsecureAllowCredentialWithHTTP permits http endpoints, for an emulator on this machine.
	//
	// The default transport, and an [*http.Client] without CheckRedirect, never follow redirects,
	// so that the access token stays with its host. Any other Transport must do the same itself.
	// The default transport opens at most 100 connections to a host; further requests wait for one.
	//
	// A try ends after 30 seconds, its answer included, unless Retry.TryTimeout is set. An answer
	// may have 1 MiB after decompression, and a page of a list 16 MiB.
	azcore.ClientOptions

	// STSEndpoint is the address of the token service. The default is https://sts.<Account.Domain>.
	// If STSEndpoint is set, Account.Domain may be empty.
	STSEndpoint string

	// STSScope is the scope that is requested from a Microsoft Entra credential. The default is
	// "https://sts.mixedreality.azure.com//.default", with two slashes and without a region. It is
	// the only scope that works for accounts of every region.
	STSScope string
}

// NewSessionsClient creates a client that signs in with a Microsoft Entra identity. The identity
// needs the role Remote Rendering Client or Remote Rendering Administrator on the account.
// NewSessionsClient sends no request.
//   - endpoint is the rendering endpoint, such as [Region.Endpoint] returns
//   - account is the account id and domain
//   - cred is a Microsoft Entra credential, such as those of azidentity; its tokens are exchanged
//     for access tokens of the service
//   - options contains optional settings; nil means the defaults
//
// The error is an [*InvalidArgumentError].
func NewSessionsClient(
	endpoint string,
	account Account,
	cred azcore.TokenCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	options = orDefault(options)
	tokens, err := NewTokenClient(account, cred, options.tokenClientOptions())
	if err != nil {
		return nil, asSessionsOption(err)
	}
	return newSessionsClient(endpoint, account.ID, tokens, options)
}

// NewSessionsClientWithKeyCredential creates a client that signs in with an account key, either the
// primary or the secondary one. NewSessionsClientWithKeyCredential sends no request.
//   - endpoint is the rendering endpoint, such as [Region.Endpoint] returns
//   - account is the account id and domain
//   - cred contains the account key; [azcore.KeyCredential.Update] replaces it while the client is
//     in use
//   - options contains optional settings; nil means the defaults
//
// The error is an [*InvalidArgumentError].
func NewSessionsClientWithKeyCredential(
	endpoint string,
	account Account,
	cred *azcore.KeyCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	options = orDefault(options)
	tokens, err := NewTokenClientWithKeyCredential(account, cred, options.tokenClientOptions())
	if err != nil {
		return nil, asSessionsOption(err)
	}
	return newSessionsClient(endpoint, account.ID, tokens, options)
}

// NewSessionsClientWithAccessToken creates a client that uses access tokens of the service as they
// are: a fixed one from [NewStaticAccessToken], those of a [TokenClient], or those of a credential
// of the program, for example from a web service that has the account key.
// NewSessionsClientWithAccessToken sends no request.
//   - endpoint is the rendering endpoint, such as [Region.Endpoint] returns
//   - accountID is the id of the account that the tokens are for
//   - cred returns access tokens; it need not cache them, because the client keeps a token until it
//     must be renewed. A token with a zero ExpiresOn is used until the service refuses it, for an
//     hour at most. GetToken must return when its context ends
//   - options contains optional settings; nil means the defaults; STSEndpoint and STSScope are
//     unused
//
// The error is an [*InvalidArgumentError].
func NewSessionsClientWithAccessToken(
	endpoint, accountID string,
	cred azcore.TokenCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	if isNil(cred) {
		return nil, invalid("cred", "", "is nil; pass a credential that returns access tokens")
	}
	if err := checkAccountID("accountID", accountID); err != nil {
		return nil, err
	}
	return newSessionsClient(endpoint, accountID, cred, orDefault(options))
}

func newSessionsClient(
	endpoint, accountID string,
	cred azcore.TokenCredential,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	address, err := parseRenderingEndpoint(endpoint, options)
	if err != nil {
		return nil, err
	}
	tokens := newTokenCache(cred, address.JoinPath(".default").String())
	return newClientWithTokens(address, accountID, tokens, options)
}

func parseRenderingEndpoint(endpoint string, options *SessionsClientOptions) (*url.URL, error) {
	return parseEndpoint("endpoint", endpoint, options.ClientOptions, naming.CheckRenderingHost)
}

func newClientWithTokens(
	address *url.URL,
	accountID string,
	tokens *token.Cache,
	options *SessionsClientOptions,
) (*SessionsClient, error) {
	clientOptions := transport.Secure(options.ClientOptions)
	clientOptions.PerRetryPolicies = append(
		slices.Clone(clientOptions.PerRetryPolicies),
		transport.RecordTries(transport.IsStandard(options.Transport)),
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
		PerRetry: []policy.Policy{
			&token.Policy{
				Cache:     tokens,
				AllowHTTP: options.InsecureAllowCredentialWithHTTP,
				Refused:   unusableToken,
			},
			transport.TimeoutPolicy(options.Retry),
			transport.PolicyFunc(transport.FailOnUnknownHost),
		},
		Tracing: tracingOptions,
	}, &clientOptions)
	if err != nil {
		return nil, err
	}
	return &SessionsClient{&serviceClient{
		internal:  internal,
		endpoint:  address,
		account:   address.JoinPath("accounts", accountID).String(),
		accountID: accountID,
		tokens:    tokens,
		options:   *options,
		unread:    &transport.UnreadMembers{},
		created:   &wait.Created{},
	}}, nil
}

// Tracer returns the tracer of the client, from ClientOptions.TracingProvider. Package lease makes
// its spans with it. Without a provider it makes no spans.
func (c *SessionsClient) Tracer() tracing.Tracer { return c.internal.Tracer() }

// Endpoint returns the rendering endpoint that requests go to, without a trailing slash.
func (c *SessionsClient) Endpoint() string { return c.address() }

func (c *serviceClient) address() string { return strings.TrimSuffix(c.endpoint.String(), "/") }

// RenderingDomain returns the remote rendering domain that the runtime on a device needs: the host
// of the endpoint without "remoterendering." in front, with the port if there is one. For West
// Europe it is "westeurope.mixedreality.azure.com".
func (c *SessionsClient) RenderingDomain() string {
	return strings.TrimPrefix(c.endpoint.Host, naming.RenderingPrefix)
}

var (
	loggedHeaders  = []string{transport.CorrelationVectorHeader, "api-supported-versions"}
	tracingOptions = runtime.TracingOptions{Namespace: "Microsoft.MixedReality"}
)

func orDefault(options *SessionsClientOptions) *SessionsClientOptions {
	if options == nil {
		return &SessionsClientOptions{}
	}
	return options
}

// tokenClientOptions returns the options of the token exchange. It drops the policies that run on
// every try, because they would see the account key.
func (o *SessionsClientOptions) tokenClientOptions() *TokenClientOptions {
	clientOptions := o.ClientOptions
	clientOptions.PerRetryPolicies = nil
	return &TokenClientOptions{
		ClientOptions: clientOptions,
		Endpoint:      o.STSEndpoint,
		Scope:         o.STSScope,
	}
}

// ConversionsClient creates, gets and lists the conversions of one account in one region. A
// conversion makes an asset that a session can show from a model in Azure Storage. It is safe for
// concurrent use. Errors, retries and sharing one client are as for [SessionsClient].
//
// The SAS in the settings of a conversion are sent to the service and to nothing else: policies and
// azcore's log see the body of a create without them, and they are removed from refusals that
// repeat them.
//
// The protocol is that of version 2021-01-01 (mr-arr.json). There is no request that cancels or
// deletes a conversion.
type ConversionsClient struct{ *serviceClient }

// ConversionsClientOptions contains the optional settings of a [ConversionsClient]: those of a
// [SessionsClient].
type ConversionsClientOptions = SessionsClientOptions

// NewConversionsClient creates a client that signs in with a Microsoft Entra identity. The identity
// needs the role Remote Rendering Administrator on the account; Remote Rendering Client does not
// suffice. The arguments and the error are those of [NewSessionsClient].
func NewConversionsClient(
	endpoint string,
	account Account,
	cred azcore.TokenCredential,
	options *ConversionsClientOptions,
) (*ConversionsClient, error) {
	sessions, err := NewSessionsClient(endpoint, account, cred, options)
	if err != nil {
		return nil, err
	}
	return sessions.NewConversionsClient(), nil
}

// NewConversionsClientWithKeyCredential creates a client that signs in with an account key. The
// arguments and the error are those of [NewSessionsClientWithKeyCredential].
func NewConversionsClientWithKeyCredential(
	endpoint string,
	account Account,
	cred *azcore.KeyCredential,
	options *ConversionsClientOptions,
) (*ConversionsClient, error) {
	sessions, err := NewSessionsClientWithKeyCredential(endpoint, account, cred, options)
	if err != nil {
		return nil, err
	}
	return sessions.NewConversionsClient(), nil
}

// NewConversionsClientWithAccessToken creates a client that uses access tokens of the service as
// they are. The arguments and the error are those of [NewSessionsClientWithAccessToken].
func NewConversionsClientWithAccessToken(
	endpoint, accountID string,
	cred azcore.TokenCredential,
	options *ConversionsClientOptions,
) (*ConversionsClient, error) {
	sessions, err := NewSessionsClientWithAccessToken(endpoint, accountID, cred, options)
	if err != nil {
		return nil, err
	}
	return sessions.NewConversionsClient(), nil
}

// NewConversionsClient returns a client for the conversions of the same account and region. It
// shares the options and the sign-in of c: there is one access token, and one token exchange, for
// both. No request is sent.
func (c *SessionsClient) NewConversionsClient() *ConversionsClient {
	return &ConversionsClient{c.serviceClient}
}

// NewSessionsClient returns a client for the sessions of the same account and region. It shares the
// options and the sign-in of c. No request is sent.
func (c *ConversionsClient) NewSessionsClient() *SessionsClient {
	return &SessionsClient{c.serviceClient}
}

// Endpoint returns the rendering endpoint that requests go to, without a trailing slash.
func (c *ConversionsClient) Endpoint() string { return c.address() }

// startSpan starts the tracing span of a client method. The returned function ends it with the
// error of the method.
func (c *serviceClient) startSpan(
	ctx context.Context,
	name string,
	kind kind,
	id string,
) (context.Context, func(error)) {
	ctx = context.WithValue(ctx, runtime.CtxAPINameKey{}, name)
	var options *runtime.StartSpanOptions
	if c.internal.Tracer().Enabled() {
		options = &runtime.StartSpanOptions{Attributes: []tracing.Attribute{
			{Key: spans.AttributePrefix + string(kind) + "_id", Value: id},
		}}
	}
	return runtime.StartSpan(ctx, name, c.internal.Tracer(), options)
}
