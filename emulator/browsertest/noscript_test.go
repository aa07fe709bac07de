// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// Without script the page shows the same, its forms work, and it reloads itself.
func TestPageWithoutScript(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("stopped", time.Hour)
	s.create("kept", time.Hour)
	s.advance(startup)
	b := newTab(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(s.url("/"))
	b.says("#live", "Reloads")

	b.click(`li[data-session="stopped"] button[data-action="stop"]`)
	b.says("#notice", "The session is stopped")
	b.shown(`li[data-session="stopped"][data-status="Stopped"]`)
	assert.Equal(t, azremoterendering.SessionStatusStopped, s.status("stopped"))

	b.do(chromedp.SendKeys(chromedp.CSS(`input[name="q"]`), "kept"))
	b.click("button[data-search]")
	b.until(`!document.querySelector('li[data-session="stopped"]')`)
	b.shown(`li[data-session="kept"]`)
	b.click(`li[data-session="kept"] a[data-open="session"]`)
	b.shown(`body[data-view="story"]`)
	b.click(`button[data-action="lose"]`)
	b.says("#notice", "lost")
	assert.Len(t, s.Faults(), 1)
	b.shown(`body[data-view="story"]`)

	b.open(s.url("/"))
	b.click(`details[data-open="reset"] > summary`)
	b.click(`button[data-action="reset"]`)
	b.says("#notice", "removed")
	assert.Empty(t, s.Sessions())
	s.create("later", time.Hour)
	b.shown(`li[data-session="later"]`)
}
