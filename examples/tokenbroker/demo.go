// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// runDemo serves access to a session of an emulator in this process, to one device whose secret it
// prints.
func runDemo(
	ctx context.Context,
	server *backend.Server,
	out io.Writer,
	log *slog.Logger,
) (err error) {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		return err
	}
	emulated, err := e.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, emulated.Close()) }()
	fmt.Fprintf(out, "No ARR_ENDPOINT is set, so the service is the emulator at %s\n", emulated.URL)
	service := &service{
		endpoint:    emulated.URL,
		stsEndpoint: emulated.URL,
		account:     e.Account(),
		key:         e.Key(),
		// the key opens nothing but this emulator
		options: azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true},
	}

	demo, secret := backend.NewDevice("demo")
	b, err := service.newBroker("demo-"+arr.NewSessionID(), backend.Devices{demo}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopSession(ctx, b.client, b.session.SessionID, out)) }()
	if err := createSession(ctx, b.client, b.session.SessionID); err != nil {
		return err
	}
	fmt.Fprintf(out, "Session %s is Ready. Be its device:\n\n", b.session.SessionID)
	fmt.Fprintf(
		out,
		"  curl -sS -X POST -H 'Authorization: Bearer %s' %s\n\n",
		secret,
		server.URL()+sessionPath,
	)
	fmt.Fprintln(out, "Ctrl-C stops the session and the program.")
	return server.Serve(ctx, b.handler(), exchangeTimeout, log)
}

func createSession(ctx context.Context, client *arr.SessionsClient, id string) error {
	poller, err := client.BeginCreate(
		ctx,
		id,
		arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		return err
	}
	// The emulator has sessions Ready at once, so there is no need for the pace that the service
	// wants.
	_, err = poller.PollUntilDone(ctx, &arr.PollUntilDoneOptions{Frequency: 100 * time.Millisecond})
	return err
}

// stopSession takes its own time: the context of the program has ended by then.
func stopSession(ctx context.Context, client *arr.SessionsClient, id string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, err := client.Stop(ctx, id, nil)
	if errors.Is(err, arr.ErrNotFound) {
		return nil // the create never took effect
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Stopped session %s\n", id)
	return nil
}
