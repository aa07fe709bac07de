// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// heartbeat is the interval of the device's heartbeats.
const heartbeat = time.Second

// device is a headset in use, for which a session is held.
type device struct {
	service     *service
	file        sessionFile
	alive, idle time.Duration
	printToken  bool
	out         io.Writer
}

// use is what this example is about. It holds a session while the device is in use.
func (d *device) use(ctx context.Context) (err error) {
	saved, err := d.file.read()
	if err != nil {
		return err
	}
	l, err := lease.Acquire(ctx, d.service.client, lease.AcquireOptions{
		SessionID:   saved,
		IDPrefix:    "lease-example-",
		IdleTimeout: d.idle,
		Progress:    d.progress(saved),
	})
	if err != nil {
		return d.abandon(ctx, saved, err)
	}
	// From here on the session is kept alive and billed, so it must be released, whatever happens.
	// Release ignores that Ctrl-C has ended ctx. If the device was silent for too long, the session
	// is being stopped already, and Release waits for that.
	defer func() {
		notStopped := l.Release(ctx)
		fmt.Fprintf(d.out, "The lease has ended: %v\n", context.Cause(l.Context()))
		if notStopped == nil {
			fmt.Fprintf(d.out, "Session %s is stopped\n", l.Session().ID)
			notStopped = d.file.remove()
		}
		err = errors.Join(err, notStopped)
	}()
	if err := d.open(l); err != nil {
		return err
	}
	return d.live(ctx, l)
}

// progress returns a function to call with each state of the session. It saves the id at the first
// call, minutes before the session is Ready, so that a crash in between loses no session.
func (d *device) progress(saved string) func(arr.Session) {
	start := time.Now()
	return func(session arr.Session) {
		if session.ID != saved && !session.Status.Ended() {
			saved = session.ID
			if err := d.file.write(saved); err != nil {
				fmt.Fprintln(d.out, "The next run will not find this session:", err)
			}
		}
		fmt.Fprintf(
			d.out,
			"  %4.1f s  %s is %s\n",
			time.Since(start).Seconds(),
			session.ID,
			session.Status,
		)
	}
}

// open shows what a device needs to connect to the session.
func (d *device) open(l *lease.Lease) error {
	// With an arr.RegionsClient the session may run in another region than the preferred one, so
	// the client is that of the lease.
	token, err := l.Client().AccessToken(l.Context(), nil)
	if err != nil {
		return err
	}
	shown := fmt.Sprintf(
		"valid for %v; -print-token shows it",
		time.Until(token.ExpiresOn).Round(time.Minute),
	)
	if d.printToken {
		shown = token.Token
	}
	fmt.Fprintf(d.out, "\nThe device opens it with\n")
	fmt.Fprintf(d.out, "  session id         %s\n", l.Session().ID)
	fmt.Fprintf(d.out, "  account id         %s\n", d.service.account.ID)
	fmt.Fprintf(d.out, "  account domain     %s\n", d.service.account.Domain)
	fmt.Fprintf(d.out, "  rendering domain   %s\n", l.Client().RenderingDomain())
	fmt.Fprintf(d.out, "  access token       %s\n\n", shown)
	return nil
}

// live sends heartbeats and returns when the lease has ended: because the device fell silent, by
// Ctrl-C, or because the session has ended. Devices on other machines send their heartbeats over
// the network: see examples/pool.
func (d *device) live(ctx context.Context, l *lease.Lease) error {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	start, silent := time.Now(), false
	for {
		select {
		case <-ticker.C:
		case <-l.Context().Done():
			return d.ended(ctx, l)
		}
		if d.alive == 0 || time.Since(start) < d.alive {
			l.Touch() // its result is not needed: the select notices the end of the lease
			atLeast, atMost := l.Remaining()
			fmt.Fprintf(
				d.out,
				"  The device is there. Time left of the lease: %v to %v\n",
				atLeast.Round(time.Second),
				atMost.Round(time.Second),
			)
		} else if !silent {
			silent = true
			fmt.Fprintf(
				d.out,
				"  The device has gone. Its session is stopped after %v without a heartbeat\n",
				d.idle,
			)
		}
	}
}

// ended returns the end of the lease as an error, unless the device fell silent, which is how this
// example usually ends.
func (d *device) ended(ctx context.Context, l *lease.Lease) error {
	cause := context.Cause(l.Context())
	if ctx.Err() == nil && errors.Is(cause, lease.ErrIdle) {
		return nil
	}
	return cause
}

// abandon cleans up after Acquire has failed. Acquire has stopped what it created, but not a
// session that existed before: after Ctrl-C abandon stops that. Otherwise the file keeps its id for
// the next run; an id of a session that has ended does no harm there.
func (d *device) abandon(ctx context.Context, saved string, err error) error {
	if notStopped, ok := errors.AsType[*lease.NotStoppedError](err); ok {
		return errors.Join(err, d.file.write(notStopped.SessionID))
	}
	if ctx.Err() == nil {
		return err
	}
	if saved != "" {
		if notStopped := lease.Stop(ctx, d.service.client, saved); notStopped != nil {
			return errors.Join(err, notStopped)
		}
	}
	fmt.Fprintln(d.out, "No session is left running")
	return errors.Join(err, d.file.remove())
}
