// SPDX-License-Identifier: MIT

package process

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

const (
	defaultHostname       = "127.0.0.1"
	defaultStartupTimeout = 5 * time.Minute
	defaultStopGrace      = 5 * time.Second
)

// Options configures a [Backend]. Command is required.
type Options struct {
	// Command is the program and its arguments, with names in braces that are replaced: see the
	// package documentation. The program is looked up in PATH if its name contains no path
	// separator. See [ParseCommand] for a command in one string.
	Command []string

	// Hostname is the host that sessions show: a name or an IP address by which devices reach this
	// machine, without a port. The default is 127.0.0.1.
	Hostname string

	// StartupTimeout is how long a program may take to accept a connection. After that the session
	// is in state Error and the program is ended. The default is 5 minutes.
	StartupTimeout time.Duration

	// StopGrace is the time between the request to end and the kill. The default is 5 seconds.
	StopGrace time.Duration

	// Output receives what programs write to standard output and standard error: one Write for each
	// line, which begins with the id of the session in brackets. Lines over 64 KiB are divided.
	// Writes are never concurrent; one that blocks blocks the programs. Errors are ignored. The
	// default discards all output.
	Output io.Writer

	// Logger receives a record for each start and each end of a program, with session, account,
	// region, size, process id and port, but neither arguments nor environment. The default
	// discards all.
	Logger *slog.Logger
}

// New returns a backend. It starts nothing: a program that does not exist is reported by the
// sessions. An error is an [azremoterendering.InvalidArgumentError].
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
		return invalid("Options.Command", "", "names no program")
	case strings.Contains(o.Command[0], "{session}"):
		return invalid("Options.Command", "",
			"has a program that must not depend on {session}, which any client may choose")
	case net.ParseIP(o.Hostname) == nil && strings.ContainsAny(o.Hostname, " \t\r\n:/[]"):
		return invalid("Options.Hostname", o.Hostname,
			"is neither a host name nor an IP address; give it without a port")
	case o.StartupTimeout < 0:
		return invalid("Options.StartupTimeout", o.StartupTimeout.String(), "is negative")
	case o.StopGrace < 0:
		return invalid("Options.StopGrace", o.StopGrace.String(), "is negative")
	}
	for _, word := range o.Command {
		if _, err := expand(word, values{}.byName()); err != nil {
			return invalid("Options.Command", "", "has a malformed argument: "+err.Error())
		}
	}
	return nil
}

func invalid(name, value, reason string) error {
	return fmt.Errorf("process: %w",
		&azremoterendering.InvalidArgumentError{Name: name, Value: value, Reason: reason})
}
