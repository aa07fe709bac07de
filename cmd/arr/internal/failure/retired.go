// SPDX-License-Identifier: MIT

package failure

import (
	"context"
	"errors"
	"net"
	"net/url"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// Retired is what to do about an address of the hosted service that cannot be reached. Microsoft
// announced its end for that day.
const Retired = "Microsoft retired the hosted service on 30 September 2025. Name a service of your own " +
	"with --endpoint, or run one for tests: arr emulator, or --emulator with this command."

// isRetired reports whether no answer came from a host of the hosted service. What a proxy on the
// way did has an advice of its own, and so has the end of the command.
func isRetired(err error) bool {
	if _, ok := errors.AsType[*transport.ProxyError](err); ok || errors.Is(err, context.Canceled) {
		return false
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		return config.IsHostedName(unknown.Name)
	}
	failed, ok := errors.AsType[*url.Error](err)
	if !ok {
		return false
	}
	address, err := url.Parse(failed.URL)
	return err == nil && config.IsHostedName(address.Hostname())
}
