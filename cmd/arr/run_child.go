// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// received are the signals that arr run takes, from before it acquires a session until it has let
// it go: none of them ends arr at once.
type received struct{ C chan os.Signal }

// receive starts to receive signals. Signals that arr inherited as ignored, such as SIGHUP below
// nohup, stay ignored, also by the command. SIGINT is the exception: shells let the background jobs
// of scripts ignore it, and an interrupted script must not leave a session behind.
func receive(signals []os.Signal) received {
	r := received{make(chan os.Signal, 16)}
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(r.C, s)
		}
	}
	return r
}

func (r received) stop() { signal.Stop(r.C) }

// waiting returns the signals that have arrived and were not handled yet.
func (r received) waiting() (signals []os.Signal) {
	for {
		select {
		case s := <-r.C:
			signals = append(signals, s)
		default:
			return signals
		}
	}
}

// findCommand returns the path of a command, or the error that shells have for it.
func findCommand(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", cannotRun(name, err)
	}
	return path, nil
}

func cannotRun(name string, err error) error {
	if failed, ok := errors.AsType[*exec.Error](err); ok {
		err = failed.Err
	}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) ||
		errors.Is(err, exec.ErrDot) {
		return &failure.Exit{
			Code: failure.NoCommand,
			Err: &failure.Advised{Err: fmt.Errorf("there is no command %q: %w", name, err),
				Advice: "Give a command in PATH, or its path, such as ./viewer."},
		}
	}
	return &failure.Exit{
		Code: failure.NoExec,
		Err: &failure.Advised{Err: fmt.Errorf("cannot execute %q: %w", name, err),
			Advice: "Give a file that is a program and that you may execute."},
	}
}

// child is the command while it runs.
type child struct {
	*exec.Cmd
	place place
	ended chan struct{} // closed when it has ended
}

// startChild starts the command with the streams of arr: they are handed over, not copied, so that
// nothing waits for those who keep them open.
func startChild(path string, args, environment []string, cmd *cobra.Command) (*child, error) {
	c := &child{Cmd: exec.Command(path, args[1:]...), ended: make(chan struct{})}
	c.Args[0] = args[0]
	c.Env = environment
	c.Stdin, c.Stdout, c.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	c.place = findPlace(c.Stdin, c.Stdout, c.Stderr)
	c.SysProcAttr = c.place.attributes()
	if err := c.Start(); err != nil {
		c.place.close()
		return nil, cannotRun(args[0], err)
	}
	go func() {
		defer close(c.ended)
		_ = c.Wait() // what it returns is in ProcessState
	}()
	return c, nil
}

// result returns how the command ended, as shells tell it.
func (c *child) result() error {
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &failure.Exit{Code: failure.SignalBase + int(status.Signal())}
	}
	return &failure.Exit{Code: c.ProcessState.ExitCode()}
}

// supervise passes signals on to the command, and watches the command and its session until the
// command has ended.
func (c *runCommand) supervise(
	cmd *cobra.Command,
	held *heldSession,
	child *child,
	signals, messages received,
) error {
	defer child.place.close()
	sessionEnded := held.Context().Done()
	var lost error
	var kill <-chan time.Time
	expectEnd := func() {
		if kill == nil && c.grace > 0 {
			kill = time.After(c.grace)
		}
	}
	// Signals that arrived before the command started have not reached it, typed or not. One that
	// was typed while it started may have: it is passed on, but the command need not end.
	settle()
	for _, s := range signals.waiting() {
		child.pass(s)
		if !child.place.reached(s) {
			expectEnd()
		}
	}
	for {
		select {
		case <-child.ended:
			if lost != nil && !c.keepGoing {
				return &failure.Advised{
					Err:    lost,
					Advice: "The command was told to end too. With --keep-going it may go on without a session.",
				}
			}
			return child.result()
		case s := <-signals.C:
			if !child.place.reached(s) {
				child.pass(s)
				expectEnd()
			}
		case s := <-messages.C:
			child.pass(s)
		case <-sessionEnded:
			sessionEnded = nil
			lost = context.Cause(held.Context())
			c.announceEnd(cmd, held.Session(), lost)
			if !c.keepGoing {
				child.pass(syscall.SIGTERM)
				expectEnd()
			}
		case <-kill:
			fmt.Fprintf(
				cmd.ErrOrStderr(),
				"The command has not ended within %v, and is killed.\n",
				c.grace,
			)
			child.kill()
		}
	}
}

// announceEnd says that the session has ended while the command runs.
func (c *runCommand) announceEnd(cmd *cobra.Command, session arr.Session, cause error) {
	what, then := "has ended in state "+string(session.Status), "The command is told to end"
	if _, shown := asEnded(cause); !shown {
		what = "is no longer held"
	}
	if c.keepGoing {
		then = "The command goes on without it"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Session %s %s. %s.\n", session.ID, what, then)
}
