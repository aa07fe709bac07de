// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const formType = "application/x-www-form-urlencoded"

// browse gets a page in memory.
func (s *service) browse(target string) reply {
	s.t.Helper()
	return s.send("GET", "http://localhost"+target, "", nil)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// pageToken returns the token of the forms.
func (s *service) pageToken() string {
	s.t.Helper()
	found := tokenField.FindStringSubmatch(s.browse("/").body)
	require.NotNil(s.t, found, "the page has no forms")
	return found[1]
}

// press sends a form as the page does. Fields are as in a query.
func (s *service) press(fields string) reply {
	s.t.Helper()
	return s.send("POST", "http://localhost/_page/actions", "token="+s.pageToken()+"&"+fields,
		http.Header{"Content-Type": {formType}})
}

// Every button does what the administrative path does, and leads back to the page.
func TestPageActionsOnASession(t *testing.T) {
	for action, want := range map[string]string{"stop": "Stopped", "expire": "Expired", "error": "Error"} {
		s := start(t, emulator.Options{Admin: true})
		s.create("a", standard5)
		r := s.press("action=" + action + "&session=a&back=" + url.QueryEscape("/?q=a&show=living"))
		require.Equal(t, http.StatusSeeOther, r.status, r.body)
		assert.Equal(t, "/?done="+action+"&q=a&show=living", r.header.Get("Location"))
		assert.Equal(t, want, s.look("a").Status)
		assert.Contains(t, s.browse(r.header.Get("Location")).body, `role="status" tabindex="-1">The session `)

		r = s.press("action=" + action + "&session=a")
		assert.Equal(t, http.StatusConflict, r.status, "it has ended")
		assert.Contains(t, r.body, `<p id="problem" role="alert">That is not possible: `)
		assert.Equal(t, http.StatusNotFound, s.press("action="+action+"&session=b").status)
		assert.Equal(t, http.StatusNotFound, s.press("action="+action).status)
	}
}

func TestPageActionsOnTheEmulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true})
		before := s.Clock().Now()
		require.Equal(t, http.StatusSeeOther, s.press("action=advance").status)
		assert.Equal(t, 10*time.Minute, s.Clock().Now().Sub(before))

		require.Equal(t, http.StatusSeeOther, s.press("action=lose&session=a").status)
		s.create("b", standard5)
		_, err := s.Transport().Do(s.request("PUT", s.session("a")+apiVersion, standard5))
		require.Error(t, err, "the answer is lost")
		assert.Equal(t, "Ready", s.look("a").Status, "the session is there")
		require.Equal(t, http.StatusSeeOther, s.press("action=remove-fault&fault=1").status)
		assert.Empty(t, s.Faults())
		assert.Equal(t, http.StatusNotFound, s.press("action=remove-fault&fault=1").status)

		require.Equal(t, http.StatusSeeOther, s.press("action=throttle").status)
		throttled := s.get("b")
		assert.Equal(t, http.StatusTooManyRequests, throttled.status)
		assert.Equal(t, "15", throttled.header.Get("Retry-After"))
		time.Sleep(time.Minute)
		assert.Equal(t, http.StatusOK, s.get("b").status)

		require.Equal(t, http.StatusSeeOther, s.press("action=reset").status)
		assert.Empty(t, s.Sessions())
	})
}

// request returns a request with the access token.
func (s *service) request(method, path, body string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method,
		"https://remoterendering.example"+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+s.token)
	return r
}

