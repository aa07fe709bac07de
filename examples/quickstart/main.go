// SPDX-License-Identifier: MIT

// Quickstart goes through the life of a rendering session as a program of yours would: create it,
// wait until it is Ready, see what a device needs to open it, extend the lease, list, stop.
//
// It runs as it is: unless the environment names a service, it starts the emulator on a loopback
// port first. To talk to a service, set ARR_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, and
// ARR_ACCOUNT_DOMAIN or ARR_STS_ENDPOINT.
//
//	go run ./examples/quickstart
//
// Ctrl-C stops the session before the program ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	service, err := findService(out)
	if err != nil {
		return err
	}
	defer service.close()

	client, err := arr.NewSessionsClientWithKeyCredential(
		service.endpoint,
		service.account,
		azcore.NewKeyCredential(service.key),
		service.options(),
	)
	if err != nil {
		return err
	}
	return lifeOfASession(ctx, client, service, out)
}

// lifeOfASession is what the quickstart is about; everything else is there so that it runs.
func lifeOfASession(
	ctx context.Context,
	client *arr.SessionsClient,
	service *service,
	out io.Writer,
) (err error) {
	id := "quickstart-" + arr.NewSessionID()
	fmt.Fprintf(out, "Creating session %s\n", id)
	poller, err := client.BeginCreate(ctx, id, arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: 10 * time.Minute,
	}, nil)
	if err == nil || errors.Is(err, arr.ErrOutcomeUnknown) {
		// From here on a session may exist, and cost money until it is stopped: whatever happens,
		// stop it.
		defer func() { err = errors.Join(err, stopSession(ctx, client, id, out)) }()
	}
	if err != nil {
		return err
	}

	start := time.Now()
	ready, err := poller.PollUntilDone(ctx, &arr.PollUntilDoneOptions{
		Progress: func(session arr.Session) {
			fmt.Fprintf(out, "  %4.1f s  %s\n", time.Since(start).Seconds(), session.Status)
		},
	})
	if err != nil {
		return err
	}

	printConnection(out, client, service.account, ready.Session)
	updated, err := client.Update(
		ctx,
		id,
		arr.UpdateSessionSettings{MaxLeaseTime: 20 * time.Minute},
		nil,
	)
	if err != nil {
		return err
	}
	atLeast, atMost := updated.RemainingLease()
	fmt.Fprintf(
		out,
		"Extended the lease to %v; between %v and %v are left\n",
		updated.MaxLeaseTime,
		atLeast,
		atMost,
	)

	fmt.Fprintln(out, "Sessions of the account:")
	for session, err := range client.All(ctx, nil) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s  %s  %s\n", session.ID, session.Size, session.Status)
	}
	return nil
}

// printConnection prints what a device needs to open a session.
func printConnection(
	out io.Writer, client *arr.SessionsClient, account arr.Account, ready arr.Session,
) {
	fmt.Fprintf(out, "\nA device opens it with\n")
	fmt.Fprintf(out, "  session id         %s\n", ready.ID)
	fmt.Fprintf(out, "  account id         %s\n", account.ID)
	fmt.Fprintf(out, "  account domain     %s\n", account.Domain)
	fmt.Fprintf(out, "  rendering domain   %s\n", client.RenderingDomain())
	fmt.Fprintf(out, "  access token       from a token broker: see examples/tokenbroker\n")
	fmt.Fprintf(out, "Its server is %s, ports %d and %d\n\n",
		ready.Hostname, ready.HandshakePort, ready.ArrInspectorPort)
}

// stopSession stops the session and looks whether it is. It takes its own time: the context of the
// program may have ended by Ctrl-C.
func stopSession(ctx context.Context, client *arr.SessionsClient, id string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, err := client.Stop(ctx, id, nil); err != nil {
		if errors.Is(err, arr.ErrNotFound) {
			fmt.Fprintln(out, "There was no session to stop")
			return nil
		}
		return err
	}
	session, err := client.Get(ctx, id, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Stopped it: the service now says %s\n", session.Status)
	if !session.Status.Ended() {
		return fmt.Errorf(
			"session %s is still %s and may cost money: stop it by other means",
			id,
			session.Status,
		)
	}
	return nil
}
