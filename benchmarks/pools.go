// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// measurePool measures how the cost of a hand-out grows with the number of warm sessions.
func measurePool(ctx context.Context, s settings) (t table, err error) {
	sizes := []int{100, 1000, 3000}
	t = table{
		title: "A hand-out of a pool",
		note: "CPU time of Pool.Acquire and Pool.Return, of a session that was looked up within the " +
			"last second. The exponent says how it grows with the number of warm sessions.",
		header: []string{"Call", "100", "1,000", "3,000", "Exponent"},
	}
	var variants []variant
	for _, size := range sizes {
		pool, err := newWarmPool(ctx, size)
		if err != nil {
			return t, err
		}
		defer func() { _ = pool.Close(context.WithoutCancel(ctx)) }()
		variants = append(variants, inProcess(fmt.Sprint(size), 1, func(ctx context.Context, _ int) error {
			l, err := pool.Acquire(ctx)
			if err != nil {
				return err
			}
			return pool.Return(l)
		}))
	}
	costs, err := inTurn(ctx, s.rounds, 300, variants)
	if err != nil {
		return t, err
	}
	t.grow("Acquire and Return", sizes, costs)
	return t, nil
}

// newWarmPool returns a pool whose sessions are all warm.
func newWarmPool(ctx context.Context, warm int) (*lease.Pool, error) {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		return nil, err
	}
	client, err := e.SessionsClient(nil)
	if err != nil {
		return nil, err
	}
	pool, err := lease.NewPool(client, lease.PoolOptions{
		IDPrefix:       "pool-",
		Warm:           warm,
		Max:            warm + 10,
		LeaseTime:      10 * time.Hour, // no extension falls into the measurement
		MaxLeaseTime:   20 * time.Hour,
		CreateInterval: time.Nanosecond,
		Watch:          lease.WatcherOptions{Interval: time.Second, IdleInterval: time.Hour},
	})
	if err != nil {
		return nil, err
	}
	for pool.Stats().Idle < warm {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return pool, nil
}

// measureWatcher measures how the cost of a round of a Watcher grows with the number of sessions.
func measureWatcher(ctx context.Context, s settings) (table, error) {
	sizes := []int{1000, 10_000, 50_000}
	t := table{
		title: "A round of a Watcher",
		note: "CPU time from one list of all sessions to the next, while one of them is awaited, or each " +
			"tenth, and of the same lists read by SessionsClient.All. No session changes. The service " +
			"costs nothing: pages are bytes.",
		header: []string{"What", "1,000", "10,000", "50,000", "Exponent"},
	}
	var all, rounds, crowded []variant
	for _, size := range sizes {
		pages := newPages(size)
		client, err := pages.client()
		if err != nil {
			return t, err
		}
		all = append(all, inProcess(fmt.Sprint(size), 1, func(ctx context.Context, _ int) error {
			n := 0
			for _, err := range client.All(ctx, nil) {
				if err != nil {
					return err
				}
				n++
			}
			if n != size {
				return fmt.Errorf("%d sessions", n)
			}
			return nil
		}))
		watching := func(waiters int) variant {
			return variant{fmt.Sprint(size), func(ctx context.Context, calls int) (time.Duration, error) {
				return pages.watch(ctx, client, waiters, calls)
			}}
		}
		rounds = append(rounds, watching(1))
		crowded = append(crowded, watching(size/10))
	}
	for _, what := range []struct {
		name     string
		variants []variant
	}{{"All", all}, {"a round", rounds}, {"a round, a tenth awaited", crowded}} {
		costs, err := inTurn(ctx, s.rounds, 2, what.variants)
		if err != nil {
			return t, err
		}
		t.grow(what.name, sizes, costs)
	}
	return t, nil
}

// pages is a service that has so many sessions and answers from memory.
type pages struct {
	answers [][]byte
	begun   chan struct{} // capacity 1; gets a value at the first page of a list
}

const pagesEndpoint = "https://remoterendering.westeurope.mixedreality.azure.com"

func newPages(sessions int) *pages {
	p := &pages{begun: make(chan struct{}, 1)}
	for first := 0; first < sessions; first += pageSize {
		var page strings.Builder
		page.WriteString(`{"sessions":[`)
		for i := first; i < first+pageSize; i++ {
			if i > first {
				page.WriteByte(',')
			}
			session := strings.Replace(sessionBody, `"demo"`, fmt.Sprintf(`"session-%08d"`, i), 1)
			page.WriteString(strings.Replace(session, "Ready", "Starting", 1))
		}
		page.WriteByte(']')
		if next := first + pageSize; next < sessions {
			fmt.Fprintf(&page, `,"@nextLink":"%s/accounts/%s/sessions?api-version=2021-01-01&skipToken=%d"`,
				pagesEndpoint, accountID, next/pageSize)
		}
		page.WriteByte('}')
		p.answers = append(p.answers, []byte(page.String()))
	}
	return p
}

// Do implements [policy.Transporter] of azcore.
func (p *pages) Do(req *http.Request) (*http.Response, error) {
	answer := []byte(strings.Replace(sessionBody, "Ready", "Starting", 1))
	if strings.HasSuffix(req.URL.Path, "/sessions") {
		number, _ := strconv.Atoi(req.URL.Query().Get("skipToken"))
		if answer = p.answers[number]; number == 0 {
			select {
			case p.begun <- struct{}{}:
			default:
			}
		}
	}
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:       io.NopCloser(bytes.NewReader(answer)),
		Request:    req,
	}, nil
}

func (p *pages) client() (*arr.SessionsClient, error) {
	credential, err := arr.NewStaticAccessToken(token)
	if err != nil {
		return nil, err
	}
	return arr.NewSessionsClientWithAccessToken(pagesEndpoint, accountID, credential,
		&arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: p}})
}

// watch lets so many waiters, spread evenly over the list up to its last session, wait for so many
// rounds. It returns the CPU time that the rounds took.
func (p *pages) watch(
	ctx context.Context, client *arr.SessionsClient, waiters, rounds int,
) (time.Duration, error) {
	watcher, err := lease.NewWatcher(client, lease.WatcherOptions{Interval: time.Millisecond})
	if err != nil {
		return 0, err
	}
	defer watcher.Close()
	var waits sync.WaitGroup
	defer waits.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sessions := len(p.answers) * pageSize
	for i := range waiters {
		id := fmt.Sprintf("session-%08d", (i+1)*sessions/waiters-1)
		waits.Go(func() { _, _ = watcher.Wait(ctx, id) })
	}
	// In the first rounds, waiters come and see their sessions for the first time.
	const first = 3
	var before time.Duration
	for n := range first + rounds + 1 {
		select {
		case <-p.begun:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if n == first {
			before = cpuTime()
		}
	}
	return cpuTime() - before, nil
}
