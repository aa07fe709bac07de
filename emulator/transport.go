// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/delivery"
	"github.com/arr-go/azremoterendering/service"
)

// SessionsClient returns a client of the first account that uses its primary key and whose requests
// never leave the process. Its endpoint is that of [Options.Region]. A transport in options is kept
// and must lead to [Emulator.Transport]. The error is that of
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

// Transport returns a transport that answers every request in memory, for any scheme and host. Give
// it to a client as azcore's ClientOptions.Transport. A request returns as soon as its context
// ends, as on a socket.
func (e *Emulator) Transport() policy.Transporter { return transport{e} }

type transport struct{ emulator *Emulator }

// Do implements [policy.Transporter].
func (t transport) Do(req *http.Request) (*http.Response, error) {
	if req.URL == nil {
		return nil, errors.New("emulator: the request has no URL")
	}
	ctx := req.Context()
	body, err := readBody(ctx, req)
	if err != nil {
		return nil, err
	}
	incoming := received(req, body)

	// The handler runs in a goroutine of its own so that the caller can leave. A handler that a
	// fault delays ends with the context.
	answered := make(chan delivery.Delivery, 1)
	go func() { answered <- t.emulator.respond(incoming, false, func(time.Duration) {}) }()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d := <-answered:
		return d.Response(req)
	}
}

// readBody reads and closes the body of a request, before the handler starts: once Do has returned,
// a client may rewind the body to send it again.
func readBody(ctx context.Context, req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, ctx.Err()
	}
	defer req.Body.Close()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { req.Body.Close() })() // ends a read that blocks
	body, err := io.ReadAll(io.LimitReader(req.Body, service.MaxBody+1))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("emulator: the body of the request cannot be read: %w", err)
	}
	return body, nil
}

// received returns a request as a server sees it. It shares nothing with the sent one that the
// sender may change.
func received(sent *http.Request, body []byte) *http.Request {
	r := sent.Clone(sent.Context())
	r.RequestURI = sent.URL.RequestURI()
	if r.Host == "" {
		r.Host = sent.URL.Host
	}
	if sent.URL.Scheme == "https" {
		r.TLS = new(tls.ConnectionState)
	}
	r.RemoteAddr = "in memory"
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return r
}
