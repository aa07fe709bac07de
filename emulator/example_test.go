// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// A client whose requests stay in memory: the shortest way to a service in a test.
func Example() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	poller, err := client.BeginCreate(ctx, "demo", azremoterendering.CreateSessionSettings{
		Size:         azremoterendering.SessionSizeStandard,
		MaxLeaseTime: 10 * time.Minute,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(poller.Session().Status)
	session, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Status, session.MaxLeaseTime)
	// Output:
	// Starting
	// Ready 10m0s
}

// What a test asserts at its end, one line each: one create, and nothing left running. Reset makes
// the emulator as good as new for the next test.
func ExampleEmulator_Requests() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	_, err = client.BeginCreate(ctx, "demo", azremoterendering.CreateSessionSettings{
		Size:         azremoterendering.SessionSizeStandard,
		MaxLeaseTime: 10 * time.Minute,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Requests("create")), len(service.RunningSessions()))
	if _, err = client.Stop(ctx, "demo", nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Requests("create")), len(service.RunningSessions()))

	if err = service.Reset(emulator.Scope{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(service.Requests()), len(service.Sessions()))
	// Output:
	// 1 1
	// 1 0
	// 0 0
}

// A lease of half an hour is over at once.
func ExampleEmulator_Clock() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	_, err = client.BeginCreate(ctx, "demo", azremoterendering.CreateSessionSettings{
		Size:         azremoterendering.SessionSizeStandard,
		MaxLeaseTime: 30 * time.Minute,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := service.Clock().Advance(31 * time.Minute); err != nil {
		log.Fatal(err)
	}
	got, err := client.Get(ctx, "demo", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Session.Status)
	// Output: Expired
}

// On a socket, programs in any language can use the emulator. A Go client gets the address twice,
// as endpoint and as STS endpoint, and has to be told that http is good enough.
func ExampleEmulator_Listen() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	server, err := service.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	client, err := azremoterendering.NewSessionsClientWithKeyCredential(
		server.URL,
		service.Account(),
		azcore.NewKeyCredential(service.Key()),
		&azremoterendering.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true},
			STSEndpoint:   server.URL,
		},
	)
	if err != nil {
		log.Fatal(err)
	}
	sessions := 0
	for _, err := range client.All(context.Background(), nil) {
		if err != nil {
			log.Fatal(err)
		}
		sessions++
	}
	fmt.Println(sessions, "sessions")
	// Output: 0 sessions
}

// SetStatus does to a session what a test cannot wait for.
func ExampleEmulator_SetStatus() {
	service, err := emulator.New(
		emulator.Options{StartupTime: emulator.FixedStartup(3 * time.Minute)},
	)
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	poller, err := client.BeginCreate(ctx, "demo", azremoterendering.CreateSessionSettings{
		Size:         azremoterendering.SessionSizePremium,
		MaxLeaseTime: time.Hour,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}

	if err := service.SetStatus("demo", azremoterendering.SessionStatusError); err != nil {
		log.Fatal(err)
	}
	if _, err := poller.Poll(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(poller.Session().Status, "-", poller.Session().Error.Message)
	// Output: Error - The session failed to start.
}

// Decisions show how a program copes where the service is undocumented.
func ExampleDecisions() {
	service, err := emulator.New(emulator.Options{
		Decisions: emulator.Decisions{
			AbsentValues:    emulator.AbsentNull,
			StopEndedStatus: http.StatusNotFound,
			PageSize:        2,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(service.Account().Domain)
	// Output: westeurope.mixedreality.azure.com
}

// An Emulator is a handler for any server.
func ExampleEmulator_ServeHTTP() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()

	resp, err := http.Get(
		server.URL + "/accounts/" + service.Account().ID + "/sessions?api-version=2021-01-01",
	)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.Header.Get("WWW-Authenticate"))
	// Output: 401 Unauthorized Bearer error="invalid_token"
}

func ExampleEmulator_Inject() {
	service, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	// The answer to one creation is lost, after it took effect.
	if _, err := service.Inject(
		emulator.Fault{Operation: "create", Drop: emulator.DropAfter, Count: 1},
	); err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	poller, err := client.BeginCreate(
		context.Background(),
		"demo",
		azremoterendering.CreateSessionSettings{
			Size:         azremoterendering.SessionSizeStandard,
			MaxLeaseTime: time.Hour,
		},
		nil,
	)
	// the client asked again, and met the session that its first try had made
	fmt.Println(err, poller.Created())
	// Output: <nil> false
}
