// SPDX-License-Identifier: MIT

package emulator_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// probe returns status and body of a request.
func probe(t *testing.T, method, address string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	req.Header, req.Host = header.Clone(), header.Get("Host")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode, string(body)
}

func TestHealthIsAnsweredForEveryHost(t *testing.T) {
	s := start(t, emulator.Options{})
	server, err := s.Listen("")
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	for _, path := range []string{"/healthz", "/readyz"} {
		for _, header := range []http.Header{
			{},
			{"Host": {"emulator:20210"}},
			{"Host": {"10.244.0.7:20210"}},
			{"Host": {"attacker.example"}, "Origin": {"https://attacker.example"}},
			{"Host": {"localhost"}, "Forwarded": {"="}},
		} {
			status, body := probe(t, http.MethodGet, server.URL+path, header)
			assert.Equal(t, http.StatusOK, status, header)
			assert.Equal(t, "ok\n", body, "nothing else is told")
		}
		status, body := probe(t, http.MethodHead, server.URL+path, http.Header{})
		assert.Equal(t, http.StatusOK, status)
		assert.Empty(t, body)
		status, _ = probe(t, http.MethodPost, server.URL+path, http.Header{})
		assert.Equal(t, http.StatusMethodNotAllowed, status)
	}
	assert.Empty(t, s.Requests("unknown"), "probes do not fill the log")
	require.NoError(t, s.Close())
	status, _ := probe(t, http.MethodGet, server.URL+"/healthz", http.Header{})
	assert.Equal(t, http.StatusOK, status)
	status, _ = probe(t, http.MethodGet, server.URL+"/readyz", http.Header{})
	assert.Equal(t, http.StatusServiceUnavailable, status, "a closed emulator is not ready")
}

func TestLocalhostIsBothFamilies(t *testing.T) {
	if listener, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("this machine has no ::1")
	} else {
		require.NoError(t, listener.Close())
	}
	s := start(t, emulator.Options{})
	server, err := s.Listen("localhost:0")
	require.NoError(t, err)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	assert.Equal(t, "localhost", address.Hostname())
	for _, host := range []string{"127.0.0.1", "::1"} {
		status, _ := probe(t, http.MethodGet,
			"http://"+net.JoinHostPort(host, address.Port())+"/healthz", http.Header{})
		assert.Equal(t, http.StatusOK, status, host)
	}
	_, err = s.Listen("localhost:" + address.Port())
	require.Error(t, err, "in use")
	require.NoError(t, server.Close())

	six, err := net.Listen("tcp6", "[::1]:"+address.Port())
	require.NoError(t, err, "both are free again")
	defer func() { require.NoError(t, six.Close()) }()
	_, err = s.Listen("localhost:" + address.Port())
	require.Error(t, err, "the port must be free for both")
	four, err := net.Listen("tcp4", "127.0.0.1:"+address.Port())
	require.NoError(t, err, "nothing is left open")
	require.NoError(t, four.Close())
}
