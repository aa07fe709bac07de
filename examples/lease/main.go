// SPDX-License-Identifier: MIT

// Lease holds a rendering session for one device, with package lease: it takes up the session of an
// earlier run or creates one, waits until it is Ready, keeps its lease for as long as the device
// shows signs of life, and stops it.
//
// It runs as it is, and ends by itself after some ten seconds: unless the environment names a
// service, it talks to the emulator, in memory. To talk to a service, set ARR_ENDPOINT,
// ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, and ARR_ACCOUNT_DOMAIN or ARR_STS_ENDPOINT.
//
//	go run ./examples/lease
//	go run ./examples/lease -alive 0                  # the device lives until Ctrl-C
//	go run ./examples/lease -session session.txt      # the file remembers the session, should the program crash
//
// Ctrl-C stops the session, also while it is still starting, and the program ends with status 130.
// The status is 1 if something failed, and if the session could not be stopped: the error names it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/arr-go/azremoterendering/lease"
)

func main() {
	file := flag.String(
		"session",
		"",
		"`file` that holds the id of the session; what it names is taken up, and it is written when there is another",
	)
	alive := flag.Duration(
		"alive",
		6*time.Second,
		"how long the device shows signs of life; 0 is until Ctrl-C",
	)
	idle := flag.Duration(
		"idle",
		4*time.Second,
		"how long the device may be silent before its session is stopped; 2s at least",
	)
	printToken := flag.Bool(
		"print-token",
		false,
		"print the access token, which opens the whole account",
	)
	flag.Parse()
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	context.AfterFunc(ctx, restore) // a second Ctrl-C ends the program at once

	if *idle < 2*heartbeat || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	service, err := findService(os.Stdout)
	if err == nil {
		d := &device{
			service:    service,
			file:       sessionFile(*file),
			alive:      *alive,
			idle:       *idle,
			printToken: *printToken,
			out:        os.Stdout,
		}
		err = d.use(ctx)
	}
	code := exitCode(ctx, err)
	if code == 1 {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// exitCode is 0 if the device has had its session and left, 130 after Ctrl-C, as shells expect, and
// 1 if something failed. A session that may still run and cost money is a failure, however the
// program came to its end.
func exitCode(ctx context.Context, err error) int {
	_, notStopped := errors.AsType[*lease.NotStoppedError](err)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && !notStopped:
		return 130
	default:
		return 1
	}
}
