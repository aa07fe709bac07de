// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"time"
)

const callsEach = 20

// measureConnections counts the connections that clients open when many goroutines call at once,
// each with the transport that it has by default.
func measureConnections(ctx context.Context, _ settings) (table, error) {
	t := table{
		title: "Connections opened",
		note: fmt.Sprintf("For %d calls of each goroutine, with the transports that the clients have "+
			"by default. Every connection costs a TLS handshake.", callsEach),
		header: []string{"Client", "Protocol", "Calls at once", "Connections", "CPU of a call"},
	}
	for _, http2 := range []bool{false, true} {
		if err := countConnections(ctx, &t, http2); err != nil {
			return t, err
		}
	}
	return t, nil
}

func countConnections(ctx context.Context, t *table, http2 bool) error {
	server, err := start(ctx, http2)
	if err != nil {
		return err
	}
	defer server.end()
	protocol := "HTTP/1.1"
	if http2 {
		protocol = "HTTP/2"
	}
	for _, parallel := range []int{128, 256, 1000} {
		ours, plain := server.transport(), server.plainTransport()
		client, err := newClient(server, ours)
		if err != nil {
			return err
		}
		for _, v := range []variant{
			inProcess("azremoterendering", parallel, func(ctx context.Context, _ int) error {
				_, err := client.Get(ctx, "demo", nil)
				return err
			}),
			inProcess("net/http", parallel, func(ctx context.Context, _ int) error {
				var session flatSession
				return plainGet(ctx, plain, server.session(), token, &session)
			}),
		} {
			before, err := server.opened(ctx)
			if err != nil {
				return err
			}
			cost, err := v.spend(ctx, callsEach*parallel)
			if err != nil {
				return fmt.Errorf("%s, %s, %d at once: %w", v.name, protocol, parallel, err)
			}
			after, err := server.opened(ctx)
			if err != nil {
				return err
			}
			opened := after - before - 1 // less the one that asked
			t.add(v.name, protocol, fmt.Sprint(parallel), fmt.Sprint(opened),
				short(cost/time.Duration(callsEach*parallel)))
		}
		ours.CloseIdleConnections()
		plain.CloseIdleConnections()
	}
	return nil
}
