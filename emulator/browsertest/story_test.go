// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// The story of a session has its states and its requests in the order of time, with bodies and with
// the faults that struck it, and no secrets.
func TestStoryOfASession(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	ctx := t.Context()
	s.create("hero", 30*time.Minute)
	s.create("bystander", time.Hour)
	s.advance(2 * startup)
	s.inject("operation=get status=503 count=1")
	_, err := s.client.Get(ctx, "hero", nil)
	require.NoError(t, err)
	s.advance(startup)
	_, err = s.client.Update(ctx, "hero", azremoterendering.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
	require.NoError(t, err)
	s.advance(startup)
	_, err = s.client.Stop(ctx, "hero", nil)
	require.NoError(t, err)

	b := newTab(t)
	b.open(s.url("/"))
	b.click(`li[data-session="hero"] a[data-open="session"]`)
	b.shown(`body[data-view="story"]`)
	assert.Equal(t, []string{
		"CreateSession 201", "Starting", "Ready", "GetSession 503", "GetSession 200", "UpdateSession 200",
		"StopSession 204", "Stopped",
	}, evaluate[[]string](b, `[...document.querySelectorAll("li[data-event]")].map((li) =>
		li.dataset.state ?? li.dataset.operation + " " + li.dataset.result)`))
	assert.Contains(t, b.text(`li[data-result="503"] .fault`), "status=503")
	assert.Contains(t, b.text(`li[data-operation="UpdateSession"] [data-body="request"]`), `"maxLeaseTimeMinutes"`)
	assert.Contains(t, b.text(`li[data-operation="UpdateSession"] [data-body="response"]`), `"hero"`)
	assert.NotContains(t, b.text("main"), "bystander")

	html := evaluate[string](b, "document.documentElement.outerHTML")
	assert.NotContains(t, html, s.Key())
	assert.NotContains(t, html, s.SecondaryKey())
	assert.NotContains(t, html, "eyJ", "an access token")
	b.click(".back a")
	b.shown(`body[data-view="list"]`)
}

// A session that nobody knows has a page that says so.
func TestStoryOfNoSession(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	b := newTab(t)
	b.open(s.url("/?session=nobody"))
	b.says("main", "There is no session with this id")
	b.accessible("the story of no session")
	assert.Empty(t, withoutNetwork(b.takeComplaints()), "but for the status, 404")
}
