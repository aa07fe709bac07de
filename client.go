// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"

	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/token"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// SessionsClient creates, gets, updates, stops and lists the rendering sessions of one account in
// one region. It is safe for concurrent use. A program should share one client, because all calls
// of a client share one access token.
//
// Every method returns a [*ServiceError] if the service refuses the request, an
// [*AuthenticationError] if the client cannot get an access token, and an [*InvalidArgumentError],
// before it sends anything, if an argument is invalid. Requests without an answer within 30
// seconds, or with 408, 429, 500, 502, 503 or 504, are retried up to three times;
// ClientOptions.Retry changes that. So a call ends within about two minutes, also if its context
// has no deadline.
type SessionsClient struct {
	internal  *azcore.Client
	endpoint  *url.URL // the path is never empty
	account   string   // the address of the account
	accountID string
	tokens    *token.Cache
	options   SessionsClientOptions
	unread    *transport.UnreadMembers
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
//   - options contains optional settings; nil means the defaults; STSEndpoint and STSScope are unused
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
		transport.PolicyFunc(transport.RecordTries),
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
	return &SessionsClient{
		internal:  internal,
		endpoint:  address,
		account:   address.JoinPath("accounts", accountID).String(),
		accountID: accountID,
		tokens:    tokens,
		options:   *options,
		unread:    &transport.UnreadMembers{},
	}, nil
}

// Endpoint returns the rendering endpoint that requests go to, without a trailing slash.
func (c *SessionsClient) Endpoint() string { return strings.TrimSuffix(c.endpoint.String(), "/") }

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

// startSpan starts the tracing span of a client method. The returned function ends it with the
// error of the method.
func (c *SessionsClient) startSpan(
	ctx context.Context,
	name, sessionID string,
) (context.Context, func(error)) {
	ctx = context.WithValue(ctx, runtime.CtxAPINameKey{}, name)
	var options *runtime.StartSpanOptions
	if sessionID != "" && c.internal.Tracer().Enabled() {
		options = &runtime.StartSpanOptions{Attributes: []tracing.Attribute{
			{Key: "az.remoterendering.session_id", Value: sessionID},
		}}
	}
	return runtime.StartSpan(ctx, name, c.internal.Tracer(), options)
}

// The values of ServiceError.Operation.
const (
	opCreate = "create"
	opGet    = "get"
	opUpdate = "update"
	opStop   = "stop"
	opList   = "list"
)

// operation is one call of a client method, as its errors need to know it.
type operation struct {
	name, sessionID, host string
	tries                 *transport.Tries
}

func (c *SessionsClient) operation(name, sessionID string) operation {
	changes := name == opCreate || name == opUpdate || name == opStop
	return operation{name, sessionID, c.endpoint.Host, transport.NewTries(changes)}
}

// send sends a request through the pipeline. It returns a *ServiceError if the status of the answer
// is not in want.
func (c *SessionsClient) send(
	ctx context.Context,
	op operation,
	method, address string,
	body any,
	want ...int,
) (*http.Response, error) {
	req, err := newRequest(op.tries.Trace(ctx), method, address, body)
	if err != nil {
		return nil, newCallError(op, err)
	}
	op.tries.Attach(req)
	resp, err := c.internal.Pipeline().Do(req)
	if err != nil && ctx.Err() != nil && op.tries.Whole() && resp != nil &&
		slices.Contains(want, resp.StatusCode) {
		// The context ended as the answer arrived. azcore reports only that, but the request
		// succeeded.
		return resp, nil
	}
	if err != nil && resp != nil && resp.StatusCode >= 400 {
		// The context ended in the pause before a retry. The last answer says why there was a
		// pause.
		err = fmt.Errorf("%w; the last answer: %w", err, newServiceError(op, resp))
	}
	if err != nil {
		return nil, newCallError(op, err)
	}
	if !slices.Contains(want, resp.StatusCode) {
		return nil, newServiceError(op, resp)
	}
	return resp, nil
}

func newRequest(
	ctx context.Context,
	method, address string,
	body any,
) (*policy.Request, error) {
	req, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return nil, err
	}
	header := req.Raw().Header
	header["Accept"] = []string{"application/json"}
	// One id for all tries. azcore's policy for it costs seven allocations more.
	header["X-Ms-Client-Request-Id"] = []string{naming.NewUUID()}
	if body == nil {
		return req, nil
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	err = req.SetBody(streaming.NopCloser(bytes.NewReader(data)), "application/json")
	// A reader of its own for each try: azcore's rewinds the only one.
	req.Raw().GetBody = func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	return req, err
}

// newServiceError makes the error for an answer with an unexpected status.
func newServiceError(op operation, resp *http.Response) *ServiceError {
	e := &ServiceError{
		Operation:         op.name,
		SessionID:         op.sessionID,
		Host:              op.host,
		StatusCode:        resp.StatusCode,
		CorrelationVector: transport.CorrelationVector(resp),
		RetryAfter:        transport.RetryAfter(resp.Header, time.Now()),
		outcomeUnknown:    op.tries.OutcomeUnknown(resp.StatusCode),
		response:          transport.ResponseError(resp),
	}
	e.Code = e.response.ErrorCode // which may come from a header
	data, err := runtime.Payload(resp)
	if detail := newErrorDetail(wire.ReadError(data)); err == nil && detail != nil {
		e.Code, e.Message, e.Detail = detail.Code, detail.Message, detail
		e.response.ErrorCode = detail.Code
	}
	return e
}
