// SPDX-License-Identifier: MIT

// Package failure turns errors into what a user of the command line is told: an exit code and two
// lines.
package failure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"syscall"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/blobaccess"
	"github.com/arr-go/azremoterendering/lease"
)

// The exit codes.
const (
	OK          = 0
	Other       = 1
	Usage       = 2
	Refused     = 3
	NotFound    = 4
	Ended       = 5
	Timeout     = 6
	Throttled   = 7
	Unknown     = 8
	Conflict    = 9
	NoExec      = 126
	NoCommand   = 127
	Interrupted = 130
	Unread      = 141
	Terminated  = 143
)

// Manual is the table of exit codes.
const Manual = `Every command ends with one of these exit codes:

    0  success
    1  another failure, such as an unreachable network or a service fault
    2  a mistake in the command line, the settings or an argument; no request was sent
    3  sign-in refused: 401 or 403, of the service or of storage, or the credential gave no access token
    4  not found: no such session or conversion in this account and region, or no such container or blob
    5  the session has ended, in state Error, Expired or Stopped, and will never be Ready; or the
       conversion has ended, in state Failed or Cancelled
    6  timeout: --timeout has passed
    7  throttled: 429, too many requests
    8  outcome unknown: a create, update or stop may have taken effect, but no answer says so
    9  conflict: the id is taken with other settings (409), or the lease was not extended (422)
  126  arr run: the command cannot be executed
  127  arr run: there is no such command
  130  interrupted by Ctrl-C (SIGINT)
  141  nobody reads the results any more: the pipe was closed, for example by head
  143  ended by SIGTERM; another signal n is 128+n

After a first signal, a command stops what it created, which may take 30 seconds, and says so. A second
signal n ends arr at once, with 128+n. It says which sessions may keep running and how to stop them.

arr run ends with the exit code of its command, and with 128+n if signal n ended it. The codes above
are its own only if the command was not started, with 5 if the session ended before the command, and
if the command ended with 0 and the session could not be stopped.

If several codes apply, the first of these wins: that of a signal, 141, 8, 5, 6, 3, 4, 7, 9, 2. A
command for several sessions continues after a failure. Its exit code is 128+n or 8 if one of the
failures has that code; otherwise the code of all failures if they agree, or 1. arr emulator ends with
0 after SIGINT, SIGTERM, SIGQUIT and SIGHUP.

An error is two lines on standard error: what failed, with the session id and the correlation vector
(MS-CV) if there are any, and what to do. docs/troubleshooting.md explains each error.`

// Signal is the cause of a context that a signal has ended.
type Signal struct{ os.Signal }

func (s Signal) Error() string {
	switch s.Signal {
	case os.Interrupt:
		return "interrupted"
	case syscall.SIGTERM:
		return "ended by SIGTERM"
	case syscall.SIGHUP:
		return "ended by SIGHUP"
	case syscall.SIGQUIT:
		return "ended by SIGQUIT"
	default:
		return "ended by signal " + s.Signal.String()
	}
}

// Is makes a signal a kind of [context.Canceled]: it is the cause of a context that was canceled.
func (s Signal) Is(target error) bool { return target == context.Canceled }

func (s Signal) code() int {
	if number, ok := s.Signal.(syscall.Signal); ok {
		return SignalBase + int(number)
	}
	return Interrupted
}

// SignalBase is what shells add to the number of the signal that has ended a program.
const SignalBase = 128

// Exit is how a command ended that arr has run, or why it could not be run. Without Err there is
// nothing to report, because the command has reported its failure itself.
type Exit struct {
	Code int
	Err  error
}

func (e *Exit) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("the command ended with exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *Exit) Unwrap() error { return e.Err }

// Code returns the exit code that stands for an error.
func Code(err error) int {
	if err == nil {
		return OK
	}
	if several, ok := errors.AsType[Several](err); ok {
		return several.code()
	}
	if exit, ok := errors.AsType[*Exit](err); ok {
		return exit.Code
	}
	if signal, ok := errors.AsType[Signal](err); ok {
		return signal.code()
	}
	if unwritten, ok := asUnwritten(err); ok && errors.Is(unwritten, syscall.EPIPE) {
		return Unread
	}
	if errors.Is(err, lease.ErrExpired) || errors.Is(err, lease.ErrStopped) {
		return Ended // also if it is over because nobody knows whether its lease was extended
	}
	if errors.Is(err, arr.ErrOutcomeUnknown) {
		return Unknown
	}
	if _, ok := errors.AsType[*arr.SessionEndedError](err); ok {
		return Ended
	}
	if _, ok := errors.AsType[*arr.ConversionFailedError](err); ok {
		return Ended
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	return refusal(err)
}

// asUnwritten returns the error of a file, such as standard output, that could not be written.
// Those of connections are others.
func asUnwritten(err error) (*fs.PathError, bool) {
	path, ok := errors.AsType[*fs.PathError](err)
	return path, ok && path.Op == "write"
}

// refusal returns the code of what a service or this program has refused.
func refusal(err error) int {
	authentication, failed := errors.AsType[*arr.AuthenticationError](err)
	blob, ofStorage := errors.AsType[*blobaccess.Error](err)
	_, mistaken := errors.AsType[*UsageError](err)
	switch {
	case errors.Is(err, arr.ErrUnauthorized), errors.Is(err, arr.ErrForbidden):
		return Refused
	case failed && (authentication.Stage != arr.StageTokenExchange ||
		authentication.StatusCode == http.StatusBadRequest):
		return Refused
	case ofStorage && blob.Denied():
		return Refused
	case errors.Is(err, arr.ErrNotFound), ofStorage && blob.NotFound():
		return NotFound
	case errors.Is(err, arr.ErrThrottled),
		ofStorage && blob.StatusCode == http.StatusTooManyRequests:
		return Throttled
	case errors.Is(err, arr.ErrConflict), errors.Is(err, arr.ErrLeaseNotExtended):
		return Conflict
	case mistaken, errors.Is(err, arr.ErrInvalidArgument):
		return Usage
	default:
		return Other
	}
}

// UsageError is a mistake in the command line or in the settings.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a [UsageError].
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Several are the failures of a command that works on several sessions.
type Several []error

func (s Several) Error() string   { return errors.Join(s...).Error() }
func (s Several) Unwrap() []error { return s }

// OrNil returns nil if there are no failures, and the failure itself if there is one.
func (s Several) OrNil() error {
	switch len(s) {
	case 0:
		return nil
	case 1:
		return s[0]
	default:
		return s
	}
}

func (s Several) code() int {
	codes := make([]int, len(s))
	for i, err := range s {
		codes[i] = Code(err)
	}
	// The end by a signal, and an outcome that may still be billed, take precedence over other
	// failures.
	first := []int{Interrupted, Terminated}
	for _, code := range codes {
		if code > SignalBase && code != Unread {
			first = append(first, code)
		}
	}
	for _, code := range append(first, Unread, Unknown) {
		if slices.Contains(codes, code) {
			return code
		}
	}
	if slices.ContainsFunc(codes, func(code int) bool { return code != codes[0] }) {
		return Other
	}
	return codes[0]
}
