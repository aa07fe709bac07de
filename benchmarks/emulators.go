// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
)

// crowd is an emulator with many sessions, called without a network.
type crowd struct {
	handler             http.Handler
	path, authorization string
}

func newCrowd(ctx context.Context, sessions int) (*crowd, error) {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		return nil, err
	}
	c := &crowd{handler: e, path: "/accounts/" + e.Account().ID + "/sessions"}
	c.authorization = "Bearer " + e.Account().ID + ":" + e.Key()
	body, err := c.do(ctx, http.MethodGet, "/accounts/"+e.Account().ID+"/token", "", http.StatusOK)
	if err != nil {
		return nil, err
	}
	_, accessToken, _ := strings.Cut(strings.TrimSuffix(body, `"}`), `":"`)
	c.authorization = "Bearer " + accessToken
	for i := range sessions {
		if err := c.create(ctx, fmt.Sprintf("session-%08d", i)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *crowd) do(
	ctx context.Context, method, path, body string, status int,
) (string, error) {
	req := httptest.NewRequestWithContext(ctx, method,
		"https://remoterendering.westeurope.mixedreality.azure.com"+path+"?api-version=2021-01-01",
		strings.NewReader(body))
	req.Header.Set("Authorization", c.authorization)
	recorder := httptest.NewRecorder()
	c.handler.ServeHTTP(recorder, req)
	if recorder.Code != status {
		return "", fmt.Errorf("%s %s: status %d: %s", method, path, recorder.Code, recorder.Body)
	}
	return recorder.Body.String(), nil
}

func (c *crowd) create(ctx context.Context, id string) error {
	_, err := c.do(ctx, http.MethodPut, c.path+"/"+id, `{"maxLeaseTimeMinutes":300,"size":"Standard"}`,
		http.StatusCreated)
	return err
}

func (c *crowd) get(ctx context.Context, id string) error {
	_, err := c.do(ctx, http.MethodGet, c.path+"/"+id, "", http.StatusOK)
	return err
}

func (c *crowd) list(ctx context.Context) error {
	_, err := c.do(ctx, http.MethodGet, c.path, "", http.StatusOK)
	return err
}

// measureEmulator compares requests to the emulator's handler with a bare handler that sends as
// many bytes.
func measureEmulator(ctx context.Context, s settings) (table, error) {
	const sessions = 10_000
	t := table{
		title: "The emulator",
		note: "CPU time of a request to the handler, with 10,000 sessions and without a network, " +
			"beside a bare net/http handler that sends the same bytes.",
		header: []string{"Request", "CPU", "Ratio"},
	}
	c, err := newCrowd(ctx, sessions)
	if err != nil {
		return t, err
	}
	bare, err := newBare(ctx, c)
	if err != nil {
		return t, err
	}
	for _, request := range []struct {
		name  string
		calls int
		do    func(ctx context.Context, c *crowd, n int) error
	}{
		{"Get", 5000, func(ctx context.Context, c *crowd, n int) error {
			return c.get(ctx, fmt.Sprintf("session-%08d", n%sessions))
		}},
		{"a page of the list", 1000, func(ctx context.Context, c *crowd, _ int) error { return c.list(ctx) }},
	} {
		variants := []variant{
			inProcess(request.name, 1, func(ctx context.Context, n int) error { return request.do(ctx, c, n) }),
			inProcess(request.name+", bare", 1,
				func(ctx context.Context, n int) error { return request.do(ctx, bare, n) }),
		}
		costs, err := inTurn(ctx, s.rounds, request.calls, variants)
		if err != nil {
			return t, err
		}
		t.compare(variants, costs)
	}
	variants := []variant{inProcess("a new emulator and its first call", 1,
		func(ctx context.Context, _ int) error {
			_, err := newCrowd(ctx, 0)
			return err
		})}
	costs, err := inTurn(ctx, s.rounds, 50, variants)
	if err != nil {
		return t, err
	}
	t.compare(variants, costs)
	return t, nil
}

// newBare returns a crowd whose handler answers with the bytes of another's.
func newBare(ctx context.Context, c *crowd) (*crowd, error) {
	one, err := c.do(ctx, http.MethodGet, c.path+"/session-00000000", "", http.StatusOK)
	if err != nil {
		return nil, err
	}
	page, err := c.do(ctx, http.MethodGet, c.path, "", http.StatusOK)
	if err != nil {
		return nil, err
	}
	answers := map[bool][]byte{true: []byte(page), false: []byte(one)}
	list := c.path
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(answers[req.URL.Path == list])
	})
	return &crowd{path: c.path, authorization: c.authorization, handler: handler}, nil
}

// measureEmulatorGrowth measures requests to emulators with more and more sessions.
func measureEmulatorGrowth(ctx context.Context, s settings) (table, error) {
	sizes := []int{1000, 10_000, 100_000}
	t := table{
		title: "The emulator, with more and more sessions",
		note: "CPU time of a request. The exponent says how it grows with the number of sessions: 0 is " +
			"flat, 1 is linear.",
		header: []string{"Request", "1,000", "10,000", "100,000", "Exponent"},
	}
	var crowds []*crowd
	for _, size := range sizes {
		c, err := newCrowd(ctx, size)
		if err != nil {
			return t, err
		}
		crowds = append(crowds, c)
	}
	created := 0
	for _, request := range []struct {
		name string
		do   func(ctx context.Context, c *crowd, size, n int) error
	}{
		{"Get", func(ctx context.Context, c *crowd, size, n int) error {
			return c.get(ctx, fmt.Sprintf("session-%08d", n*7919%size))
		}},
		{"Create", func(ctx context.Context, c *crowd, _, _ int) error {
			created++
			return c.create(ctx, fmt.Sprintf("new-%d", created))
		}},
		{"a page of the list", func(ctx context.Context, c *crowd, _, _ int) error { return c.list(ctx) }},
	} {
		var variants []variant
		for i, c := range crowds {
			variants = append(variants, inProcess(fmt.Sprint(sizes[i]), 1,
				func(ctx context.Context, n int) error { return request.do(ctx, c, sizes[i], n) }))
		}
		costs, err := inTurn(ctx, s.rounds, 500, variants)
		if err != nil {
			return t, err
		}
		t.grow(request.name, sizes, costs)
	}
	return t, nil
}

// grow adds a row with what something costs at several sizes, and how that grows.
func (t *table) grow(name string, sizes []int, costs [][]time.Duration) {
	cells := []string{name}
	var medians []time.Duration
	for _, c := range costs {
		medians = append(medians, median(c))
		cells = append(cells, short(median(c)))
	}
	t.add(append(cells, fmt.Sprintf("%.2f", exponent(sizes, medians)))...)
}
