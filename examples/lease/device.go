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

// heartbeat is the time between two signs of life of the device.
const heartbeat = time.Second

// device is somebody with a headset, and the session that is held for them.
type device struct {
	service     *service
	file        sessionFile
	alive, idle time.Duration
	printToken  bool
	out         io.Writer
}

// use is what this example is about; everything else is there so that it runs. It holds a session
// for as long as the device lives.
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
	// From here on the session is kept alive, and costs money: whatever happens, release it.
	// Release does not mind that ctx has ended by Ctrl-C, and it waits for the stop that is under
	// way if the device has been silent for too long.
	defer func() {
		notStopped := l.Release(ctx)
		fmt.Fprintf(d.out, "The lease has ended: %v\n", context.Cause(l.Context()))
		if notStopped == nil {
			fmt.Fprintf(d.out, "Session %s runs no longer\n", l.Session().ID)
			notStopped = d.file.remove()
		}
		err = errors.Join(err, notStopped)
	}()
	if err := d.open(l); err != nil {
		return err
	}
	return d.live(ctx, l)
}

// progress returns what is called with each sight of the session. It saves the id at the first one,
// minutes before the session is Ready: a crash in between loses no session.
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

// open is where a device would connect. Here it only shows what it would connect with.
func (d *device) open(l *lease.Lease) error {
	// The client is that of the lease, for with Options.Fallback the session may run in another
	// region than the preferred one.
	token, err := l.Client().AccessToken(l.Context(), nil)
	if err != nil {
		return err
	}
	shown := fmt.Sprintf(
		"one that is valid for %v; -print-token shows it",
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

// live shows signs of life, and returns when the lease has ended: because the device fell silent,
// by Ctrl-C, or because the session was lost. A device that is elsewhere sends its signs of life
// over the network: see examples/pool.
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
			l.Touch() // it reports whether the session is still held; here the select does
			atLeast, atMost := l.Remaining()
			fmt.Fprintf(
				d.out,
				"  The device is there. Left of the lease: %v to %v\n",
				atLeast.Round(time.Second),
				atMost.Round(time.Second),
			)
		} else if !silent {
			silent = true
			fmt.Fprintf(
				d.out,
				"  The device has gone. The session is stopped after %v without a sign of life\n",
				d.idle,
			)
		}
	}
}

// ended says whether the end of the lease is a failure: a silent device is what this example ends
// with.
func (d *device) ended(ctx context.Context, l *lease.Lease) error {
	cause := context.Cause(l.Context())
	if ctx.Err() == nil && errors.Is(cause, lease.ErrIdle) {
		return nil
	}
	return cause
}

// abandon is what is left to do when no session could be had. Acquire has stopped what it created,
// but not a session that existed before: only after Ctrl-C is that one stopped here. In other cases
// the file keeps its id, for the next run to take it up; one that has ended does no harm there.
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
