// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// demo plays three devices, with a pool on an emulator in this process.
type demo struct {
	client  *arr.SessionsClient
	account arr.Account
	listen  func() (*backend.Server, error)
	http    *http.Client
	out     io.Writer

	devices          backend.Devices
	anna, ben, clara *headset
}

func runDemo(ctx context.Context, out io.Writer) error {
	e, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(3 * time.Second)})
	if err != nil {
		return err
	}
	client, err := e.SessionsClient(nil)
	if err != nil {
		return err
	}
	d := &demo{
		client:  client,
		account: e.Account(),
		listen:  func() (*backend.Server, error) { return backend.Listen("127.0.0.1:0", "", "") },
		http:    &http.Client{Timeout: time.Minute},
		out:     out,
	}
	fmt.Fprintln(
		out,
		"ARR_ENDPOINT is not set, so this is a demo with an emulator in this process. It plays three devices",
	)
	if err := d.play(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil // also after Ctrl-C
}

func (d *demo) play(ctx context.Context) error {
	d.anna, d.ben, d.clara = d.newHeadset("anna"), d.newHeadset("ben"), d.newHeadset("clara")
	if err := d.whileServing(ctx, d.before); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nThe pool is restarted")
	if err := d.whileServing(ctx, d.after); err != nil {
		return err
	}
	left := 0
	for _, err := range d.client.All(ctx, nil) {
		if err != nil {
			return err
		}
		left++
	}
	fmt.Fprintf(d.out, "\nThe pool is closed. Sessions that still run: %d\n", left)
	return nil
}

// before plays the devices before the restart.
func (d *demo) before(ctx context.Context) error {
	fmt.Fprintln(d.out, "\nThe pool warms up, for Anna and Ben")
	if err := errors.Join(
		d.awaitWarm(ctx, d.anna, 2),
		d.open(ctx, d.anna),
		d.open(ctx, d.ben),
	); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nAnna leaves, and Clara comes. Ben falls silent")
	if err := errors.Join(
		d.heartbeat(ctx, d.anna),
		d.giveBack(ctx, d.anna),
		d.open(ctx, d.clara),
	); err != nil {
		return err
	}
	for range 6 {
		time.Sleep(time.Second)
		if err := d.heartbeat(ctx, d.clara); err != nil {
			return err
		}
	}
	fmt.Fprintln(d.out, "\nBen is back, too late")
	return d.heartbeat(ctx, d.ben)
}

// after plays the devices after the restart.
func (d *demo) after(ctx context.Context) error {
	return errors.Join(d.heartbeat(ctx, d.clara), d.giveBack(ctx, d.clara))
}

// whileServing serves devices while they act, and then closes the pool as at the end of the
// program.
func (d *demo) whileServing(ctx context.Context, act func(context.Context) error) error {
	server, err := d.listen()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	s := &service{
		client:  d.client,
		account: d.account,
		devices: d.devices,
		settings: settings{
			prefix: "demo-",
			warm:   2,
			max:    4,
			idle:   4 * time.Second,
			wait:   10 * time.Second,
		},
		log: slog.New(slog.DiscardHandler),
	}
	go func() { ended <- serve(ctx, s, server) }()
	for _, h := range []*headset{d.anna, d.ben, d.clara} {
		h.url = server.URL()
	}
	err = act(ctx)
	stop()
	return errors.Join(err, <-ended)
}
