// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// wireReply is what a client sees of an answer. With err there is none.
type wireReply struct {
	reply
	length  int64
	bodyErr error // that ended the body, nil at its end
	err     error
}

// doer sends requests to a service.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

// try sends a request with the access token over a transport.
func (s *service) try(client doer, method, target, body string) wireReply {
	s.t.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.host+target, sent)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := client.Do(req)
	if err != nil {
		return wireReply{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return wireReply{
		reply{resp.StatusCode, resp.Header, string(data)},
		resp.ContentLength,
		err,
		nil,
	}
}

// onEachTransport runs a test in memory, over HTTP/1.1 and over HTTP/2. The client never reuses a
// connection: net/http's repeats a GET by itself if one that it reuses breaks.
func onEachTransport(
	t *testing.T,
	options emulator.Options,
	test func(t *testing.T, s *service, client doer),
) {
	t.Run("in memory", func(t *testing.T) {
		s := start(t, options).in("https://remoterendering.example")
		test(t, s, s.Transport())
	})
	t.Run("HTTP/1.1", func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		s := start(t, options)
		server, err := s.Listen("")
		require.NoError(t, err)
		test(t, s.in(server.URL), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
		require.NoError(t, server.Close())
	})
	t.Run("HTTP/2", func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		s := start(t, options)
		authority := openAuthority(t, t.TempDir())
		server, err := s.ListenTLS("", authority.TLSConfig())
		require.NoError(t, err)
		transport := &http.Transport{ForceAttemptHTTP2: true, DisableKeepAlives: true}
		transport.TLSClientConfig = authority.TLSConfig()
		transport.TLSClientConfig.RootCAs = authority.CertPool()
		transport.TLSClientConfig.GetCertificate = nil
		test(t, s.in(server.URL), &http.Client{Transport: transport})
		transport.CloseIdleConnections()
		require.NoError(t, server.Close())
	})
}

// inject puts a fault in force that must be valid.
func (s *service) inject(f emulator.Fault) (remove func()) {
	s.t.Helper()
	remove, err := s.Inject(f)
	require.NoError(s.t, err)
	return remove
}

// exists asks past all faults whether there is a session.
func (s *service) exists(id string) bool {
	s.t.Helper()
	s.ClearFaults()
	view := s.in("")
	return view.get(id).status == http.StatusOK
}

