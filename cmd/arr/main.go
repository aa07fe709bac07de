// SPDX-License-Identifier: MIT

// Arr is the command line of Azure Remote Rendering: sessions, access tokens, regions, and the
// emulator of the service. docs/cli has its manual.
//
//	go run ./cmd/arr --help
//	go run ./cmd/arr session create --emulator
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

func main() {
	outliveReaders()
	ctx, end := untilSignal(context.Background())
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	end()
	os.Exit(code)
}

// outliveReaders makes writing to a pipe that nobody reads any more an error like others. Left to
// itself it would kill the program on the spot, and a session that a create waits for would go on
// and be billed.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// untilSignal returns a context that SIGINT, SIGTERM, SIGQUIT and SIGHUP end, with the signal as
// its cause. After the first signal, SIGINT, SIGTERM and SIGQUIT end the program at once. A second
// SIGHUP does not: the shell of a closed terminal sends one, and the system sends another when that
// shell ends. An inherited ignored SIGHUP, as from nohup, stays ignored.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals, hangups := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangups, syscall.SIGHUP)
	}
	go func() {
		var s os.Signal
		select {
		case s = <-signals:
		case s = <-hangups:
		case <-ctx.Done():
			return
		}
		signal.Stop(signals)
		cancel(failure.Signal{Signal: s})
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(hangups)
		cancel(context.Canceled)
	}
}
