// SPDX-License-Identifier: MIT

package emulator

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/service"
)

const pathOfA = "/accounts/" + DefaultAccountID + "/sessions/a?api-version=2021-01-01"

// plug is a server for raw connections, and an access token.
type plug struct {
	*Server
	t     *testing.T
	token string
}

// plugIn makes a server whose timeouts are what adjust makes of them, with a session a.
func plugIn(t *testing.T, adjust func(*http.Server)) *plug {
	t.Helper()
	e, err := New(Options{Accounts: []AccountOptions{{PrimaryKey: "c29ja2V0"}}})
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/accounts/"+DefaultAccountID+"/token", nil)
	req.Header.Set("Authorization", "Bearer "+DefaultAccountID+":c29ja2V0")
	e.ServeHTTP(recorder, req)
	var issued struct{ AccessToken string }
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &issued), recorder.Body)
	server, err := e.listen("", "http", func(server *http.Server, listener net.Listener) error {
		adjust(server)
		return server.Serve(listener)
	})
	require.NoError(t, err)
	p := &plug{server, t, issued.AccessToken}
	assert.Equal(
		t,
		"201",
		p.exchange(
			p.request(
				"PUT",
				pathOfA,
				"Content-Length: 44",
				`{"maxLeaseTimeMinutes":30,"size":"Standard"}`,
			),
		),
	)
	return p
}

// request is the text of a request.
func (p *plug) request(method, target, headers, body string) string {
	if headers != "" {
		headers += "\r\n"
	}
	return method + " " + target + " HTTP/1.1\r\nHost: arr.test\r\nAuthorization: Bearer " + p.token + "\r\n" + headers + "\r\n" + body
}

func (p *plug) dial() net.Conn {
	p.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(p.t, err)
	require.NoError(p.t, connection.SetDeadline(time.Now().Add(20*time.Second)))
	return connection
}

