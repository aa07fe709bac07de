// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/lease"
)

// heldSession is a session while a command runs.
type heldSession struct {
	*lease.Lease
	svc         *service // in the region of the session
	signals     received
	environment []string
	end         func() // ends what was started for the session; call it after the session was stopped or left
}

// prepare opens the service and says what session is wanted.
func (c *runCommand) prepare(cmd *cobra.Command) (*service, lease.AcquireOptions, error) {
	options := lease.AcquireOptions{
		SessionID:    c.session,
		IDPrefix:     c.prefix,
		Step:         c.step,
		Threshold:    c.threshold,
		MaxLeaseTime: c.maxLease,
		StartTimeout: c.startTimeout,
		LookEvery:    c.lookEvery(),
	}
	svc, err := c.open(cmd, func(values *config.Settings) (err error) {
		if options.Sizes, err = c.wantedSizes(values); err == nil {
			options.LeaseTime, err = values.MaxLease()
		}
		return err
	})
	if err != nil {
		return nil, options, err
	}
	if c.maxLease > 0 {
		options.LeaseTime = min(options.LeaseTime, c.maxLease)
	}
	return svc, options, nil
}

// wantedSizes returns the sizes of the flags, or else the one of the settings.
func (c *runCommand) wantedSizes(values *config.Settings) ([]arr.SessionSize, error) {
	if len(c.sizes) == 0 {
		size, err := values.SessionSize()
		return []arr.SessionSize{size}, err
	}
	var sizes []arr.SessionSize
	for _, text := range c.sizes {
		size, err := config.ParseSize(text)
		if err != nil {
			return nil, usagef("--size: %w", err)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

// acquire returns a session that is Ready, and the environment of the command.
func (c *runCommand) acquire(
	cmd *cobra.Command,
	svc *service,
	options lease.AcquireOptions,
	signals received,
) (*heldSession, error) {
	tries := len(options.Sizes) * len(svc.regions.Clients())
	if c.session != "" {
		tries++
	}
	ctx, begun, end := c.beginning(cmd, svc, signals, usualWait*time.Duration(tries))
	progress := c.progress(cmd)
	defer progress.Close()
	defer context.AfterFunc(ctx, progress.Close)()
	options.Progress = progress.Saw
	created := &createdSession{svc: svc}
	defer created.done()
	options.Logger = slog.New(created.observe(notesHandler(cmd, progress.Aside)))
	if c.interval > 0 {
		watcher, err := lease.NewWatcher(
			svc.regions,
			lease.WatcherOptions{Interval: c.interval, IdleInterval: c.lookEvery()},
		)
		if err != nil {
			end()
			return nil, err
		}
		cancel := end
		end = func() { watcher.Close(); cancel() }
		options.Watcher = watcher
	}
	l, err := lease.Acquire(ctx, svc.regions, options)
	if err != nil {
		begun()
		end()
		return nil, adviseNotAcquired(inKeepAliveFlags(err))
	}
	if id := l.Session().ID; c.session != "" && id != c.session && !c.quiet {
		_ = progress.Aside(func() error { // as for all notices to people
			_, err := fmt.Fprintf(cmd.ErrOrStderr(),
				"Session %s could not be used; session %s is new.\n", c.session, id)
			return err
		})
	}
	held := &heldSession{Lease: l, svc: svc.in(l.Client()), signals: signals, end: end}
	token, err := l.Client().AccessToken(ctx, nil)
	begun()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		held.environment, err = environmentOf(svc, l, token)
	}
	if err != nil {
		defer end()
		return nil, c.finish(cmd, held, err)
	}
	return held, nil
}

// beginning returns the context of the session. Until begun is called, signals and the timeout end
// it, and a second signal ends arr; afterwards only end does: then the signals are the command's,
// and its session lasts as long as it does.
func (c *runCommand) beginning(
	cmd *cobra.Command,
	svc *service,
	signals received,
	limit time.Duration,
) (ctx context.Context, begun, end func()) {
	if c.timeout > 0 {
		limit = c.timeout
	}
	parent := cmd.Context()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		ended, interrupted := parent.Done(), false
		for {
			select {
			case s := <-signals.C:
				if interrupted && s != syscall.SIGHUP {
					svc.open.exit(cmd.ErrOrStderr(), s)
				}
				interrupted = true
				svc.open.interrupted()
				cancel(failure.Signal{Signal: s})
			case <-ended:
				ended = nil
				cancel(context.Cause(parent))
			case <-timer.C:
				cancel(context.DeadlineExceeded)
			case <-over:
				return
			}
		}
	})
	return ctx, func() { close(over); watching.Wait() }, func() { cancel(context.Canceled) }
}

// adviseNotAcquired adds what happened to the sessions that were created.
func adviseNotAcquired(err error) error {
	if _, runs := errors.AsType[*lease.NotStoppedError](err); runs {
		return adviseNotStopped(err)
	}
	signal, signalled := errors.AsType[failure.Signal](err)
	if signalled {
		err = failure.Because(signal, err)
	}
	if signalled || failure.Code(err) == failure.Timeout {
		return &failure.Advised{
			Err:    err,
			Advice: "The command was not started. Nothing that was created keeps running.",
		}
	}
	return err
}

// finish stops the session, or leaves it running if the flags ask for that, and returns the error
// with which arr run ends.
func (c *runCommand) finish(cmd *cobra.Command, held *heldSession, result error) error {
	exit, ran := errors.AsType[*failure.Exit](result)
	session := held.Session()
	// With --leave-running, a new session is left running only if the command has run, because
	// otherwise nobody knows of it. A session that existed before is left in any case.
	if c.leave && (session.ID == c.session || ran && exit.Err == nil) {
		held.Detach()
		if !session.Status.Ended() {
			// the endpoint may be a fallback
			fmt.Fprintln(cmd.ErrOrStderr(), held.svc.goesOn(session.ID, held.Client().Endpoint()))
		}
		return result
	}
	err := held.release(cmd)
	if err == nil {
		return result
	}
	err = adviseNotStopped(err)
	switch {
	case ran && exit.Code == failure.OK:
		return err
	case ran && exit.Err == nil:
		return &failure.Exit{Code: exit.Code, Err: err}
	default:
		return failure.Several{result, err}
	}
}

// release stops the session. A signal ends arr only after its user was told what arr is waiting
// for: earlier ones were meant for the command.
func (held *heldSession) release(cmd *cobra.Command) error {
	defer held.svc.stopping(held.Session().ID)()
	released := make(chan struct{})
	var watching sync.WaitGroup
	defer watching.Wait()
	defer close(released)
	watching.Go(func() {
		for {
			select {
			case s := <-held.signals.C:
				if held.svc.open.toldAll() && s != syscall.SIGHUP {
					held.svc.open.exit(cmd.ErrOrStderr(), s)
				}
			case <-released:
				return
			}
		}
	})
	return held.Release(cmd.Context())
}
