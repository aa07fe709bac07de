// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// newExampleClient returns a client of a new emulator. Yours comes from
// NewSessionsClientWithKeyCredential or one of its siblings.
func newExampleClient() *azremoterendering.SessionsClient {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func ExampleNewSessionsClientWithKeyCredential() {
	account := azremoterendering.Account{
		ID:     "00000000-1111-2222-3333-444455556666",
		Domain: "westeurope.mixedreality.azure.com",
	}
	client, err := azremoterendering.NewSessionsClientWithKeyCredential(
		azremoterendering.RegionWestEurope.Endpoint(),
		account,
		azcore.NewKeyCredential("the account key"),
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Endpoint())
	// Output: https://remoterendering.westeurope.mixedreality.azure.com
}

func ExampleNewSessionsClientWithAccessToken() {
	cred, err := azremoterendering.NewStaticAccessToken("eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl")
	if err != nil {
		log.Fatal(err)
	}
	_, err = azremoterendering.NewSessionsClientWithAccessToken(
		azremoterendering.RegionWestEurope.Endpoint(),
		"00000000-1111-2222-3333-444455556666",
		cred,
		nil,
	)
	fmt.Println(err, cred)
	// Output: <nil> StaticAccessToken(REDACTED)
}

func ExampleSessionsClient_BeginCreate() {
	client := newExampleClient()
	ctx := context.Background()

	poller, err := client.BeginCreate(ctx, "demo", azremoterendering.CreateSessionSettings{
		Size:         azremoterendering.SessionSizeStandard,
		MaxLeaseTime: 30 * time.Minute,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	ready, err := poller.PollUntilDone(ctx, &azremoterendering.PollUntilDoneOptions{
		Frequency: time.Millisecond, // leave it out for the real service
		Progress:  func(session azremoterendering.Session) { fmt.Println(session.Status) },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ready.ID, ready.Size, ready.MaxLeaseTime)
	// Output:
	// Starting
	// Ready
	// demo Standard 30m0s
}

func ExampleSessionsClient_BeginWait() {
	client := newExampleClient()
	ctx := context.Background()
	_, err := client.BeginCreate(
		ctx,
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}

	// Another process, which knows only the id of the session:
	poller, err := client.BeginWait(ctx, "demo", nil)
	if err != nil {
		log.Fatal(err)
	}
	ready, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ready.Status, poller.Created())
	// Output: Ready false
}

func ExampleSessionPoller_ResumeToken() {
	client := newExampleClient()
	ctx := context.Background()
	settings := azremoterendering.CreateSessionSettings{Size: "Premium", MaxLeaseTime: time.Hour}
	poller, err := client.BeginCreate(ctx, "demo", settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	token, err := poller.ResumeToken() // keep it, end the program, start it again …
	if err != nil {
		log.Fatal(err)
	}

	poller, err = client.BeginCreate(
		ctx,
		"demo",
		settings,
		&azremoterendering.BeginCreateSessionOptions{ResumeToken: token},
	)
	if err != nil {
		log.Fatal(err)
	}
	ready, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ready.Status)
	// Output: Ready
}

func ExampleSessionsClient_Get() {
	client := newExampleClient()
	ctx := context.Background()
	_, err := client.Get(ctx, "demo", nil)
	fmt.Println(errors.Is(err, azremoterendering.ErrNotFound))

	_, err = client.BeginCreate(
		ctx,
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}
	session, err := client.Get(ctx, "demo", nil)
	if err != nil {
		log.Fatal(err)
	}
	atLeast, atMost := session.RemainingLease()
	fmt.Println(session.Status, atLeast, atMost)
	// Output:
	// true
	// Ready 59m0s 1h0m0s
}

func ExampleSessionsClient_Update() {
	client := newExampleClient()
	ctx := context.Background()
	_, err := client.BeginCreate(
		ctx,
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}

	// The lease is a total since Ready, not an extension.
	session, err := client.Update(
		ctx,
		"demo",
		azremoterendering.UpdateSessionSettings{MaxLeaseTime: 90 * time.Minute},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.MaxLeaseTime)

	_, err = client.Update(
		ctx,
		"demo",
		azremoterendering.UpdateSessionSettings{MaxLeaseTime: 30 * time.Minute},
		nil,
	)
	fmt.Println(errors.Is(err, azremoterendering.ErrLeaseNotExtended))
	// Output:
	// 1h30m0s
	// true
}

func ExampleSessionsClient_Stop() {
	client := newExampleClient()
	ctx, cancel := context.WithCancel(context.Background())
	_, err := client.BeginCreate(
		ctx,
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}
	cancel() // as by Ctrl-C

	// A session must be stopped even if the program's own context has ended.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, err := client.Stop(ctx, "demo", nil); err != nil {
		log.Fatal(err)
	}
	session, err := client.Get(ctx, "demo", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Status)
	// Output: Stopped
}

func ExampleSessionsClient_All() {
	client := newExampleClient()
	ctx := context.Background()
	for _, id := range []string{"one", "two", "three"} {
		_, err := client.BeginCreate(
			ctx,
			id,
			azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
			nil,
		)
		if err != nil {
			log.Fatal(err)
		}
	}
	for session, err := range client.All(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(session.ID, session.Status)
	}
	// Output:
	// one Ready
	// two Ready
	// three Ready
}

func ExampleSessionsClient_NewListPager() {
	client := newExampleClient()
	ctx := context.Background()
	_, err := client.BeginCreate(
		ctx,
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}
	for pager := client.NewListPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Sessions), page.NextLink == "")
	}
	// Output: 1 true
}

func ExampleTokenClient_GetToken() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	tokens, err := azremoterendering.NewTokenClientWithKeyCredential(
		service.Account(),
		azcore.NewKeyCredential(service.Key()),
		&azremoterendering.TokenClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: service.Transport()},
		},
	)
	if err != nil {
		log.Fatal(err)
	}
	token, err := tokens.GetToken(context.Background(), policy.TokenRequestOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(token.ExpiresOn).Round(time.Minute))
	// Output: 24h0m0s
}

func ExampleServiceError() {
	client := newExampleClient()
	_, err := client.BeginCreate(
		context.Background(),
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Tiny", MaxLeaseTime: time.Hour},
		nil,
	)

	if refused, ok := errors.AsType[*azremoterendering.ServiceError](err); ok {
		fmt.Println(refused.StatusCode, refused.Code, refused.Message)
	}
	// Output: 400 BadRequest Can't specify this VM size: Tiny
}

func ExampleSessionEndedError() {
	service, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	poller, err := client.BeginCreate(
		ctx,
		"demo",
		azremoterendering.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
		nil,
	)
	if err != nil {
		log.Fatal(err)
	}
	// no server available
	if err := service.SetStatus("demo", azremoterendering.SessionStatusError); err != nil {
		log.Fatal(err)
	}

	_, err = poller.PollUntilDone(
		ctx,
		&azremoterendering.PollUntilDoneOptions{Frequency: time.Millisecond},
	)
	if ended, ok := errors.AsType[*azremoterendering.SessionEndedError](err); ok {
		fmt.Println(ended.Session.ID, ended.Session.Status)
	}
	// Output: demo Error
}
