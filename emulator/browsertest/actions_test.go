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

// Each button of a session ends it: in the list and in its story, without a reload.
func TestButtonsOfASession(t *testing.T) {
	for action, want := range map[string]azremoterendering.SessionStatus{
		"stop":   azremoterendering.SessionStatusStopped,
		"expire": azremoterendering.SessionStatusExpired,
		"error":  azremoterendering.SessionStatusError,
	} {
		for view, at := range map[string]struct{ path, element string }{
			"list":  {"/", `li[data-session="pressed"]`},
			"story": {"/?session=pressed", `[data-section="story"]`},
		} {
			t.Run(action+" in the "+view, func(t *testing.T) {
				s := newService(t, emulator.Options{Admin: true})
				s.create("other", time.Hour)
				s.create("pressed", time.Hour)
				s.advance(startup)
				b := newTab(t)
				b.open(s.url(at.path))
				b.live()
				b.unloaded()
				b.shown(at.element + `[data-status="Ready"]`)
				b.click(at.element + ` button[data-action="` + action + `"]`)
				b.shown(at.element + `[data-status="` + string(want) + `"]`)
				b.says("#notice", "session")
				assert.False(t, evaluate[bool](b, `!!document.querySelector('`+at.element+` button')`),
					"a session that has ended has no buttons")
				assert.Equal(t, want, s.status("pressed"))
				assert.Equal(t, azremoterendering.SessionStatusReady, s.status("other"))
			})
		}
	}
}

func TestButtonThatAdvancesTheClock(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("ends", 15*time.Minute)
	s.advance(startup)
	began := s.Clock().Now()
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.unloaded()
	b.says(`li[data-session="ends"] .lease`, "15 min left")
	b.click(`[data-section="controls"] button[data-action="advance"]`)
	b.says(`li[data-session="ends"] .lease`, "5 min left")
	b.says("header .moved", "frozen")
	assert.Equal(t, 10*time.Minute, s.Clock().Now().Sub(began))
	b.click(`[data-section="controls"] button[data-action="advance"]`)
	b.shown(`li[data-session="ends"][data-status="Expired"]`)
	assert.Empty(t, s.RunningSessions())
}

// The next answer is lost: the session is there, the client was not told, and tries again.
func TestButtonThatLosesTheNextAnswer(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("first", time.Hour)
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.unloaded()
	b.click(`[data-section="controls"] button[data-action="lose"]`)
	b.shown(`tr[data-fault="1"]`)
	b.says(`[data-count="faults"]`, "1")
	require.Len(t, s.Faults(), 1)

	s.create("second", time.Hour)
	b.shown(`li[data-session="second"]`)
	b.shown(`li[data-operation="CreateSession"][data-result="0"] .fault`)
	var results []int
	for _, r := range s.Requests("create") {
		results = append(results, r.Status)
	}
	assert.Equal(t, []int{201, 0, 200}, results)

	b.click(`tr[data-fault="1"] button[data-action="remove-fault"]`)
	b.says(`[data-count="faults"]`, "0")
	assert.Empty(t, s.Faults())
}

// In a story it is the next answer about its session that is lost, and no other.
func TestButtonThatLosesTheNextAnswerOfASession(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("struck", time.Hour)
	s.create("spared", time.Hour)
	b := newTab(t)
	b.open(s.url("/?session=struck"))
	b.live()
	b.unloaded()
	b.click(`[data-section="story"] button[data-action="lose"]`)
	b.says("#notice", "lost")
	for _, id := range []string{"spared", "struck"} {
		_, err := s.client.Get(t.Context(), id, nil)
		require.NoError(t, err)
	}
	b.shown(`li[data-event="request"][data-operation="GetSession"][data-result="0"] .fault`)
	b.shown(`li[data-event="request"][data-operation="GetSession"][data-result="200"]`)
	assert.Len(t, s.Requests("get"), 3)
}

func TestButtonThatThrottlesForAMinute(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("throttled", time.Hour)
	impatient := s.clientWithoutRetries()
	_, err := impatient.Get(t.Context(), "throttled", nil)
	require.NoError(t, err, "it has a token now")
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.unloaded()
	b.click(`[data-section="controls"] button[data-action="throttle"]`)
	b.shown(`tr[data-fault="1"]`)
	_, err = impatient.Get(t.Context(), "throttled", nil)
	require.ErrorIs(t, err, azremoterendering.ErrThrottled)
	b.shown(`li[data-operation="GetSession"][data-result="429"]`)
	s.advance(time.Minute)
	_, err = impatient.Get(t.Context(), "throttled", nil)
	require.NoError(t, err)
	b.shown(`li[data-operation="GetSession"][data-result="429"] ~ li[data-operation="GetSession"]`)
	b.until(`document.querySelectorAll('li[data-operation="GetSession"][data-result="200"]').length === 2`)
}

func TestButtonThatResets(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.fill()
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.unloaded()
	b.shown("li[data-session]")
	b.click(`details[data-open="reset"] > summary`)
	b.click(`button[data-action="reset"]`)
	b.until(`!document.querySelector("li[data-session], li[data-request], tr[data-fault], li[data-conversion]")`)
	b.says("#notice", "removed")
	assert.Empty(t, s.Sessions())
	assert.Empty(t, s.Requests())
	assert.Empty(t, s.Faults())
	assert.False(t, evaluate[bool](b, `document.querySelector('details[data-open="reset"]').open`))
}

// An action that is not possible says why: here the session has gone since the page was shown.
func TestActionThatIsNotPossible(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("gone", time.Hour)
	b := newTab(t)
	b.open(s.url("/?refresh=off"))
	b.unloaded()
	b.shown(`li[data-session="gone"]`)
	require.NoError(t, s.Reset(emulator.Scope{}))
	b.click(`li[data-session="gone"] button[data-action="stop"]`)
	b.says("#problem", "That is not possible: ")
	assert.False(t, evaluate[bool](b, `!!document.querySelector('li[data-session="gone"]')`))
	b.accessible("a problem")
	assert.Empty(t, withoutNetwork(b.takeComplaints()), "but for the status, 404")
}

// A page from before a restart, which was paused, has an old token. It says so, and gets a new one.
func TestActionOfAnOldPage(t *testing.T) {
	first := newService(t, emulator.Options{Admin: true})
	b := newTab(t)
	b.open(first.url("/?refresh=off"))
	b.unloaded()
	b.shown(`button[data-action="advance"]`)
	require.NoError(t, first.server.Close())
	address, err := url.Parse(first.server.URL)
	require.NoError(t, err)
	second := newServiceAt(t, address.Host, emulator.Options{Admin: true})
	began := second.Clock().Now()
	b.click(`button[data-action="advance"]`)
	b.says("#problem", "Nothing was done: the emulator has been started anew")
	assert.Less(t, second.Clock().Now().Sub(began), 5*time.Minute)
	assert.Empty(t, withoutNetwork(b.takeComplaints()), "but for the status, 403")
	b.click(`button[data-action="advance"]`)
	b.says("#notice", "10 minutes")
	assert.Greater(t, second.Clock().Now().Sub(began), 5*time.Minute)
}

// Without Options.Admin the page only shows.
func TestPageWithoutAdminHasNoButtons(t *testing.T) {
	s := newService(t, emulator.Options{})
	s.create("a", time.Hour)
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.shown(`li[data-session="a"]`)
	assert.False(t, evaluate[bool](b, `!!document.querySelector("button[data-action]")`))
}
