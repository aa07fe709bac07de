// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// site is a web site of an attacker: another port of this machine, so another origin.
func site(t *testing.T, html string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, html)
	}))
	t.Cleanup(server.Close)
	return server
}

// token returns what the forms of the page have against forms from elsewhere.
func token(b *tab) string {
	b.t.Helper()
	value := evaluate[string](b, `document.querySelector('input[name="token"]').value`)
	require.NotEmpty(b.t, value)
	return value
}

// actions is the address of the forms of the page.
func actions(b *tab) string {
	b.t.Helper()
	return evaluate[string](b, `document.querySelector('form[data-form="action"]').getAttribute("action")`)
}

// A page of another origin cannot press a button, even if it knows the token.
func TestFormOfAnotherOriginIsRefused(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("kept", time.Hour)
	victim := newTab(t)
	victim.open(s.url("/"))
	victim.live()
	for name, value := range map[string]string{"with the token": token(victim), "without it": ""} {
		t.Run(name, func(t *testing.T) {
			attacker := site(t, fmt.Sprintf(`<!DOCTYPE html><title>a</title><link rel="icon" href="data:,">
<form method="post" action="%s"><input name="token" value="%s">
<button id="go" name="action" value="reset">go</button></form>`,
				s.url(actions(victim)), value))
			b := newTab(t)
			b.open(attacker.URL)
			answer, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS("#go"), chromedp.NodeVisible))
			require.NoError(t, err)
			assert.EqualValues(t, http.StatusForbidden, answer.Status)
			assert.Len(t, s.Sessions(), 1)
			assert.Empty(t, withoutNetwork(b.takeComplaints()), "but for the status, 403")
		})
	}
}

// A form with an old or invented token is refused too, from whichever page.
func TestFormWithoutTheTokenIsRefused(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("kept", time.Hour)
	b := newTab(t)
	b.open(s.url("/"))
	b.live()
	status := evaluate[int](b, fmt.Sprintf(
		`fetch(%q, {method: "POST", body: new URLSearchParams({action: "reset", token: "invented"})})`+
			`.then(r => r.status)`, actions(b)))
	assert.Equal(t, http.StatusForbidden, status)
	assert.Len(t, s.Sessions(), 1)
	assert.Empty(t, withoutNetwork(b.takeComplaints()))
}

// A page of another origin can neither read the page, nor its events, nor show it in a frame, nor
// use the administrative path.
func TestPageOfAnotherOriginReadsNothing(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("secret-project", time.Hour)
	attacker := site(t, `<!DOCTYPE html><title>a</title><link rel="icon" href="data:,"><body></body>`)
	b := newTab(t)
	b.open(attacker.URL)
	const outcome = `.then(r => "read " + r.type + " " + r.status).catch(e => e.name)`
	for name, request := range map[string]string{
		"page": fmt.Sprintf(`fetch(%q)`, s.url("/")),
		"events": fmt.Sprintf(`new Promise((done, failed) => {
			const e = new EventSource(%q);
			e.onopen = () => done({type: "events", status: 200});
			e.onerror = () => { e.close(); failed(new TypeError()) };
		})`, s.url("/_page/events")),
		"state": fmt.Sprintf(`fetch(%q)`, s.url("/_emulator/state")),
		"reset": fmt.Sprintf(`fetch(%q, {method: "POST", headers: {"Content-Type": "application/json"}})`,
			s.url("/_emulator/reset")),
	} {
		assert.Equal(t, "TypeError", evaluate[string](b, request+outcome), name)
	}
	framed := evaluate[string](b, fmt.Sprintf(`new Promise((done) => {
		const frame = document.createElement("iframe");
		frame.src = %q;
		frame.onload = () => { try { done("read " + frame.contentDocument.title) } catch (e) { done(e.name) } };
		document.body.append(frame);
	})`, s.url("/")))
	assert.NotContains(t, framed, "emulator")
	assert.Len(t, s.Sessions(), 1)
	b.takeComplaints() // Chromium reports each refusal
}

// A name of an attacker that leads to this machine shows nothing and changes nothing: the answer to
// DNS rebinding.
func TestForeignNameOfThisMachineIsRefused(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	s.create("kept", time.Hour)
	own := newTab(t)
	own.open(s.url("/"))
	own.live()
	address, err := url.Parse(s.server.URL)
	require.NoError(t, err)
	foreign := "http://" + strangeHost + ":" + address.Port()

	b := newTab(t)
	for path, want := range map[string]int{
		"/": http.StatusMisdirectedRequest, "/?session=kept": http.StatusMisdirectedRequest,
		"/_page/events": http.StatusMisdirectedRequest, "/_emulator/state": http.StatusForbidden,
	} {
		answer := get(b, chromedp.NavigateResponse(foreign+path))
		assert.Equal(t, "127.0.0.1", answer.RemoteIPAddress, "the name leads here")
		assert.EqualValues(t, want, answer.Status, path)
		assert.NotContains(t, b.text("html"), "kept")
	}
	// The document that was refused has the origin of the foreign name, as a page that was rebound has.
	const reset = `fetch("/_emulator/reset", {method: "POST", headers: {"Content-Type": "application/json"}})`
	for request, want := range map[string]int{
		fmt.Sprintf(`fetch(%q, {method: "POST", body: new URLSearchParams({action: "reset", token: %q})})`,
			actions(own), token(own)): http.StatusMisdirectedRequest,
		reset: http.StatusForbidden,
	} {
		assert.Equal(t, want, evaluate[int](b, request+".then(r => r.status)"))
	}
	assert.Len(t, s.Sessions(), 1)
	for _, complaint := range b.takeComplaints() {
		assert.True(t, strings.HasPrefix(complaint, "network: "), complaint)
	}
}
