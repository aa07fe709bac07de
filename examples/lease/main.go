// SPDX-License-Identifier: MIT

// Lease holds a rendering session for one device, with package lease. It adopts the session of an
// earlier run or creates one, waits until it is Ready, keeps it alive while the device gives signs
// of life, and stops it.
//
// Without settings it uses an emulator in this process, and ends after about ten seconds. To use a
// service, set ARR_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, and ARR_ACCOUNT_DOMAIN or
// ARR_STS_ENDPOINT.
//
//	go run ./examples/lease
//	go run ./examples/lease -alive 0                  # the device lives until Ctrl-C
//	go run ./examples/lease -session session.txt      # the next run adopts it after a crash
//
// Ctrl-C stops the session, even while it is starting, and the program ends with status 130. The
// status is 1 if something failed or if the session could not be stopped; the error names the
// session.
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
		"`file` with the session id; a session that it names is adopted, and a new id is written to it",
	)
	alive := flag.Duration(
		"alive",
		6*time.Second,
		"how long the device sends heartbeats; 0 means until Ctrl-C",
	)
	idle := flag.Duration(
		"idle",
		4*time.Second,
		"without a heartbeat for this long, the session is stopped; at least 2s",
	)
	printToken := flag.Bool(
		"print-token",
		false,
		"print the access token, which gives access to the whole account",
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

// exitCode is 0 if the device has used its session and left, 130 after Ctrl-C, as shells expect,
// and 1 after a failure. A session that may still run and be billed is always a failure.
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
