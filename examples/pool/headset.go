// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"
	"github.com/arr-go/azremoterendering/lease"
)

// headset is a device of the demo. It does what the software on a real device would do.
type headset struct {
	name, secret string
	url          string // of the pool
	session      string // the id of the session that it holds
}

func (d *demo) newHeadset(name string) *headset {
	entry, secret := backend.NewDevice(name)
	d.devices = append(d.devices, entry)
	return &headset{name: name, secret: secret}
}

// awaitWarm waits until so many sessions are warm.
func (d *demo) awaitWarm(ctx context.Context, h *headset, want int) error {
	var got lease.PoolStats
	for got.Idle < want {
		time.Sleep(time.Second)
		if _, err := d.send(ctx, h, http.MethodGet, "/stats", &got); err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  %d starting, %d ready\n", got.Starting, got.Idle)
	}
	return nil
}

// open gets a session. A real device would retry after 503, which does not happen here.
func (d *demo) open(ctx context.Context, h *headset) error {
	start := time.Now()
	var got access
	status, err := d.send(ctx, h, http.MethodPost, "/sessions", &got)
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		return fmt.Errorf("no session for %s: status %d", h.name, status)
	}
	h.session = got.SessionID
	fmt.Fprintf(
		d.out,
		"  %-6s POST    %d  %s, after %.1f s\n",
		h.name,
		status,
		got.SessionID,
		time.Since(start).Seconds(),
	)
	return nil
}

func (d *demo) heartbeat(ctx context.Context, h *headset) error {
	var left remaining
	status, err := d.send(ctx, h, http.MethodPut, "/sessions/"+h.session+"/heartbeat", &left)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  %-6s PUT     %d  %s", h.name, status, h.session)
	if status == http.StatusOK {
		fmt.Fprintf(d.out, ", at least %v left", time.Duration(left.AtLeastSeconds)*time.Second)
	}
	fmt.Fprintln(d.out)
	return nil
}

func (d *demo) giveBack(ctx context.Context, h *headset) error {
	status, err := d.send(ctx, h, http.MethodDelete, "/sessions/"+h.session, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  %-6s DELETE  %d  %s\n", h.name, status, h.session)
	return nil
}

// send sends one request of a headset. A refusal is not an error; the caller looks at the status.
func (d *demo) send(
	ctx context.Context,
	h *headset,
	method, path string,
	answer any,
) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, h.url+path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+h.secret)
	resp, err := d.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if answer == nil || resp.StatusCode >= http.StatusMultipleChoices {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(answer)
}
