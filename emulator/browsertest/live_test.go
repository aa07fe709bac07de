// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// The page follows what others do, and what happens by itself.
func TestPageIsLive(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.unloaded()
	b.says(`[data-count="living"]`, "0")
	s.create("appears", 5*time.Minute)
	b.shown(`li[data-session="appears"][data-status="Starting"]`)
	b.says(`[data-count="living"]`, "1")
	assert.Contains(t, evaluate[string](b, "document.title"), "1 living")
	s.advance(startup)
	b.shown(`li[data-session="appears"][data-status="Ready"]`)
	_, err := s.client.Update(t.Context(), "appears",
		azremoterendering.UpdateSessionSettings{MaxLeaseTime: 2 * time.Hour}, nil)
	require.NoError(t, err)
	b.says(`li[data-session="appears"] .lease`, "2 h")
	s.advance(2 * time.Hour)
	b.shown(`li[data-session="appears"][data-status="Expired"]`)
	b.says(`[data-count="ended"]`, "1")
}

// What the user has opened, typed and focused stays while the page changes.
func TestLiveUpdatesDoNotDisturb(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("read", time.Hour)
	b := newTab(t)
	b.open(s.url("/?session=read"))
	b.live()
	b.unloaded()
	b.click(`li[data-event="request"] details > summary`)
	b.do(focus(`li[data-event="request"] summary`))
	for range 3 {
		_, err := s.client.Get(t.Context(), "read", nil)
		require.NoError(t, err)
	}
	b.until(`document.querySelectorAll('li[data-event="request"]').length === 4`)
	assert.True(t, evaluate[bool](b, `document.querySelector('li[data-operation="CreateSession"] details').open`))
	assert.Equal(t, "CreateSession",
		evaluate[string](b, `document.activeElement.closest("li").dataset.operation`))
}

// A page that is open while the emulator restarts finds it again, and works.
func TestPageReconnectsAfterARestart(t *testing.T) {
	first := newService(t, emulator.Options{Admin: true})
	first.create("before", time.Hour)
	b := newTab(t)
	b.open(first.url("/"))
	b.live()
	b.unloaded()
	b.shown(`li[data-session="before"]`)
	require.NoError(t, first.server.Close())
	b.shown(`#live[data-live="off"]`)
	assert.Contains(t, b.text("#live"), "Connecting")
	assert.True(t, evaluate[bool](b, `!!document.querySelector('li[data-session="before"]')`), "it can still be read")

	address, err := url.Parse(first.server.URL)
	require.NoError(t, err)
	second := newServiceAt(t, address.Host, emulator.Options{Admin: true})
	second.create("after", time.Hour)
	b.live()
	b.shown(`li[data-session="after"]`)
	b.until(`!document.querySelector('li[data-session="before"]')`)
	b.click(`li[data-session="after"] button[data-action="stop"]`)
	b.shown(`li[data-session="after"][data-status="Stopped"]`)
	assert.Equal(t, azremoterendering.SessionStatusStopped, second.status("after"))
	assert.Empty(t, withoutNetwork(b.takeComplaints()), "but for connections, which were refused")
}

// A page that is paused stays as it is, and goes on when it is asked to.
func TestPageIsPaused(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.click("a[data-pause]")
	b.says("#live", "Paused")
	s.create("later", time.Hour)
	assert.False(t, evaluate[bool](b, `!!document.querySelector('li[data-session="later"]')`))
	assert.False(t, evaluate[bool](b, `"events" in document.body.dataset`), "nothing tells it of changes")
	b.click("a[data-pause]")
	b.shown(`li[data-session="later"]`)
	b.live()
}

// Several pages are live at once.
func TestSeveralPagesAreLive(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	var tabs []*tab
	for range 3 {
		b := newTab(t)
		b.open(s.url("/"))
		b.live()
		tabs = append(tabs, b)
	}
	s.create("seen", time.Hour)
	for _, b := range tabs {
		b.shown(`li[data-session="seen"]`)
	}
}
