// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

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
	l.Touch() // whenever the device gives a sign of life
	if err := pool.Return(l); err != nil {
		log.Fatal(err)
	}
	fmt.Println(context.Cause(l.Context()))
	// Output:
	// Ready true
	// the lease was released
}
