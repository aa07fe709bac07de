// SPDX-License-Identifier: MIT

// Package transport sends requests safely. Its policies and transports keep credentials from
// leaving their host, from coming back in answers and from entering logs, bound the size of
// answers, fail fast on unknown hosts, and record what became of each try of a request.
package transport

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/arr-go/azremoterendering/internal/module"
)

const (
	// pingAfter and pingTimeout detect a dead HTTP/2 connection, which would otherwise swallow
	// requests for minutes.
	pingAfter   = 10 * time.Second
	pingTimeout = 5 * time.Second

	// connectionsPerHost bounds the connections of all clients to one host. Further requests wait
	// for one. It is also how many stay open when idle: fewer means new handshakes under load.
	connectionsPerHost = 100

	// maxHeader bounds the header of an answer, which counts beside its body. net/http allows 10
	// MiB.
	maxHeader = 256 << 10
)

// Secure returns a copy of options with which a pipeline neither sends a credential to another host
// nor writes one to the log. The default transport, and an [*http.Client] without CheckRedirect, do
// not follow redirects. Answers are redacted and limited to 1 MiB, unless [WithAnswerLimit] says
// otherwise. Authorization headers cannot be allowed in the log.
func Secure(options azcore.ClientOptions) azcore.ClientOptions {
	next := options.Transport
	switch transport := options.Transport.(type) {
	case nil:
		next = defaultTransport()
	case *http.Client:
		if transport == nil {
			next = defaultTransport()
		} else if transport.CheckRedirect == nil {
			next = withoutRedirects(transport)
		}
	}
	options.Transport = &redactor{
		next:   next,
		always: options.Logging.IncludeBody,
		tracer: options.TracingProvider.NewTracer("azremoterendering", module.Version),
	}
	options.Logging.AllowedHeaders = slices.DeleteFunc(
		slices.Clone(options.Logging.AllowedHeaders),
		func(name string) bool { return strings.EqualFold(name, "Authorization") },
	)
	return options
}

// defaultTransport is shared by all clients, like [http.DefaultTransport], and so is its connection
// pool.
var defaultTransport = sync.OnceValue(func() *http.Client {
	return withoutRedirects(&http.Client{Transport: Standard()})
})

// Standard returns a new transport like the default one of a client: [http.DefaultTransport] with
// bounds, and with errors that say what a proxy has done.
func Standard() *http.Transport {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = standard.Clone()
	}
	transport.Proxy = readableProxy(transport.Proxy)
	transport.MaxConnsPerHost = connectionsPerHost
	transport.MaxIdleConnsPerHost = connectionsPerHost
	transport.MaxIdleConns = 0 // no limit for all hosts together
	transport.MaxResponseHeaderBytes = maxHeader
	transport.OnProxyConnectResponse = checkProxyAnswer
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
	return transport
}

// IsStandard reports whether [Secure] uses the default transport for the given one.
func IsStandard(given policy.Transporter) bool {
	client, ok := given.(*http.Client)
	return given == nil || ok && client == nil
}

func withoutRedirects(client *http.Client) *http.Client {
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// PolicyFunc is a function used as a policy.
type PolicyFunc func(*policy.Request) (*http.Response, error)

// Do calls f.
func (f PolicyFunc) Do(req *policy.Request) (*http.Response, error) { return f(req) }
