// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// maxTabs is more than any page here has places to go.
const maxTabs = 60

// visibleFocus is true if the browser marks the focused element, which has a place on the page.
const visibleFocus = `(() => {
  const style = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && box.width > 1 && box.height > 1;
})()`

// tabTo presses Tab until the focus is on an element, and checks that it can be seen all the way.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range maxTabs {
		b.do(chromedp.KeyEvent(kb.Tab))
		if evaluate[bool](b, "document.activeElement === document.body") {
			continue // the focus goes once around the window
		}
		assert.True(b.t, evaluate[bool](b, visibleFocus), "the focus cannot be seen on %s",
			evaluate[string](b, "document.activeElement.outerHTML.slice(0, 200)"))
		if evaluate[bool](b, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	require.Fail(b.t, "Tab does not lead there", selector)
}

// Everything can be done with Tab, Enter and Space.
func TestKeyboardIsEnough(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("one", time.Hour)
	s.create("two", time.Hour)
	s.advance(startup)
	b := newTab(t)
	b.open(s.url("/"))
	b.live()

	b.tabTo(`button[data-action="lose"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shown(`tr[data-fault="1"]`)
	b.tabTo(`button[data-action="remove-fault"]`)
	b.do(chromedp.KeyEvent(" "))
	b.until(`!document.querySelector('tr[data-fault="1"]')`)

	b.tabTo(`li[data-session="one"] button[data-action="stop"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shown(`li[data-session="one"][data-status="Stopped"]`)
	assert.Equal(t, azremoterendering.SessionStatusStopped, s.status("one"))
	assert.Equal(t, "notice", evaluate[string](b, "document.activeElement.id"),
		"the focus goes from the button that is gone to what it did")

	b.tabTo(`li[data-session="two"] a[data-open="session"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shown(`body[data-view="story"] [data-session="two"]`)
	b.live()
	b.tabTo(`li[data-event="request"] summary`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector('li[data-event="request"] details').open`)
	b.tabTo(`button[data-action="expire"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shown(`[data-section="story"][data-status="Expired"]`)

	b.tabTo(`.back a`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.shown(`body[data-view="list"]`)
	b.live()
	b.tabTo(`details[data-open="reset"] > summary`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.tabTo(`button[data-action="reset"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`!document.querySelector("li[data-session]")`)
	assert.Empty(t, s.Sessions())
}

// A search is typed, and narrows the page as it is.
func TestSearchByKeyboard(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("apple", time.Hour)
	s.create("banana", time.Hour)
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	b.tabTo(`input[name="q"]`)
	b.unloaded()
	b.do(chromedp.KeyEvent("bana"))
	b.until(`!document.querySelector('li[data-session="apple"]')`)
	b.shown(`li[data-session="banana"]`)
	assert.Equal(t, "bana", evaluate[string](b, "document.activeElement.value"), "typing goes on")
	assert.Equal(t, "?q=bana", evaluate[string](b, "location.search"), "it can be shared and reloaded")
	s.create("bananas", time.Hour)
	b.shown(`li[data-session="bananas"]`)
	assert.False(t, evaluate[bool](b, `!!document.querySelector('li[data-session="apple"]')`))
}
