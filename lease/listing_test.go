// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// lists makes a service answer lists with pages of its own, from the first, 0, on. Each page names
// a next one, unless it is the last.
func (r *watchRig) lists(last int, page func(number int) (ids []string)) {
	r.wire.handle(func(kind string, req *http.Request) (*http.Response, error) {
		switch {
		case kind == "get":
			return testkit.Answer(req, http.StatusOK,
				testkit.SessionJSON(req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:], "Ready")), nil
		case strings.HasSuffix(req.URL.Path, "/:stop"):
			return testkit.Answer(req, http.StatusNoContent, ""), nil
		case kind != "list":
			return nil, nil
		}
		number, _ := strconv.Atoi(req.URL.Query().Get("page"))
		var sessions []string
		for _, id := range page(number) {
			sessions = append(sessions, testkit.SessionJSON(id, "Ready"))
		}
		next := ""
		if number != last {
			next = fmt.Sprintf(`,"@nextLink":"%s?page=%d"`, req.URL.Path, number+1)
		}
		return testkit.Answer(req, http.StatusOK,
			`{"sessions":[`+strings.Join(sessions, ",")+`]`+next+`}`), nil
	})
}

// A list may have any number of pages: a session on the last of many is awaited, stopped and taken
// over.
func TestListsHaveNoLimitOfPages(t *testing.T) {
	const pages = 1500
	long := func(number int) []string { return []string{fmt.Sprint("page-", number)} }
	last := fmt.Sprint("page-", pages-1)
	for name, test := range map[string]func(t *testing.T, r *watchRig){
		"Watcher": func(t *testing.T, r *watchRig) {
			session, err := r.watcher.Wait(t.Context(), last)
			require.NoError(t, err)
			require.Equal(t, last, session.ID)
		},
		"StopAll": func(t *testing.T, r *watchRig) {
			stopped, err := StopAll(t.Context(), r.client, StopAllOptions{Prefix: last})
			require.NoError(t, err)
			require.Len(t, stopped, 1)
		},
		"Pool": func(t *testing.T, r *watchRig) {
			p, err := NewPool(r.client, PoolOptions{IDPrefix: last, Max: 1})
			require.NoError(t, err)
			_, err = p.Claim(t.Context(), last)
			require.NoError(t, err)
			require.NoError(t, p.Close(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
				r.lists(pages-1, long)
				test(t, r)
				require.GreaterOrEqual(t, r.wire.count("list"), pages)
			})
		})
	}
}

// A list whose next links lead on and on, without ever showing another session, is given up.
func TestListsThatLeadNowhereEnd(t *testing.T) {
	for name, test := range map[string]struct {
		page func(number int) []string
		most int // requests
	}{
		"empty pages":               {func(int) []string { return nil }, 100},
		"the same session again":    {func(int) []string { return []string{"same"} }, 201},
		"sessions without an id":    {func(int) []string { return []string{""} }, 200},
		"many sessions in a circle": {func(n int) []string { return []string{fmt.Sprint(n % 250)} }, 450},
		"empty pages after others": {
			func(n int) []string { return []string{fmt.Sprint(n)}[:min(1, max(0, 300-n))] }, 400,
		},
	} {
		for user, use := range map[string]func(context.Context, *watchRig) error{
			"Watcher": func(ctx context.Context, r *watchRig) error {
				_, err := r.watcher.Wait(ctx, "other")
				return err
			},
			"StopAll": func(ctx context.Context, r *watchRig) error {
				_, err := StopAll(ctx, r.client, StopAllOptions{Prefix: "other"})
				return err
			},
			"Pool": func(ctx context.Context, r *watchRig) error {
				p, err := NewPool(r.client, PoolOptions{IDPrefix: "other", Max: 1})
				require.NoError(r, err)
				_, err = p.Acquire(ctx)
				require.NoError(r, p.Close(context.WithoutCancel(ctx)))
				return err
			},
		} {
			t.Run(name+"/"+user, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
					r.lists(-1, test.page)
					// Another try may go better, so waits go on until their context ends.
					ctx, cancel := context.WithTimeout(t.Context(), minPause/2)
					defer cancel()
					require.ErrorContains(t, use(ctx, r), "leads nowhere")
					require.LessOrEqual(t, r.wire.count("list"), test.most)
				})
			})
		}
	}
}

// However long a list takes, it is read to its end while its pages show new sessions; failures are
// retried until they have not for five minutes.
func TestListsMayTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		_, err := r.client.Get(t.Context(), "none", nil) // gets an access token
		require.ErrorIs(t, err, arr.ErrNotFound)
		r.wire.latency = 20 * time.Second
		r.lists(19, func(number int) []string { return []string{fmt.Sprint("page-", number)} })
		stopped, err := StopAll(t.Context(), r.client, StopAllOptions{Prefix: "page-19"})
		require.NoError(t, err)
		require.Len(t, stopped, 1)
		require.GreaterOrEqual(t, r.since(), 20*20*time.Second)

		begun := time.Now()
		r.wire.latency = 0
		r.wire.handle(func(_ string, req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, http.StatusServiceUnavailable, ""), nil
		})
		_, err = StopAll(t.Context(), r.client, StopAllOptions{Prefix: "page-19"})
		require.True(t, arr.IsTransient(err))
		require.InDelta(t, 5, time.Since(begun).Minutes(), 1.1)
	})
}
