// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// listed are the ids of the sessions on the page, in their order.
const listed = `[...document.querySelectorAll("li[data-session]")].map((li) => li.dataset.session)`

func TestFilters(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("ended", time.Hour)
	s.create("living", time.Hour)
	_, err := s.client.Stop(t.Context(), "ended", nil)
	require.NoError(t, err)
	b := newTab(t)
	b.open(s.url("/"))
	b.shown("li[data-session]")
	assert.Equal(t, []string{"living", "ended"}, evaluate[[]string](b, listed), "living sessions first")
	for show, want := range map[string][]string{
		"living": {"living"}, "ended": {"ended"}, "all": {"living", "ended"},
	} {
		b.click(`a[data-show="` + show + `"]`)
		b.shown(`a[data-show="` + show + `"][aria-current]`)
		assert.Equal(t, want, evaluate[[]string](b, listed), show)
	}
}

// The bar of a lease of 8 hours is visibly longer than that of 28 minutes.
func TestBarsShowLeases(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("long", 8*time.Hour)
	s.create("short", 28*time.Minute)
	s.advance(startup)
	b := newTab(t)
	b.screen(1280, "light")
	b.open(s.url("/"))
	b.shown(`li[data-session="long"][data-status="Ready"]`)
	width := func(id string) float64 {
		return evaluate[float64](b, fmt.Sprintf(
			`document.querySelector('li[data-session=%q] rect.plan').getBoundingClientRect().width`, id))
	}
	assert.Greater(t, width("short"), 20.0)
	assert.Greater(t, width("long"), 1.4*width("short"))
}

// Requests for tokens are one line, which opens.
func TestTokenRequestsAreFolded(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	for i := range 3 {
		_, err := s.clientWithoutRetries().Get(t.Context(), fmt.Sprint("absent-", i), nil)
		require.ErrorIs(t, err, azremoterendering.ErrNotFound)
	}
	b := newTab(t)
	b.open(s.url("/"))
	b.shown(`details[data-fold="tokens"]:not([open])`)
	b.says(`details[data-fold="tokens"] summary`, "3 token requests")
	assert.Len(t, evaluate[[]string](b,
		`[...document.querySelectorAll('li[data-operation="GetSession"]')].map((li) => li.dataset.result)`), 3)
	b.click(`details[data-fold="tokens"] summary`)
	b.shown(`details[data-fold="tokens"][open] li`)
}

// A search finds sessions, requests and conversions, and says so if there are none.
func TestSearch(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.fill()
	b := newTab(t)
	b.open(s.url("/?q=expired"))
	b.shown("li[data-session]")
	assert.Equal(t, []string{"expired"}, evaluate[[]string](b, listed))
	b.open(s.url("/?q=conversion-1"))
	b.shown(`li[data-conversion="conversion-1"]`)
	assert.Empty(t, evaluate[[]string](b, listed))
	b.shown(`li[data-operation="CreateConversion"]`)
	b.open(s.url("/?q=nothing-has-this-name"))
	b.says(`[data-section="sessions"]`, "No session matches")
}

// Sessions of all pages are reached by their links.
func TestPages(t *testing.T) {
	const sessions = 120
	s := newService(t, emulator.Options{Admin: true})
	for i := range sessions {
		s.create(fmt.Sprint("s-", i), time.Hour)
	}
	b := newTab(t)
	b.open(s.url("/"))
	b.shown("li[data-session]")
	seen := map[string]bool{}
	for {
		for _, id := range evaluate[[]string](b, listed) {
			assert.False(t, seen[id], "%s is on two pages", id)
			seen[id] = true
		}
		if !evaluate[bool](b, `!!document.querySelector('a[data-page="older"]')`) {
			break
		}
		first := evaluate[[]string](b, listed)[0]
		b.click(`a[data-page="older"]`)
		b.until(fmt.Sprintf("document.querySelector('li[data-session]')?.dataset.session !== %q", first))
		b.live()
	}
	assert.Len(t, seen, sessions)
}
