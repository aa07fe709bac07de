// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/emulator"
)

// clientOf returns a client that trusts the authority alone and resolves all names to the server.
func clientOf(
	t *testing.T,
	a *emulator.Authority,
	server *emulator.Server,
	http2 bool,
) *http.Client {
	t.Helper()
	address := strings.TrimPrefix(server.URL, "https://")
	transport := &http.Transport{
		ForceAttemptHTTP2: http2,
		TLSClientConfig:   &tls.Config{RootCAs: a.CertPool()},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// lines is a place to write a log to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestListenTLS(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var log lines
	s := start(t, emulator.Options{
		Domain: arrTest,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	a := openAuthority(t, t.TempDir(), arrTest)
	server, err := s.ListenTLS("", a.TLSConfig())
	require.NoError(t, err)
	assert.Regexp(t, `^https://127\.0\.0\.1:[0-9]+$`, server.URL)
	s.create("a", standard5)

	for _, http2 := range []bool{false, true} {
		client := clientOf(t, a, server, http2)
		for _, base := range []string{
			server.URL, "https://localhost", "https://sts.arr.test",
			"https://remoterendering.westeurope.arr.test",
		} {
			resp := s.overSocket(client, http.MethodGet, base+s.session("a")+apiVersion, "")
			assert.Equal(t, http.StatusOK, resp.StatusCode, base)
			assert.Equal(t, map[bool]int{false: 1, true: 2}[http2], resp.ProtoMajor)
			assert.GreaterOrEqual(t, resp.TLS.Version, uint16(tls.VersionTLS12))
		}
		for _, name := range []string{
			"other.test", "notarr.test", "remoterendering.westeurope.mixedreality.azure.com",
		} {
			_, err := client.Get("https://" + name)
			require.ErrorContains(t, err, "remote error: tls: ", name)
			assert.Eventually(
				t,
				func() bool { return strings.Contains(log.String(), `no certificate for \"`+name) },
				5*time.Second,
				time.Millisecond,
			)
		}
		client.CloseIdleConnections()
	}
	assert.Contains(
		t,
		log.String(),
		"the authority is for arr.test, localhost, 127.0.0.0/8, ::1/128; use one of these names",
	)
	for _, secret := range secretsOf(t, a) {
		assert.NotContains(t, log.String(), secret)
	}

	_, err = (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}}).Get(
		server.URL,
	)
	require.ErrorContains(t, err, "certificate signed by unknown authority")
	require.NoError(t, server.Close())
	require.NoError(t, server.Close(), "again")
	_, err = net.Dial("tcp", strings.TrimPrefix(server.URL, "https://"))
	require.Error(t, err)
	assert.Len(t, s.walk(), 1, "the sessions stay")
}

func TestListenTLSOnIPv6(t *testing.T) {
	if listener, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		require.NoError(t, listener.Close())
	}
	s := start(t, emulator.Options{})
	a := openAuthority(t, t.TempDir())
	server, err := s.ListenTLS("[::1]:0", a.TLSConfig())
	require.NoError(t, err)
	defer server.Close()
	resp := s.overSocket(
		clientOf(t, a, server, true),
		http.MethodGet,
		server.URL+s.list()+apiVersion,
		"",
	)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

// Over HTTP/2 all header names are in lower case; the answers are the same.
func TestHTTP2GivesTheSameAnswers(t *testing.T) {
	s := start(t, emulator.Options{})
	a := openAuthority(t, t.TempDir(), arrTest)
	server, err := s.ListenTLS("", a.TLSConfig())
	require.NoError(t, err)
	defer server.Close()
	ask := func(client *http.Client, method, path, body string) (int, http.Header, string) {
		req, err := http.NewRequestWithContext(
			t.Context(),
			method,
			server.URL+path,
			strings.NewReader(body),
		)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+s.token)
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Regexp(t, `^[A-Za-z0-9+/]{22}\.0$`, resp.Header.Get("MS-CV"))
		for _, changing := range []string{"MS-CV", "Date"} {
			assert.Len(t, resp.Header.Values(changing), 1)
			resp.Header.Del(changing)
		}
		return resp.StatusCode, resp.Header, string(text)
	}
	old, h2 := clientOf(t, a, server, false), clientOf(t, a, server, true)
	status, _, _ := ask(h2, http.MethodPut, s.session("a")+apiVersion, standard5)
	require.Equal(t, http.StatusCreated, status)
	s.create("b", standard5)
	for _, test := range []struct{ method, path, body string }{
		{http.MethodGet, s.session("a") + apiVersion, ""},
		{http.MethodPut, s.session("a") + apiVersion, standard5},
		{http.MethodPatch, s.session("a") + apiVersion, `{"maxLeaseTimeMinutes":1}`},
		{http.MethodGet, s.session("nobody") + apiVersion, ""},
		{http.MethodGet, s.list() + apiVersion, ""},
		{http.MethodGet, s.list(), ""},
		{http.MethodGet, s.sts(), ""},
		{http.MethodDelete, s.list() + apiVersion, ""},
		{http.MethodPut, s.session("c") + apiVersion, strings.Repeat(" ", 2<<20)},
		{http.MethodPost, s.session("a/:stop") + apiVersion, ""},
	} {
		name := test.method + " " + test.path
		status1, header1, body1 := ask(old, test.method, test.path, test.body)
		status2, header2, body2 := ask(h2, test.method, test.path, test.body)
		assert.Equal(t, status1, status2, name)
		header1.Del("Connection") // HTTP/2 has no such header
		assert.Equal(t, len(header1["Mise-Correlation-Id"]), len(header2["Mise-Correlation-Id"]), name)
		header1.Del("Mise-Correlation-Id") // of the answer, as MS-CV
		header2.Del("Mise-Correlation-Id")
		assert.Equal(t, header1, header2, name)
		assert.Equal(t, body1, body2, name)
	}
}

