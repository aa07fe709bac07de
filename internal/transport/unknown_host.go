// SPDX-License-Identifier: MIT

package transport

import (
	"cmp"
	"errors"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/arr-go/azremoterendering/internal/text"
)

// UnknownHostError means that a host name does not exist. For a mistyped account domain it is the
// only sign.
type UnknownHostError struct {
	// Host is the name that does not exist: that of the request, or that of a proxy.
	Host string

	err error
}

// Error names the host and what to check.
func (e *UnknownHostError) Error() string {
	line := "there is no host " + text.OneLine(e.Host) +
		": check endpoint, account domain and proxy"
	if unused, ok := errors.AsType[*unusedProxyError](e.err); ok {
		line += "; " + unused.note()
	}
	return line
}

// Unwrap returns the error of the transport.
func (e *UnknownHostError) Unwrap() error { return e.err }

// NonRetriable tells azcore not to retry.
func (*UnknownHostError) NonRetriable() {}

// FailOnUnknownHost is a policy that fails at once if a host name does not exist. azcore alone
// retries for seconds.
func FailOnUnknownHost(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if dnsErr, ok := errors.AsType[*net.DNSError](err); ok && dnsErr.IsNotFound {
		host := cmp.Or(dnsErr.Name, req.Raw().URL.Hostname())
		return resp, &UnknownHostError{Host: host, err: err}
	}
	return resp, err
}
