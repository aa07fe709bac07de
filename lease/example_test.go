// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// newClient returns a client of an emulator in memory, whose sessions are Ready at once.
func newClient() *arr.SessionsClient {
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

func ExampleAcquire() {
	client := newClient() // in a program, of arr.NewSessionsClient
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	l, err := lease.Acquire(ctx, client, lease.AcquireOptions{
		IDPrefix: "show-",
		Sizes:    []arr.SessionSize{arr.SessionSizeStandard, arr.SessionSizePremium},
	})
	if err != nil {
		log.Fatal(err) // nothing is left running
	}
	defer func() {
		if err := l.Release(context.WithoutCancel(ctx)); err != nil {
			log.Print(err) // it names the session that is still billed
		}
	}()
	fmt.Println(l.Session().Status, l.Session().Size)

	select {
	case <-l.Context().Done():
		log.Print(context.Cause(l.Context())) // the session is gone
	case <-time.After(time.Millisecond):
		// the program has done its work
	}
	// Output: Ready Standard
}

// create creates a session, as another program would.
func create(client *arr.SessionsClient, id string) {
	settings := arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: time.Hour}
	if _, err := client.BeginCreate(context.Background(), id, settings, nil); err != nil {
		log.Fatal(err)
	}
}

// A session that the program held before it was restarted is adopted, if it still runs.
func ExampleAcquire_adopt() {
	ctx, client := context.Background(), newClient()
	create(client, "saved") // by the earlier run, which noted the id

	l, err := lease.Acquire(ctx, client, lease.AcquireOptions{SessionID: "saved", IDPrefix: "show-"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Session().ID)
	if err := l.Release(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: saved
}

// A device that stays silent for two minutes has left.
func ExampleLease_Touch() {
	ctx, client := context.Background(), newClient()
	create(client, "demo")
	l, err := lease.Acquire(
		ctx,
		client,
		lease.AcquireOptions{SessionID: "demo", IdleTimeout: 2 * time.Minute},
	)
	if err != nil {
		log.Fatal(err)
	}
	heartbeat := func() { l.Touch() } // called for each message of the device
	heartbeat()
	if err := l.Release(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(context.Cause(l.Context()), lease.ErrReleased))
	// Output: true
}

func ExampleKeepAlive() {
	ctx, cancel := context.WithCancel(context.Background())
	client := newClient()
	create(client, "demo")

	ended := make(chan error)
	go func() {
		ended <- lease.KeepAlive(ctx, client, "demo", lease.KeepAliveOptions{MaxLeaseTime: 8 * time.Hour})
	}()
	cancel() // the work is done
	fmt.Println(errors.Is(<-ended, context.Canceled))
	// Output: true
}

func ExampleExtend() {
	ctx, client := context.Background(), newClient()
	create(client, "demo")
	session, err := lease.Extend(ctx, client, "demo", 2*time.Hour)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.MaxLeaseTime >= 2*time.Hour)
	// Output: true
}

func ExampleStopAll() {
	ctx, client := context.Background(), newClient()
	for range 3 {
		create(client, "show-"+arr.NewSessionID())
	}
	stopped, err := lease.StopAll(ctx, client, lease.StopAllOptions{Prefix: "show-"})
	if err != nil {
		log.Fatal(err) // it names the sessions that could not be stopped
	}
	fmt.Println(len(stopped), "stopped")
	// Output: 3 stopped
}

func ExampleWatcher() {
	ctx, client := context.Background(), newClient()
	watcher, err := lease.NewWatcher(client, lease.WatcherOptions{Interval: 10 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer watcher.Close()
	create(client, "demo")
	session, err := watcher.Wait(ctx, "demo") // hundreds of goroutines may wait at once
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.ID, session.Status)

	for change, err := range watcher.Changes(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q, then %q\n", change.After.ID, change.Before.Status, change.After.Status)
		break
	}
	// Output:
	// demo Ready
	// demo: "", then "Ready"
}

// A service keeps a session warm. A device gets it at once, and returns it for the next one.
func ExamplePool() {
	service, err := emulator.New(emulator.Options{}) // the service itself in production
	if err != nil {
		log.Fatal(err)
	}
	client, err := service.SessionsClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()

	pool, err := lease.NewPool(client, lease.PoolOptions{
		IDPrefix:    "show-",
		Warm:        1,
		Max:         10,
		Budget:      100 * time.Hour,
		IdleTimeout: 5 * time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close(ctx)

	l, err := pool.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	atLeast, _ := l.Remaining()
	fmt.Println(l.Session().Status, atLeast >= 10*time.Minute)
	l.Touch() // whenever the device sends a heartbeat
	if err := pool.Return(l); err != nil {
		log.Fatal(err)
	}
	fmt.Println(context.Cause(l.Context()))
	// Output:
	// Ready true
	// the lease was released
}
