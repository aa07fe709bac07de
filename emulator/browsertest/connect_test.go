// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// withClipboard lets the page read the clipboard, which a user would be asked for.
func (b *tab) withClipboard(origin string) {
	b.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Origin: origin, Permission: &browser.PermissionDescriptor{Name: name},
			Setting:          browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		})
		require.NoError(b.t, err)
	}
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
}

// copied waits until the clipboard has a text.
func (b *tab) copied(text string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := strings.TrimSpace(evaluate[string](b, "navigator.clipboard.readText()"))
		if got == strings.TrimSpace(text) {
			return
		}
		require.Less(b.t, time.Now(), deadline, "the clipboard has %q instead of %q", got, text)
		time.Sleep(20 * time.Millisecond)
	}
}

// devService is an emulator with the development account, as arr emulator has by default.
func devService(t *testing.T, options emulator.Options) *service {
	t.Helper()
	options.Accounts = []emulator.AccountOptions{{
		ID: emulator.DevelopmentAccountID, PrimaryKey: emulator.DevelopmentKey,
	}}
	return newService(t, options)
}

// The box has all that a client needs, and copies it: each value, and the text for each client.
func TestConnectBoxCopies(t *testing.T) {
	s := devService(t, emulator.Options{Admin: true})
	b := newTab(t)
	b.withClipboard(s.server.URL)
	b.open(s.url("/"))
	b.live()
	b.unloaded()
	b.shown(`details[data-section="connect"][open]`)
	for name, want := range map[string]string{
		"endpoint": s.server.URL, "sts-endpoint": s.server.URL, "account-id": emulator.DevelopmentAccountID,
		"account-key": emulator.DevelopmentKey, "account-domain": s.Account().Domain,
	} {
		assert.Equal(t, want, b.text(fmt.Sprintf("[data-value=%q]", name)), name)
		b.click(fmt.Sprintf(`button[data-copy="value-%s"]`, name))
		b.copied(want)
	}
	clients := evaluate[[]string](b,
		`[...document.querySelectorAll("input[data-client]")].map((i) => i.dataset.client)`)
	for _, name := range []string{"Go", "Python", "Java", "C#", "JavaScript", "Variables, PowerShell", "curl"} {
		assert.Contains(t, clients, name)
	}
	for _, name := range clients {
		panel := fmt.Sprintf("[data-code=%q]", name)
		b.click(fmt.Sprintf("input[data-client=%q] + label", name))
		b.until(fmt.Sprintf("document.querySelector(%q).checkVisibility()", panel))
		assert.Equal(t, 1, evaluate[int](b,
			`[...document.querySelectorAll("[data-code]")].filter((p) => p.checkVisibility()).length`), name)
		if !evaluate[bool](b, fmt.Sprintf("!!document.querySelector(%q)", panel+" pre")) {
			continue // it says why there is none
		}
		b.click(panel + " button[data-copy]")
		b.copied(b.text(panel + " pre"))
		b.says("#notice", "Copied")
	}
}

// Browsers give a page over http no clipboard, unless it comes from this machine by its own name.
func TestConnectBoxCopiesWithoutTheClipboardAPI(t *testing.T) {
	s := devService(t, emulator.Options{Admin: true, AllowHosts: []string{ownHost}})
	address, err := url.Parse(s.server.URL)
	require.NoError(t, err)
	b := newTab(t)
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.open("http://" + ownHost + ":" + address.Port() + "/")
	b.live()
	require.False(t, evaluate[bool](b, "isSecureContext"))
	b.click(`button[data-copy="value-account-id"]`)
	b.says("#notice", "Copied")
	for _, complaint := range b.takeComplaints() {
		assert.Contains(t, complaint, "Cross-Origin-Opener-Policy", "which Chromium heeds over https alone")
	}
	b.withClipboard(s.server.URL)
	b.open(s.url("/"))
	b.copied(emulator.DevelopmentAccountID)
}

func TestConnectBoxByKeyboard(t *testing.T) {
	s := devService(t, emulator.Options{})
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	clients := evaluate[[]string](b,
		`[...document.querySelectorAll("input[data-client]")].map((i) => i.dataset.client)`)
	b.tabTo("input[data-client]")
	for _, name := range clients[1:] {
		b.do(chromedp.KeyEvent(kb.ArrowRight))
		b.until(fmt.Sprintf("document.querySelector('[data-code=%q]').checkVisibility()", name))
	}
	s.create("arrives", time.Hour)
	b.shown(`li[data-session="arrives"]`)
	assert.True(t, evaluate[bool](b, fmt.Sprintf(
		"document.querySelector('[data-code=%q]').checkVisibility()", clients[len(clients)-1])),
		"an update leaves the choice")
}

// A key that is not published is not on the page.
func TestConnectBoxHidesRandomKeys(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	b := newTab(t)
	b.open(s.url("/"))
	b.shown(`[data-section="connect"]`)
	html := evaluate[string](b, "document.documentElement.outerHTML")
	for _, key := range []string{s.Key(), s.SecondaryKey(), url.QueryEscape(s.Key())} {
		assert.NotContains(t, html, key)
	}
}
