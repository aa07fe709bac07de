// SPDX-License-Identifier: MIT

package emulator

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering"
)

// SessionsClient returns a client of the emulator of the first account that uses its primary key
// and whose requests never leave the process, as [net/http/httptest.Server.Client] does for a
// server. Its endpoints are those of the region. A transport given in options is kept: it is
// expected to lead to [Emulator.Transport]. The error is that of
// [azremoterendering.NewSessionsClientWithKeyCredential].
func (e *Emulator) SessionsClient(
	options *azremoterendering.SessionsClientOptions,
) (*azremoterendering.SessionsClient, error) {
	var o azremoterendering.SessionsClientOptions
	if options != nil {
		o = *options
	}
	if o.Transport == nil {
		o.Transport = e.Transport()
	}
	return azremoterendering.NewSessionsClientWithKeyCredential(
		e.endpoint(), e.Account(), azcore.NewKeyCredential(e.Key()), &o)
}
