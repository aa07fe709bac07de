// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

// measureList compares what a page of 50 sessions costs the process that calls.
func measureList(ctx context.Context, s settings) (table, error) {
	t := table{
		title: "A page of 50 sessions over TLS",
		note: "CPU time of the calling process. net/http decodes into a flat struct. Allocations are " +
			"those of a page, by the number of sessions.",
		header: []string{"Client", "CPU", "Ratio", "Allocations per session"},
	}
	server, err := start(ctx, true)
	if err != nil {
		return t, err
	}
	defer server.end()
	ours, plain := server.transport(), server.transport()
	defer ours.CloseIdleConnections()
	defer plain.CloseIdleConnections()
	client, err := newClient(server, ours)
	if err != nil {
		return t, err
	}
	full := func(n int, err error) error {
		if err == nil && n != pageSize {
			err = fmt.Errorf("%d sessions", n)
		}
		return err
	}
	list := func(ctx context.Context, _ int) error {
		page, err := client.NewListPager(nil).NextPage(ctx)
		return full(len(page.Sessions), err)
	}
	flat := func(ctx context.Context, _ int) error {
		return listFlat(ctx, plain, server, full)
	}
	variants := []variant{
		inProcess("azremoterendering", 1, list), inProcess("net/http", 1, flat),
	}
	costs, err := inTurn(ctx, s.rounds, 1000, variants)
	if err != nil {
		return t, err
	}
	for i, do := range []func(context.Context, int) error{list, flat} {
		allocations := testing.AllocsPerRun(20, func() { err = do(ctx, 0) })
		if err != nil {
			return t, err
		}
		v := variants[i]
		t.add(v.name, short(median(costs[i])), fmt.Sprintf("%.2f", ratio(costs[i], costs[1])),
			fmt.Sprintf("%.1f", allocations/pageSize))
	}
	return t, nil
}

func listFlat(
	ctx context.Context, through *http.Transport, server *running, full func(int, error) error,
) error {
	var page flatPage
	err := plainGet(ctx, through, server.sessions(), token, &page)
	return full(len(page.Sessions), err)
}
