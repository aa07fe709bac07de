// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"sync"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// takesIDs makes the check for the ids that a command takes.
func takesIDs(least, most int) cobra.PositionalArgs {
	return takes(argument{name: "ID", what: "the id of a session", check: checkID, least: least, most: most})
}

// checkID refuses what is not a session id. The client checks too, but by then a command may have
// sent requests about other sessions.
func checkID(id string) error {
	switch reason := naming.CheckID(id); {
	case reason == "":
		return nil
	case id == "" || len(id) > naming.MaxIDLength:
		return usagef("the session id %s", reason)
	default:
		return usagef("session id %q %s", id, reason)
	}
}

// atOnce is how many sessions a command works on at the same time.
const atOnce = 8

// forEach does something for each id, for some of them at the same time, and goes on after a
// failure.
func forEach(ctx context.Context, ids []string, do func(context.Context, string) error) error {
	return forEachOf(ctx, ids, atOnce, do)
}

// forEachOf does the same for so many at the same time.
func forEachOf(
	ctx context.Context,
	ids []string,
	most int,
	do func(context.Context, string) error,
) error {
	results := make([]error, len(ids))
	var workers sync.WaitGroup
	places := make(chan struct{}, most)
	for i, id := range ids {
		places <- struct{}{}
		workers.Go(func() {
			defer func() { <-places }()
			results[i] = do(ctx, id)
		})
	}
	workers.Wait()
	var failures failure.Several
	for _, err := range results {
		if err != nil {
			failures = append(failures, failure.WithSignal(ctx, err))
		}
	}
	return failures.OrNil()
}