// exchange sends a text as it is, says that nothing follows, and returns the statuses of the
// answers, separated by spaces.
func (p *plug) exchange(text string) string {
	p.t.Helper()
	connection := p.dial()
	defer connection.Close()
	go func() { // the server may answer before it has read everything
		_, _ = io.WriteString(connection, text)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	return statuses(connection)
}

// statuses reads answers to the end of a connection.
func statuses(connection net.Conn) string {
	var all []string
	for reader := bufio.NewReader(connection); ; {
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			return strings.Join(all, " ")
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		all = append(all, fmt.Sprint(resp.StatusCode))
	}
}

func (p *plug) lease() string {
	p.t.Helper()
	connection := p.dial()
	defer connection.Close()
	_, err := io.WriteString(connection, p.request("GET", pathOfA, "Connection: close", ""))
	require.NoError(p.t, err)
	data, err := io.ReadAll(connection)
	require.NoError(p.t, err)
	_, rest, _ := strings.Cut(string(data), `"maxLeaseTimeMinutes":`)
	lease, _, _ := strings.Cut(rest, ",")
	return lease
}

// TestHostileConnections sends what clients of net/http cannot send. Some of it is answered by
// net/http, below the emulator.
func TestHostileConnections(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := plugIn(t, func(*http.Server) {})
	const update = `{"maxLeaseTimeMinutes":99}`
	large := strings.Repeat(" ", service.MaxBody+1)
	for name, test := range map[string]struct{ text, want string }{
		"one large header":        {p.request("PATCH", pathOfA, "X-Flood: "+strings.Repeat("x", 200_000)+"\r\nContent-Length: 26", update), "431"},
		"many small headers":      {p.request("PATCH", pathOfA, strings.Repeat("X-Flood: x\r\n", 20_000)+"Content-Length: 26", update), "431"},
		"a long path":             {p.request("PATCH", "/"+strings.Repeat("x", 200_000), "Content-Length: 26", update), "431"},
		"headers below the limit": {p.request("GET", pathOfA, "X-Flood: "+strings.Repeat("x", 50_000), ""), "200"},
		"no host":                 {"GET / HTTP/1.1\r\n\r\n", "400"},
		"two hosts":               {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
		"a NUL in a header":       {p.request("PATCH", pathOfA, "X-Nul: a\x00b\r\nContent-Length: 26", update), "400"},
		"a header without a name": {p.request("PATCH", pathOfA, ": x\r\nContent-Length: 26", update), "400"},
		"a method of odd bytes":   {p.request("P\xffTCH", pathOfA, "Content-Length: 26", update), "400"},
		"a method in lower case":  {p.request("patch", pathOfA, "Content-Length: 26", update), "405"},
		"an escape that is none":  {p.request("PATCH", "/accounts/%zz", "Content-Length: 26", update), "400"},
		"no HTTP":                 {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		"HTTP 9":                  {"GET / HTTP/9.9\r\nHost: a\r\n\r\n", "505"},
		// answered by net/http
		"the asterisk":                   {p.request("OPTIONS", "*", "", ""), "200"},
		"a proxy's connect":              {p.request("CONNECT", "arr.test:443", "", ""), "404"},
		"chunks":                         {p.request("GET", pathOfA, "Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"), "200"},
		"chunks of a bad length":         {p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", "zz\r\n"+update+"\r\n0\r\n\r\n"), "400"},
		"chunks of a huge length":        {p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", "ffffffffffffffffff\r\n"+update), "400"},
		"chunks that stop":               {p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", "1a\r\n"+update+"\r\n"), "400"},
		"chunks over 1 MiB":              {p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(large), large)), "413"},
		"an encoding that nobody knows":  {p.request("PATCH", pathOfA, "Transfer-Encoding: gzip", update), "501"},
		"a length and chunks":            {p.request("PATCH", pathOfA, "Transfer-Encoding: chunked\r\nContent-Length: 3", "3\r\nabc\r\n0\r\n\r\n"), "400"},
		"two lengths":                    {p.request("PATCH", pathOfA, "Content-Length: 26\r\nContent-Length: 27", update), "400"},
		"a negative length":              {p.request("PATCH", pathOfA, "Content-Length: -1", update), "400"},
		"a length that is none":          {p.request("PATCH", pathOfA, "Content-Length: 0x1a", update), "400"},
		"a length that is too large":     {p.request("PATCH", pathOfA, "Content-Length: 27", update), "400"},
		"a length beyond all bounds":     {p.request("PATCH", pathOfA, "Content-Length: 99999999999999999999", update), "400"},
		"a length that is too small":     {p.request("PATCH", pathOfA, "Content-Length: 25", update), "400"},
		"a body over 1 MiB":              {p.request("PATCH", pathOfA, fmt.Sprintf("Content-Length: %d", len(large)), large), "413"},
		"an expectation that nobody has": {p.request("PATCH", pathOfA, "Content-Length: 26\r\nExpect: magic", update), "417"},
		"a compressed body":              {p.request("PATCH", pathOfA, "Content-Encoding: gzip\r\nContent-Length: 4", "\x1f\x8b\x08\x00"), "400"},
	} {
		assert.Equal(t, test.want, p.exchange(test.text), name)
		assert.Equal(t, "30", p.lease(), name)
	}
	assert.Equal(
		t,
		"200",
		p.exchange(
			p.request(
				"PATCH",
				pathOfA,
				"Transfer-Encoding: chunked",
				"1a\r\n"+update+"\r\n0\r\n\r\n",
			),
		),
		"chunks are fine",
	)
	assert.Equal(t, "99", p.lease())
	require.NoError(t, p.Close())
}

func TestLimitsOfTheServer(t *testing.T) {
	p := plugIn(t, func(server *http.Server) {
		assert.Equal(t, 30*time.Second, server.ReadHeaderTimeout)
		assert.Equal(t, 30*time.Second, server.ReadTimeout)
		assert.Equal(t, 40*time.Second, server.WriteTimeout)
		assert.Equal(t, 2*time.Minute, server.IdleTimeout)
		assert.Equal(t, 64<<10, server.MaxHeaderBytes)
		assert.Greater(
			t,
			server.WriteTimeout,
			server.ReadTimeout,
			"a body that takes too long is answered",
		)
	})
	require.NoError(t, p.Close())
}

// TestSlowClients has the limits of the server shortened, each a hundredth of what it is: what the
// clients do is the same.
func TestSlowClients(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := plugIn(t, func(server *http.Server) {
		server.ReadHeaderTimeout /= 100
		server.ReadTimeout /= 100
		server.WriteTimeout = server.ReadTimeout + 3*time.Second // the machine may be busy
		server.IdleTimeout /= 400
	})
	t.Run("cut off", func(t *testing.T) {
		p.slowly(t, "header", "GET "+pathOfA+" HTTP/1.1\r\nHost: arr.test\r\nX-Slow: ", "x", "")
		p.slowly(t, "first line", "GE", "T", "400")
		p.slowly(t, "nothing", "", "", "")
		p.slowly(t, "idle", p.request("GET", pathOfA, "", ""), "", "200")
		p.slowly(
			t,
			"body",
			p.request("PATCH", pathOfA, "Content-Length: 1000000", `{"maxLeaseTimeMinutes":99`),
			" ",
			"400",
		)
		p.slowly(
			t,
			"chunks",
			p.request(
				"PATCH",
				pathOfA,
				"Transfer-Encoding: chunked",
				"1a\r\n"+`{"maxLeaseTimeMinutes":99}`+"\r\n",
			),
			"1\r\n \r\n",
			"400",
		)
		t.Run("reader", func(t *testing.T) {
			t.Parallel()
			connection := p.dial()
			defer connection.Close()
			begun := time.Now()
			var err error
			// and no answer is read
			for request := strings.Repeat(p.request("GET", "/nowhere", "", ""), 100); err == nil; {
				_, err = io.WriteString(connection, request)
			}
			assert.Less(t, time.Since(begun), 15*time.Second, "cut off: %v", err)
		})
	})
	assert.Equal(t, "30", p.lease())
	require.NoError(t, p.Close())
}

// TestSlowBodies has the limit for reading shortened, and the one for writing left as it is.
func TestSlowBodies(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := plugIn(t, func(server *http.Server) { server.ReadTimeout /= 100 })
	t.Run("answered", func(t *testing.T) {
		p.slowly(
			t,
			"body",
			p.request("PATCH", pathOfA, "Content-Length: 1000000", `{"maxLeaseTimeMinutes":99`),
			" ",
			"400",
		)
		p.slowly(
			t,
			"chunks",
			p.request(
				"PATCH",
				pathOfA,
				"Transfer-Encoding: chunked",
				"1a\r\n"+`{"maxLeaseTimeMinutes":99}`+"\r\n",
			),
			"1\r\n \r\n",
			"400",
		)
	})
	assert.Equal(t, "30", p.lease())
	require.NoError(t, p.Close())
}

// slowly sends the begin of something, and then again and again a little more. It is answered with
// these statuses, and the connection closed.
func (p *plug) slowly(t *testing.T, name, begin, again, want string) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		connection := p.dial()
		_, err := io.WriteString(connection, begin)
		require.NoError(t, err)
		over := make(chan struct{})
		go func() {
			defer close(over)
			for err == nil && again != "" {
				time.Sleep(20 * time.Millisecond)
				_, err = io.WriteString(connection, again)
			}
		}()
		begun := time.Now()
		assert.Equal(t, want, statuses(connection))
		assert.Less(t, time.Since(begun), 15*time.Second, "the server closes the connection")
		_ = connection.Close()
		<-over
	})
}
