// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/emulator"
)

// overSocket sends a request to a server, with the access token.
func (s *service) overSocket(client *http.Client, method, target, body string) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := client.Do(req)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	return resp
}

func TestListen(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := start(t, emulator.Options{})
	one, err := s.Listen("")
	require.NoError(t, err)
	two, err := s.Listen("127.0.0.1:0")
	require.NoError(t, err)
	assert.Regexp(t, `^http://127\.0\.0\.1:[0-9]+$`, one.URL)
	assert.NotEqual(t, one.URL, two.URL)

	client := &http.Client{Transport: new(http.Transport)}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			target := fmt.Sprintf("%s%s%s", one.URL, s.session(fmt.Sprint(i)), apiVersion)
			assert.Equal(
				t,
				http.StatusCreated,
				s.overSocket(client, http.MethodPut, target, standard5).StatusCode,
			)
		})
	}
	group.Wait()
	assert.Len(t, s.walk(), 20, "a server and the memory show the same sessions")
	resp := s.overSocket(client, http.MethodGet, two.URL+s.session("7")+apiVersion, "")
	assert.Equal(t, http.StatusOK, resp.StatusCode)

	require.NoError(t, one.Close())
	require.NoError(t, one.Close(), "again")
	_, err = net.Dial("tcp", strings.TrimPrefix(one.URL, "http://"))
	require.Error(t, err)
	resp = s.overSocket(client, http.MethodGet, two.URL+s.session("7")+apiVersion, "")
	assert.Equal(t, http.StatusOK, resp.StatusCode, "the other server goes on")
	require.NoError(t, two.Close())
	assert.Len(t, s.walk(), 20, "the sessions stay")
	client.CloseIdleConnections()
}

func TestCloseAtOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	for range 50 {
		server, err := e.Listen("")
		require.NoError(t, err)
		require.NoError(t, server.Close())
	}
}

// Browsers and HTTP clients open connections in advance. Such a connection is not in use.
func TestCloseDoesNotWaitForConnectionsWithoutRequest(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	authority := openAuthority(t, t.TempDir())
	for _, listen := range []func() (*emulator.Server, error){
		func() (*emulator.Server, error) { return e.Listen("") },
		func() (*emulator.Server, error) { return e.ListenTLS("", authority.TLSConfig()) },
	} {
		server, err := listen()
		require.NoError(t, err)
		_, address, _ := strings.Cut(server.URL, "://")
		for range 10 {
			connection, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer connection.Close()
		}
		before := time.Now()
		require.NoError(t, server.Close())
		assert.Less(t, time.Since(before), 4*time.Second)
	}
}

func TestListenRefuses(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	server, err := e.Listen("")
	require.NoError(t, err)
	defer server.Close()
	taken := strings.TrimPrefix(server.URL, "http://")
	for _, address := range []string{taken, "127.0.0.1", "127.0.0.1:99999", "192.0.2.1:0"} {
		_, err := e.Listen(address)
		require.ErrorContains(t, err, fmt.Sprintf("emulator: cannot listen on %q", address))
		assert.ErrorContains(t, err, "port 0 takes any that is free")
	}
}

func TestListenOnAllAddressesGivesOneToConnectTo(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	server, err := e.Listen(":0")
	require.NoError(t, err)
	defer server.Close()
	assert.Regexp(t, `^http://127\.0\.0\.1:[0-9]+$`, server.URL)
	resp, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

// On the wire, header names are spelled as the service spells them, and nothing is added to its
// headers.
func TestWire(t *testing.T) {
	s := start(t, emulator.Options{})
	server, err := s.Listen("")
	require.NoError(t, err)
	defer server.Close()
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	s.create("a", standard5)

	for _, test := range []struct {
		request string
		header  []string // its lines, up to the colon
	}{
		{"POST " + s.session("a/:stop") + apiVersion, []string{
			"HTTP/1.1 204 No Content", "Date", "MS-CV", "X-Content-Type-Options",
			"api-supported-versions"}},
		{"GET " + s.session("nobody") + apiVersion, []string{
			"HTTP/1.1 404 Not Found", "Content-Length", "Date", "MS-CV", "X-Content-Type-Options",
			"api-supported-versions"}},
		{"GET " + s.session("a") + apiVersion, []string{
			"HTTP/1.1 200 OK", "Cache-Control", "Content-Length", "Content-Type", "Date", "MS-CV", "Pragma",
			"X-Content-Type-Options",
			"api-supported-versions"}},
		{"GET " + s.sts(), []string{
			"HTTP/1.1 401 Unauthorized", "Content-Length", "Date", "MS-CV", "mise-correlation-id",
			"X-Content-Type-Options"}},
		{"GET " + s.session("x/../a") + apiVersion, []string{
			"HTTP/1.1 404 Not Found", "Content-Length", "Date", "MS-CV", "X-Content-Type-Options"}},
	} {
		connection, err := net.Dial("tcp", address.Host)
		require.NoError(t, err)
		_, err = fmt.Fprintf(
			connection,
			"%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
			test.request,
			address.Host,
			s.token,
		)
		require.NoError(t, err)
		var lines []string
		for scanner := bufio.NewScanner(connection); scanner.Scan() && scanner.Text() != ""; {
			name, _, _ := strings.Cut(scanner.Text(), ":")
			lines = append(lines, name)
		}
		assert.Equal(t, test.header[0], lines[0], test.request)
		assert.ElementsMatch(t, test.header, lines, test.request)
		require.NoError(t, connection.Close())
	}
}

func TestNextLinkLeadsBackToTheServer(t *testing.T) {
	s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}})
	s.create("a", standard5)
	s.create("b", standard5)
	for _, server := range []*httptest.Server{httptest.NewServer(s), httptest.NewTLSServer(s)} {
		req, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodGet,
			server.URL+s.list()+apiVersion,
			nil,
		)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+s.token)
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		var list struct {
			NextLink string `json:"@nextLink"`
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
		require.NoError(t, resp.Body.Close())
		assert.True(t, strings.HasPrefix(list.NextLink, server.URL+s.list()+"?"), list.NextLink)
		server.Close()
	}
}
