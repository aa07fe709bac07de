// SPDX-License-Identifier: MIT

// Tokenbroker is a web back end that keeps the account key, knows its devices, and gives each of
// them what it needs to open a rendering session: session id, account id, account domain, rendering
// domain, and an access token. All devices share one token, so that a thousand of them cost one
// exchange a day.
//
// It runs as it is, with the emulator in the same process, a session created at start and stopped
// at the end, and one device whose secret it prints, in a curl line to try:
//
//	go run ./examples/tokenbroker
//
// A device sends its secret and gets JSON:
//
//	POST /devices/session
//	Authorization: Bearer <device secret>
//
//	200  {"sessionId", "accountId", "accountDomain", "renderingDomain", "accessToken", "expiresInSeconds"}
//	401  no device has this secret
//	503  no access token is available; Retry-After says when to retry
//
// # What the token opens
//
// An access token opens the whole account: anyone who holds it can create, list and stop every
// session, for up to 24 hours, and nothing takes it back. The service has no lesser token.
// Therefore
//
//   - only devices that are trusted with the whole account get one;
//   - devices reach the broker over TLS: it listens on an address of other machines only with
//     -tls-cert and -tls-key. Behind a proxy that terminates TLS it listens on loopback;
//   - the token is never logged, here or on the way: look at the proxy's log too;
//   - the account key never leaves the broker.
//
// # A real service
//
// Set ARR_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_DOMAIN, ARR_ACCOUNT_KEY, ARR_STS_ENDPOINT if the
// token service is elsewhere, ARR_SESSION_ID to a session that exists, and BROKER_DEVICES_FILE to a
// file with a line for each device: its name, and the SHA-256 of its secret. To make a secret and
// its hash:
//
//	secret=$(openssl rand -hex 32); printf %s "$secret" | sha256sum
//
// The session is not the broker's: it neither extends its lease nor stops it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/arr-go/azremoterendering/examples/internal/backend"
)

func main() {
	address := flag.String(
		"listen",
		"127.0.0.1:0",
		"`HOST:PORT` to listen on; port 0 is any that is free",
	)
	certFile := flag.String("tls-cert", "", "PEM `file` with the certificate chain of the broker")
	keyFile := flag.String("tls-key", "", "PEM `file` with the private key of the certificate")
	flag.Parse()
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	context.AfterFunc(ctx, restore) // a second Ctrl-C ends the program at once

	server, err := backend.Listen(*address, *certFile, *keyFile)
	if err == nil {
		err = run(ctx, server, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tokenbroker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server *backend.Server, out io.Writer, log *slog.Logger) error {
	defer server.Listener.Close()
	if os.Getenv("ARR_ENDPOINT") == "" {
		return runDemo(ctx, server, out, log)
	}
	return runService(ctx, server, out, log)
}

// runService serves access to a session of a real service.
func runService(
	ctx context.Context,
	server *backend.Server,
	out io.Writer,
	log *slog.Logger,
) error {
	service, err := serviceFromEnvironment()
	if err != nil {
		return err
	}
	devices, err := backend.ReadDevices(os.Getenv("BROKER_DEVICES_FILE"))
	if err != nil {
		return fmt.Errorf("BROKER_DEVICES_FILE: %w", err)
	}
	b, err := service.newBroker(os.Getenv("ARR_SESSION_ID"), devices, log)
	if err != nil {
		return err
	}
	poller, err := b.client.BeginWait(ctx, b.session.SessionID, nil)
	if err != nil {
		return fmt.Errorf(
			"ARR_SESSION_ID must name a session in the region of ARR_ENDPOINT: %w",
			err,
		)
	}
	if _, err := poller.PollUntilDone(ctx, nil); err != nil {
		return err
	}
	fmt.Fprintf(
		out,
		"Devices get session %s at %s\n",
		b.session.SessionID,
		server.URL()+sessionPath,
	)
	return server.Serve(ctx, b.handler(), exchangeTimeout, log)
}