func TestStatusFault(t *testing.T) {
	onEachTransport(t, emulator.Options{}, func(t *testing.T, s *service, client doer) {
		for _, test := range []struct {
			fault       emulator.Fault
			code        string
			header, not map[string]string
		}{
			{
				fault:  emulator.Fault{Status: 503, RetryAfter: 15 * time.Second},
				code:   "ServiceUnavailable",
				header: map[string]string{"Retry-After": "15"},
			},
			{
				fault: emulator.Fault{Status: 500},
				code:  "InternalServerError",
				not:   map[string]string{"Retry-After": ""},
			},
			{
				fault:  emulator.Fault{Status: 429, RetryAfter: time.Second},
				header: map[string]string{"Retry-After": "1", "Content-Length": "0"},
			},
			{fault: emulator.Fault{Status: 599}, code: "Fault"},
			{fault: emulator.Fault{Status: 403}},
			{fault: emulator.Fault{Status: 404}},
			{fault: emulator.Fault{Status: 200}},
			{fault: emulator.Fault{Status: 204}},
			{fault: emulator.Fault{Status: 304}},
			{
				fault:  emulator.Fault{Status: 401},
				header: map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`},
			},
			{fault: emulator.Fault{Status: 401, Challenge: "none"}, not: map[string]string{"WWW-Authenticate": ""}},
			{
				fault:  emulator.Fault{Status: 401, Challenge: `Bearer realm="x, y"`},
				header: map[string]string{"WWW-Authenticate": `Bearer realm="x, y"`},
			},
		} {
			remove := s.inject(test.fault)
			r := s.try(client, http.MethodPut, s.session("a")+apiVersion, standard5)
			remove()
			require.NoError(t, r.err)
			require.NoError(t, r.bodyErr)
			assert.Equal(t, test.fault.Status, r.status)
			assert.Equal(t, test.code, r.code(t))
			assert.NotEmpty(t, r.header.Get("MS-CV"))
			for name, value := range test.header {
				assert.Equal(t, value, r.header.Get(name), name)
			}
			for name := range test.not {
				assert.Empty(t, r.header.Values(name), name)
			}
		}
		assert.False(t, s.exists("a"), "no request was performed")

		s.inject(emulator.Fault{Status: 500, AfterEffect: true})
		r := s.try(client, http.MethodPut, s.session("a")+apiVersion, standard5)
		assert.Equal(t, "InternalServerError", r.code(t))
		assert.True(t, s.exists("a"), "it was performed")
	})
}

func TestDroppedConnection(t *testing.T) {
	onEachTransport(t, emulator.Options{}, func(t *testing.T, s *service, client doer) {
		for _, drop := range []emulator.Drop{emulator.DropBefore, emulator.DropAfter} {
			s.inject(emulator.Fault{Drop: drop})
			r := s.try(client, http.MethodPut, s.session(string(drop))+apiVersion, standard5)
			require.Error(t, r.err)
			if s.host == "https://remoterendering.example" {
				require.ErrorIs(t, r.err, syscall.ECONNRESET)
				require.ErrorContains(t, r.err, "drop="+string(drop))
			}
			assert.Equal(t, drop == emulator.DropAfter, s.exists(string(drop)))
		}
	})
}

func TestSpoiltBody(t *testing.T) {
	onEachTransport(t, emulator.Options{}, func(t *testing.T, s *service, client doer) {
		s.in("").create("a", standard5)
		get := func(f emulator.Fault) wireReply {
			defer s.inject(f)()
			r := s.try(client, http.MethodGet, s.session("a")+apiVersion, "")
			require.NoError(t, r.err)
			return r
		}
		whole := get(emulator.Fault{Delay: 1}).body

		r := get(emulator.Fault{Body: emulator.BodyTruncated})
		assert.Equal(t, http.StatusOK, r.status)
		require.Error(t, r.bodyErr)
		if !strings.Contains(r.bodyErr.Error(), "stream error") { // as HTTP/2 says it
			require.ErrorIs(t, r.bodyErr, io.ErrUnexpectedEOF)
		}
		assert.EqualValues(t, len(whole), r.length)
		assert.Equal(t, whole[:len(whole)/2], r.body)

		r = get(emulator.Fault{Body: emulator.BodyInvalid})
		require.NoError(t, r.bodyErr)
		assert.False(t, json.Valid([]byte(r.body)))
		assert.Equal(t, "application/json; charset=utf-8", r.header.Get("Content-Type"))
		assert.EqualValues(t, len(r.body), r.length)

		r = get(emulator.Fault{Body: emulator.BodyEmpty})
		require.NoError(t, r.bodyErr)
		assert.Equal(t, http.StatusOK, r.status)
		assert.Empty(t, r.body)
		assert.Zero(t, r.length)

		r = get(emulator.Fault{Body: emulator.BodySlow, SlowFor: 20 * time.Millisecond})
		require.NoError(t, r.bodyErr)
		assert.Equal(t, whole, r.body)

		r = get(emulator.Fault{Status: 401, Body: emulator.BodyInvalid})
		assert.Equal(t, http.StatusUnauthorized, r.status)
		assert.Contains(t, r.body, "<html>", "also where there was none")

		s.inject(emulator.Fault{Body: emulator.BodyInvalid})
		r = s.try(client, http.MethodPost, s.session("a/:stop")+apiVersion, "ignored")
		assert.Equal(t, http.StatusNoContent, r.status)
		assert.Empty(t, r.body)
	})
}

func TestShownValues(t *testing.T) {
	onEachTransport(t, emulator.Options{}, func(t *testing.T, s *service, client doer) {
		remove := s.inject(emulator.Fault{ShowStatus: "Melting", ShowSize: "Huge"})
		for _, r := range []wireReply{
			s.try(client, http.MethodPut, s.session("a")+apiVersion, standard5),
			s.try(client, http.MethodGet, s.session("a")+apiVersion, ""),
			s.try(client, http.MethodPatch, s.session("a")+apiVersion, `{"maxLeaseTimeMinutes":9}`),
		} {
			assert.Equal(t, "Melting", r.session(t).Status)
			assert.Equal(t, "Huge", r.session(t).Size)
		}
		assert.Contains(
			t,
			s.try(client, http.MethodGet, s.list()+apiVersion, "").body,
			`"size":"Huge","status":"Melting"`,
		)
		remove()
		assert.Equal(t, "Ready", s.in("").look("a").Status, "the session is as it was")
		assert.Equal(t, "Standard", s.in("").look("a").Size)
	})
}

func TestSpoiltNextLink(t *testing.T) {
	onEachTransport(
		t,
		emulator.Options{Decisions: emulator.Decisions{PageSize: 1}},
		func(t *testing.T, s *service, client doer) {
			s.in("").create("a", standard5)
			s.in("").create("b", standard5)
			link := func(target string) string {
				var page struct {
					NextLink string `json:"@nextLink"`
				}
				require.NoError(
					t,
					json.Unmarshal([]byte(s.try(client, http.MethodGet, target, "").body), &page),
				)
				return page.NextLink
			}
			first := s.list() + apiVersion
			honest := link(first)
			last := strings.TrimPrefix(honest, s.host)
			require.NotEqual(t, honest, last)

			remove := s.inject(emulator.Fault{NextLink: emulator.NextLinkForeign})
			assert.Equal(t, "https://foreign.invalid"+last, link(first))
			assert.Equal(t, "https://foreign.invalid"+last, link(last), "also on the last page")
			remove()
			remove = s.inject(emulator.Fault{NextLink: emulator.NextLinkRelative})
			assert.Equal(t, last, link(first))
			assert.Empty(t, link(last))
			remove()
			s.inject(emulator.Fault{NextLink: emulator.NextLinkLoop})
			assert.Equal(t, s.host+first, link(first))
			assert.Equal(t, s.host+last, link(last))
		},
	)
}

func TestFaultsAreLogged(t *testing.T) {
	var log bytes.Buffer
	s := start(t, emulator.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	s.inject(emulator.Fault{Name: "tired", Delay: 1})
	s.inject(emulator.Fault{Status: 503, RetryAfter: time.Minute})
	log.Reset()
	s.put("a", standard5)
	assert.Contains(t, log.String(), `"faults":["tired","status=503 retry-after=1m"]`)
	log.Reset()
	s.call(http.MethodGet, "/nowhere", "")
	assert.NotContains(t, log.String(), "faults", "what is no operation is not affected")
	s.ClearFaults()
	s.inject(emulator.Fault{Drop: emulator.DropAfter})
	log.Reset()
	s.in("https://x").try(s.Transport(), http.MethodPut, s.session("a")+apiVersion, standard5)
	assert.Contains(t, log.String(), `"status":0`)
}

// Faults come before authorization, and what they answer does not count for the rate limit.
func TestFaultsComeFirst(t *testing.T) {
	s := start(t, emulator.Options{RateLimit: emulator.RateLimit{Requests: 1}})
	remove := s.inject(emulator.Fault{Status: 503})
	assert.Equal(t, http.StatusServiceUnavailable, s.get("a").status)
	assert.Equal(
		t,
		http.StatusServiceUnavailable,
		s.send(http.MethodGet, s.session("a")+apiVersion, "", nil).status,
	)
	remove()
	assert.Equal(t, http.StatusNotFound, s.get("a").status)
	assert.Equal(t, http.StatusTooManyRequests, s.get("a").status)
}

func TestFaultsSpoilTheAnswerToAPanic(t *testing.T) {
	s := start(
		t,
		emulator.Options{
			StartupTime: func(azremoterendering.SessionSize) time.Duration { panic("no time") },
		},
	)
	s.inject(emulator.Fault{Body: emulator.BodyEmpty})
	r := s.put("a", standard5)
	assert.Equal(t, http.StatusInternalServerError, r.status)
	assert.Empty(t, r.body)
}