func TestListenTLSRefuses(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	_, err = e.ListenTLS("", nil)
	require.EqualError(
		t,
		err,
		"emulator: ListenTLS needs a configuration with a certificate, such as that of Authority.TLSConfig",
	)
	_, err = e.ListenTLS("", new(tls.Config))
	require.ErrorContains(t, err, "needs a configuration with a certificate")
	a := openAuthority(t, t.TempDir())
	server, err := e.ListenTLS("", a.TLSConfig())
	require.NoError(t, err)
	defer server.Close()
	_, err = e.ListenTLS(strings.TrimPrefix(server.URL, "https://"), a.TLSConfig())
	require.ErrorContains(t, err, "emulator: cannot listen on ")

	_, err = tls.Dial(
		"tcp",
		strings.TrimPrefix(server.URL, "https://"),
		&tls.Config{
			RootCAs:    a.CertPool(),
			MinVersion: tls.VersionTLS10,
			MaxVersion: tls.VersionTLS11,
		},
	)
	require.ErrorContains(t, err, "protocol version not supported")
	resp, err := http.Get("http://" + strings.TrimPrefix(server.URL, "https://"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "plain HTTP is told so")
}

// Closing takes no time and leaves nothing behind when clients keep connections, used or not, open.
func TestCloseTLSAtOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := start(t, emulator.Options{})
	a := openAuthority(t, t.TempDir())
	for _, http2 := range []bool{false, true} {
		server, err := s.ListenTLS("", a.TLSConfig())
		require.NoError(t, err)
		client := clientOf(t, a, server, http2)
		var group sync.WaitGroup
		for range 20 {
			group.Go(
				func() { s.overSocket(client, http.MethodGet, server.URL+s.list()+apiVersion, "") },
			)
		}
		group.Wait()
		before := time.Now()
		require.NoError(t, server.Close(), "connections without a request do not count as used")
		assert.Less(t, time.Since(before), 4*time.Second)
		client.CloseIdleConnections()
	}
}