// A form is obeyed only if it is one that the page of this run has sent.
func TestPageActionsRefuseForgedForms(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	other := start(t, emulator.Options{Admin: true})
	s.create("a", standard5)
	token := s.pageToken()
	stop := "&action=stop&session=a"
	valid := "token=" + token + stop
	form := func(more ...string) http.Header {
		h := http.Header{"Content-Type": {formType}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	for name, test := range map[string]struct {
		method, host, body string
		header             http.Header
		want               int
	}{
		"no token":             {body: "action=stop&session=a", want: 403},
		"empty token":          {body: "token=" + stop, want: 403},
		"wrong token":          {body: "token=x" + token + stop, want: 403},
		"token of another run": {body: "token=" + other.pageToken() + stop, want: 403},
		"token in the query":   {host: "localhost", body: "action=stop&session=a", want: 403},
		"foreign origin":       {body: valid, header: form("Origin", "http://evil.example"), want: 403},
		"other port":           {body: valid, header: form("Origin", "http://localhost:81"), want: 403},
		"opaque origin":        {body: valid, header: form("Origin", "null"), want: 403},
		"cross-site":           {body: valid, header: form("Sec-Fetch-Site", "cross-site"), want: 403},
		"same site":            {body: valid, header: form("Sec-Fetch-Site", "same-site"), want: 403},
		"foreign host":         {host: "evil.example", body: valid, want: 404},
		"get":                  {method: "GET", body: valid, want: 405},
		"head":                 {method: "HEAD", want: 405},
		"put":                  {method: "PUT", body: valid, want: 405},
		"text": {
			body: valid, header: http.Header{"Content-Type": {"text/plain"}}, want: 415,
		},
		"json": {
			body: `{"token":"` + token + `"}`, header: http.Header{"Content-Type": {"application/json"}}, want: 415,
		},
		"no type":        {body: valid, header: http.Header{}, want: 415},
		"malformed":      {body: "token=" + token + "&%zz", want: 400},
		"unknown action": {body: "token=" + token + "&action=start&session=a", want: 400},
		"no action":      {body: "token=" + token, want: 400},
		"long":           {body: "token=" + token + "&x=" + strings.Repeat("x", 1<<20), want: 413},
	} {
		method, host, header := test.method, test.host, test.header
		if method == "" {
			method = "POST"
		}
		if host == "" {
			host = "localhost"
		}
		if header == nil {
			header = form()
		}
		target := "http://" + host + "/_page/actions"
		if name == "token in the query" {
			target += "?token=" + token
		}
		r := s.send(method, target, test.body, header)
		assert.Equal(t, test.want, r.status, "%s: %s", name, r.body)
		assert.NotEqual(t, "Stopped", s.look("a").Status, name)
	}
	r := s.send("POST", "http://localhost/_page/actions", "token=x"+stop, form("Origin", "http://localhost"))
	assert.Contains(t, r.body, `role="alert">Nothing was done: the emulator has been started anew`)
	r = s.send("POST", "http://localhost/_page/actions", valid, form("Origin", "http://localhost"))
	assert.Equal(t, http.StatusSeeOther, r.status, r.body)
	assert.Equal(t, "Stopped", s.look("a").Status)
}

// Wherever a form says that it came from, the answer leads to the page and nowhere else.
func TestPageActionsLeadBackToThePage(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	for _, back := range []string{
		"https://evil.example/", "//evil.example", `\\evil.example`, "javascript:alert(1)", "%zz", "/other?x=1",
	} {
		r := s.press("action=advance&back=" + url.QueryEscape(back))
		assert.Equal(t, "/?done=advance", r.header.Get("Location"), back)
	}
}

// Without the administrative path there are no forms, and none is obeyed.
func TestPageActionsNeedAdmin(t *testing.T) {
	s := start(t, emulator.Options{})
	s.create("a", standard5)
	body := s.browse("/").body
	assert.Contains(t, body, `data-session="a"`)
	assert.NotContains(t, body, "data-action=")
	assert.NotContains(t, body, `name="token"`)
	assert.NotContains(t, s.browse("/?session=a").body, "data-action=")
	for _, method := range []string{"GET", "POST"} {
		r := s.send(method, "http://localhost/_page/actions", "token=&action=stop&session=a",
			http.Header{"Content-Type": {formType}})
		assert.Equal(t, http.StatusNotFound, r.status)
	}
	assert.Equal(t, "Ready", s.look("a").Status)
}

// Another machine sees the page, its files and its events, and can use its forms, only with Admin;
// a web page never, under a name of its own (DNS rebinding) or from another origin.
func TestPageFolderIsGuarded(t *testing.T) {
	asset := regexp.MustCompile(`/_page/page-[0-9a-f]+\.js`).FindString(start(t, emulator.Options{}).browse("/").body)
	require.NotEmpty(t, asset)
	for _, path := range []string{"/", "/?session=a", "/_page/events", "/_page/actions", "/_page/x", asset} {
		for _, admin := range []bool{false, true} {
			s := start(t, emulator.Options{Admin: admin})
			for host, want := range map[string]int{"evil.example": 421, "localhost.evil.example": 421} {
				for _, method := range []string{"GET", "POST"} {
					assert.Equal(t, want, s.overNetwork(method, path, host, "127.0.0.1:5", nil), "%s %s", host, path)
				}
			}
			for _, header := range []http.Header{
				{"Origin": {"http://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}},
			} {
				for _, method := range []string{"GET", "POST"} {
					assert.Equal(t, 403, s.overNetwork(method, path, "localhost", "127.0.0.1:5", header), path)
				}
			}
			if !admin {
				assert.Equal(t, 404, s.overNetwork("GET", path, "localhost", "192.0.2.7:5", nil), path)
			}
		}
	}
}

// overNetwork sends a request as if it came from a peer, and returns the status.
func (s *service) overNetwork(method, path, host, peer string, header http.Header) int {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.WithValue(s.t.Context(), http.ServerContextKey, &http.Server{}))
	cancel() // ends streams
	r := httptest.NewRequestWithContext(ctx, method, path, nil)
	r.Host, r.RemoteAddr = host, peer
	for name, values := range header {
		r.Header[name] = values
	}
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	return recorder.Code
}
