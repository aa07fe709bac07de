// SPDX-License-Identifier: MIT

// Entra signs in with a Microsoft Entra identity instead of an account key, and lists the rendering
// sessions of an account. With -create it creates a session, waits until it is Ready, shows what a
// device needs to open it, and stops it.
//
// It needs a real tenant and a service: the emulator refuses identities, unless it is started with
// --accept-any-identity, and this program sends tokens over https only (--tls). azidentity's
// DefaultAzureCredential finds the identity that the machine has: environment variables, a managed
// identity, or the login of az or azd. The identity needs the role Remote Rendering Client or
// Remote Rendering Administrator on the account.
//
// Set
//
//	ARR_ENDPOINT        rendering endpoint, such as https://remoterendering.westeurope.mixedreality.azure.com
//	ARR_ACCOUNT_ID      account id, a UUID
//	ARR_ACCOUNT_DOMAIN  account domain, such as westeurope.mixedreality.azure.com
//	ARR_STS_ENDPOINT    address of the token service, if it is not https://sts.<account domain>
//	ARR_STS_SCOPE       scope asked of the identity, if it is not that of the hosted service
//
// and run
//
//	go run ./examples/entra
//	go run ./examples/entra -create
//
// Ctrl-C stops the session that it created before the program ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	arr "github.com/arr-go/azremoterendering"
)

func main() {
	create := flag.Bool(
		"create",
		false,
		"create a session, show what a device needs, and stop it; it is billed while it runs",
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, *create); err != nil {
		fmt.Fprintln(os.Stderr, "entra:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, create bool) error {
	service, err := serviceFromEnvironment()
	if err != nil {
		return err
	}
	client, err := service.signIn()
	if err != nil {
		return err
	}
	if create {
		return createAndStop(ctx, client, service)
	}
	return list(ctx, client)
}

// service is where the requests go.
type service struct {
	endpoint              string
	account               arr.Account
	stsEndpoint, stsScope string
}

func serviceFromEnvironment() (*service, error) {
	var missing []string
	required := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	s := &service{
		endpoint: required("ARR_ENDPOINT"),
		account: arr.Account{
			ID:     required("ARR_ACCOUNT_ID"),
			Domain: required("ARR_ACCOUNT_DOMAIN"),
		},
		stsEndpoint: os.Getenv("ARR_STS_ENDPOINT"),
		stsScope:    os.Getenv("ARR_STS_SCOPE"),
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("set %s; this program needs a real service and tenant "+
			"(examples/quickstart runs without, against the emulator)", strings.Join(missing, ", "))
	}
	return s, nil
}

// signIn returns a client that signs in with the identity of this machine. Nothing is sent before
// the first call.
func (s *service) signIn() (*arr.SessionsClient, error) {
	identity, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return arr.NewSessionsClient(s.endpoint, s.account, identity, &arr.SessionsClientOptions{
		STSEndpoint: s.stsEndpoint,
		STSScope:    s.stsScope,
	})
}

func list(ctx context.Context, client *arr.SessionsClient) error {
	count := 0
	for session, err := range client.All(ctx, nil) {
		if err != nil {
			return err
		}
		count++
		left, _ := session.RemainingLease()
		fmt.Printf("%s  %s  %s  %v left\n", session.ID, session.Size, session.Status, left)
	}
	fmt.Printf("%d sessions\n", count)
	return nil
}

func createAndStop(ctx context.Context, client *arr.SessionsClient, service *service) (err error) {
	id := "entra-" + arr.NewSessionID()
	fmt.Printf("Creating session %s\n", id)
	poller, err := client.BeginCreate(ctx, id, arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: 10 * time.Minute, // what it costs at most if this program is killed
	}, nil)
	if err == nil || errors.Is(err, arr.ErrOutcomeUnknown) {
		defer func() { err = errors.Join(err, stopSession(ctx, client, id)) }()
	}
	if err != nil {
		return err
	}
	ready, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Printf("It is %s. A device opens it with\n", ready.Status)
	fmt.Printf("  session id         %s\n", ready.ID)
	fmt.Printf("  account id         %s\n", service.account.ID)
	fmt.Printf("  account domain     %s\n", service.account.Domain)
	fmt.Printf("  rendering domain   %s\n", client.RenderingDomain())
	fmt.Printf(
		"  access token       opens the whole account, so it is not shown; examples/tokenbroker hands it out\n",
	)
	return nil
}

// stopSession takes its own time: the context of the program may have ended by Ctrl-C.
func stopSession(ctx context.Context, client *arr.SessionsClient, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	_, err := client.Stop(ctx, id, nil)
	if errors.Is(err, arr.ErrNotFound) {
		return nil // the create never took effect
	}
	if err != nil {
		return fmt.Errorf(
			"session %s may still run and cost money, at most until its lease ends; stop it by other means: %w",
			id,
			err,
		)
	}
	fmt.Printf("Stopped session %s\n", id)
	return nil
}
