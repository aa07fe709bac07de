// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

const firstArgument = "first"

// measureFirst compares how long a program takes from its start to its first answer: it loads its
// code, exchanges the account key for an access token, and gets a session.
func measureFirst(ctx context.Context, s settings) (table, error) {
	t := table{
		title:  "From the start of a program to its first answer",
		note:   "Elapsed time of a new process, with the exchange of the account key.",
		header: []string{"Client", "Time", "Ratio"},
	}
	server, err := start(ctx, true)
	if err != nil {
		return t, err
	}
	defer server.end()
	program, err := os.Executable()
	if err != nil {
		return t, err
	}
	address, err := json.Marshal(server)
	if err != nil {
		return t, err
	}
	variants := officialStarts(ctx, server, s)
	for _, name := range []string{"azremoterendering", "azcore pipeline", "net/http"} {
		variants = append(variants, ofProcess(name, func() *exec.Cmd {
			return exec.CommandContext(ctx, program, firstArgument, name, string(address))
		}))
	}
	costs, err := inTurn(ctx, s.rounds, 2, variants)
	if err != nil {
		return t, err
	}
	t.compare(variants, costs)
	return t, nil
}

// ofProcess is a variant whose cost is the time that a new process takes.
func ofProcess(name string, command func() *exec.Cmd) variant {
	return variant{name, func(_ context.Context, calls int) (time.Duration, error) {
		began := time.Now()
		for range calls {
			if output, err := command().CombinedOutput(); err != nil {
				return 0, fmt.Errorf("%w: %s", err, output)
			}
		}
		return time.Since(began), nil
	}}
}

// first is the process that is measured.
func first(args []string) error {
	if len(args) != 2 {
		return errors.New("want the name of a client and a server")
	}
	var server running
	if err := json.Unmarshal([]byte(args[1]), &server); err != nil {
		return err
	}
	var err error
	if server.trust, err = readPool(server.CAFile); err != nil {
		return err
	}
	ctx := context.Background()
	transport := server.transport()
	var session flatSession
	switch args[0] {
	case "azremoterendering":
		client, err := newClient(&server, transport)
		if err != nil {
			return err
		}
		got, err := client.Get(ctx, "demo", nil)
		if err != nil {
			return err
		}
		session.ID = got.ID
	case "azcore pipeline":
		get, err := pipelineGet(&server, transport)
		if err != nil {
			return err
		}
		if err := get(ctx, server.session(), &session); err != nil {
			return err
		}
	default:
		var answer struct{ AccessToken string }
		err := plainGet(ctx, transport, server.URL+"/Accounts/"+accountID+"/token",
			accountID+":"+accountKey, &answer)
		if err != nil {
			return err
		}
		err = plainGet(ctx, transport, server.session(), answer.AccessToken, &session)
		if err != nil {
			return err
		}
	}
	if session.ID != "demo" {
		return errOther
	}
	return nil
}
