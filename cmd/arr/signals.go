// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// outliveReaders makes writing to a pipe that nobody reads any more an error like others. The
// default action of SIGPIPE would kill the program, and leave the session running that a create
// waits for.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// untilSignal returns a context that SIGINT, SIGTERM, SIGQUIT and SIGHUP end, with the signal as
// its cause. After the first signal, SIGINT, SIGTERM and SIGQUIT end the program at once, and what
// open holds is written to out. A second SIGHUP does not: the shell of a closed terminal sends one,
// and the system sends another when that shell ends. An inherited ignored SIGHUP, as from nohup,
// stays ignored.
func untilSignal(parent context.Context, open *unfinished, out io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals, hangups := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangups, syscall.SIGHUP)
	}
	ended := make(chan struct{})
	go func() {
		var s os.Signal
		select {
		case s = <-signals:
		case s = <-hangups:
		case <-ended:
			return
		}
		open.interrupted()
		cancel(failure.Signal{Signal: s})
		for {
			select {
			case s = <-signals:
				open.endNow(out, s)
			case <-ended:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(hangups)
		close(ended)
		cancel(context.Canceled)
	}
}
