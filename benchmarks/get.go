// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const getCalls = 4000

var errOther = errors.New("another session than the one asked for")

// measureGet compares what a Get over TLS costs the process that calls.
func measureGet(ctx context.Context, s settings) (table, error) {
	t := table{
		title: "A Get over TLS",
		note: "CPU time of the calling process for each call. The last column is by net/http with " +
			"as many calls at once.",
		header: []string{"Client", "CPU", "Ratio", "Calls at once"},
	}
	server, err := start(ctx, true)
	if err != nil {
		return t, err
	}
	defer server.end()
	for _, parallel := range []int{1, 64} {
		variants, stop, err := getVariants(server, parallel)
		if err != nil {
			return t, err
		}
		others, stopOthers, err := officialClients(ctx, server, s, parallel)
		if err == nil {
			variants = append(others, variants...)
			var costs [][]time.Duration
			if costs, err = inTurn(ctx, s.rounds, getCalls, variants); err == nil {
				t.compare(variants, costs, fmt.Sprint(parallel))
			}
		}
		stop()
		stopOthers()
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// getVariants returns this client, a bare azcore pipeline and net/http.
func getVariants(server *running, parallel int) (variants []variant, stop func(), err error) {
	var transports [3]*http.Transport
	for i := range transports {
		transports[i] = server.transport()
	}
	client, err := newClient(server, transports[0])
	if err != nil {
		return nil, nil, err
	}
	piped, err := pipelineGet(server, transports[1])
	if err != nil {
		return nil, nil, err
	}
	check := func(id string, err error) error {
		if err == nil && id != "demo" {
			err = errOther
		}
		return err
	}
	variants = []variant{
		inProcess("azremoterendering", parallel, func(ctx context.Context, _ int) error {
			session, err := client.Get(ctx, "demo", nil)
			return check(session.ID, err)
		}),
		inProcess("azcore pipeline", parallel, func(ctx context.Context, _ int) error {
			var session flatSession
			err := piped(ctx, server.session(), &session)
			return check(session.ID, err)
		}),
		inProcess("net/http", parallel, func(ctx context.Context, _ int) error {
			var session flatSession
			err := plainGet(ctx, transports[2], server.session(), token, &session)
			return check(session.ID, err)
		}),
	}
	return variants, func() {
		for _, t := range transports {
			t.CloseIdleConnections()
		}
	}, nil
}
