// SPDX-License-Identifier: MIT

package process

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	defaultHostname       = "127.0.0.1"
	defaultStartupTimeout = 5 * time.Minute
	defaultStopGrace      = 5 * time.Second
)

// Options says what to start for a session. Command is required.
type Options struct {
	// Command is the program and its arguments, with names in braces that are replaced: see the
	// package documentation. The program is looked up in PATH if its name contains no path
	// separator. See [ParseCommand] for a command in one string.
	Command []string

	// Hostname is what sessions show as their host: a name or an IP address by which devices reach
	// this machine, without a port. The default is 127.0.0.1.
	Hostname string

	// StartupTimeout is how long a program may take until it accepts a connection; then the session
	// is in state Error and the program is ended. The default is 5 minutes.
	StartupTimeout time.Duration

	// StopGrace is how long a program may take to end after it was asked to, before it is killed.
	// The default is 5 seconds.
	StopGrace time.Duration

	// Output receives what programs write to their standard output and standard error, line by
	// line, each line in one Write and preceded by the id of the session in brackets. Lines over 64
	// KiB are divided. Writes come one at a time; one that blocks holds up the programs. Errors are
	// ignored. The default is to discard it all.
	Output io.Writer

	// Logger receives a record for each start and each end of a program, with session, account,
	// region, size, process id and port, but neither arguments nor environment. The default is
	// silence.
	Logger *slog.Logger
}

// New returns a backend. It starts nothing. The error says which option it cannot work with.
// Whether there is such a program shows in the sessions.
func New(options Options) (*Backend, error) {
	if options.Hostname == "" {
		options.Hostname = defaultHostname
	}
	if options.StartupTimeout == 0 {
		options.StartupTimeout = defaultStartupTimeout
	}
	if options.StopGrace == 0 {
		options.StopGrace = defaultStopGrace
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	options.Command = slices.Clone(options.Command)
	if err := options.check(); err != nil {
		return nil, err
	}
	return &Backend{options: options, live: make(map[*server]struct{})}, nil
}

func (o Options) check() error {
	switch {
	case len(o.Command) == 0 || o.Command[0] == "":
		return errors.New("process: Options.Command names no program")
	case strings.Contains(o.Command[0], "{session}"):
		return errors.New(
			"process: Options.Command: the program must not depend on {session}, which any client may choose",
		)
	case net.ParseIP(o.Hostname) == nil && strings.ContainsAny(o.Hostname, " \t\r\n:/[]"):
		return fmt.Errorf(
			"process: Options.Hostname %q is neither a host name nor an IP address (a port is not part of it)",
			o.Hostname,
		)
	case o.StartupTimeout < 0:
		return fmt.Errorf("process: Options.StartupTimeout %v is negative", o.StartupTimeout)
	case o.StopGrace < 0:
		return fmt.Errorf("process: Options.StopGrace %v is negative", o.StopGrace)
	}
	for _, word := range o.Command {
		if _, err := expand(word, values{}.byName()); err != nil {
			return fmt.Errorf("process: Options.Command: %w", err)
		}
	}
	return nil
}
