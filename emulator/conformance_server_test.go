// SPDX-License-Identifier: MIT

package emulator

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/internal/testkit/pipenet"
	"github.com/arr-go/azremoterendering/service"
)

const pathOfA = "/accounts/" + DevelopmentAccountID + "/sessions/a?api-version=2021-01-01"

// plug is a server for raw connections, and an access token.
type plug struct {
	*Server
	t       *testing.T
	token   string
	connect func() (net.Conn, error)
	limit   time.Duration // of a connection, in case a server does not close it
}

// plugIn makes a server on a socket, whose timeouts are what adjust makes of them, with a session
// a.
func plugIn(t *testing.T, adjust func(*http.Server)) *plug {
	t.Helper()
	e := newEmulator(t, Options{Domain: "arr.test"})
	server, err := e.listen("", "http", func(server *http.Server, listener net.Listener) error {
		adjust(server)
		return server.Serve(listener)
	})
	require.NoError(t, err)
	p := &plug{server, t, tokenFor(t, e, DevelopmentAccountID), nil, 20 * time.Second}
	p.connect = func() (net.Conn, error) {
		return net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	}
	p.create()
	return p
}

// plugInMemory makes a server for a bubble of virtual time.
func plugInMemory(t *testing.T, adjust func(*http.Server)) *plug {
	t.Helper()
	e := newEmulator(t, Options{Domain: "arr.test"})
	listener := pipenet.Listen()
	server := e.serve([]net.Listener{listener}, "http", func(server *http.Server, listener net.Listener) error {
		adjust(server)
		return server.Serve(listener)
	})
	p := &plug{server, t, tokenFor(t, e, DevelopmentAccountID), nil, time.Hour}
	p.connect = func() (net.Conn, error) { return listener.Dial(t.Context()) }
	p.create()
	return p
}

// create creates the session.
func (p *plug) create() {
	p.t.Helper()
	body := `{"maxLeaseTimeMinutes":30,"size":"Standard"}`
	text := p.request("PUT", pathOfA, "Connection: close\r\nContent-Length: 44", body)
	assert.Equal(p.t, "201", p.exchange(text))
}

// request is the text of a request.
func (p *plug) request(method, target, headers, body string) string {
	if headers != "" {
		headers += "\r\n"
	}
	return method + " " + target + " HTTP/1.1\r\nHost: arr.test\r\nAuthorization: Bearer " + p.token + "\r\n" +
		headers + "\r\n" + body
}

func (p *plug) dial() net.Conn {
	p.t.Helper()
	connection, err := p.connect()
	require.NoError(p.t, err)
	require.NoError(p.t, connection.SetDeadline(time.Now().Add(p.limit)))
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
		if tcp, ok := connection.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
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
		"one large header": {
			p.request("PATCH", pathOfA, "X-Flood: "+strings.Repeat("x", 200_000)+"\r\nContent-Length: 26", update),
			"431",
		},
		"many small headers": {
			p.request("PATCH", pathOfA, strings.Repeat("X-Flood: x\r\n", 20_000)+"Content-Length: 26", update),
			"431",
		},
		"a long path": {
			p.request("PATCH", "/"+strings.Repeat("x", 200_000), "Content-Length: 26", update),
			"431",
		},
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
		"the asterisk":      {p.request("OPTIONS", "*", "", ""), "200"},
		"a proxy's connect": {p.request("CONNECT", "arr.test:443", "", ""), "404"},
		"chunks": {
			p.request("GET", pathOfA, "Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"), "200",
		},
		"chunks of a bad length": {
			p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", "zz\r\n"+update+"\r\n0\r\n\r\n"),
			"400",
		},
		"chunks of a huge length": {
			p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", "ffffffffffffffffff\r\n"+update),
			"400",
		},
		"chunks that stop": {
			p.request("PATCH", pathOfA, "Transfer-Encoding: chunked", "1a\r\n"+update+"\r\n"),
			"400",
		},
		"chunks over 1 MiB": {
			p.request(
				"PATCH",
				pathOfA,
				"Transfer-Encoding: chunked",
				fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(large), large),
			),
			"413",
		},
		"an encoding that nobody knows": {p.request("PATCH", pathOfA, "Transfer-Encoding: gzip", update), "501"},
		"a length and chunks": {
			p.request("PATCH", pathOfA, "Transfer-Encoding: chunked\r\nContent-Length: 3", "3\r\nabc\r\n0\r\n\r\n"),
			"400",
		},
		"two lengths": {
			p.request("PATCH", pathOfA, "Content-Length: 26\r\nContent-Length: 27", update), "400",
		},
		"a negative length":          {p.request("PATCH", pathOfA, "Content-Length: -1", update), "400"},
		"a length that is none":      {p.request("PATCH", pathOfA, "Content-Length: 0x1a", update), "400"},
		"a length that is too large": {p.request("PATCH", pathOfA, "Content-Length: 27", update), "400"},
		"a length beyond all bounds": {
			p.request("PATCH", pathOfA, "Content-Length: 99999999999999999999", update), "400",
		},
		"a length that is too small": {p.request("PATCH", pathOfA, "Content-Length: 25", update), "400"},
		"a body over 1 MiB": {
			p.request("PATCH", pathOfA, fmt.Sprintf("Content-Length: %d", len(large)), large),
			"413",
		},
		"an expectation that nobody has": {
			p.request("PATCH", pathOfA, "Content-Length: 26\r\nExpect: magic", update), "417",
		},
		"a compressed body": {
			p.request("PATCH", pathOfA, "Content-Encoding: gzip\r\nContent-Length: 4", "\x1f\x8b\x08\x00"),
			"400",
		},
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

// slowCases are clients that send the beginning of something, and then a little more again and
// again. They are answered with these statuses, and the connection is closed.
func slowCases(p *plug) map[string]struct{ begin, again, want string } {
	return map[string]struct{ begin, again, want string }{
		"header": {
			"GET " + pathOfA + " HTTP/1.1\r\nHost: arr.test\r\nX-Slow: ", "x", "",
		},
		"first line": {"GE", "T", "400"},
		"nothing":    {"", "", ""},
		"idle":       {p.request("GET", pathOfA, "", ""), "", "200"},
		"body": {
			p.request("PATCH", pathOfA, "Content-Length: 1000000", `{"maxLeaseTimeMinutes":99`),
			" ",
			"400",
		},
		"chunks": {
			p.request("PATCH", pathOfA, "Transfer-Encoding: chunked",
				"1a\r\n"+`{"maxLeaseTimeMinutes":99}`+"\r\n"),
			"1\r\n \r\n",
			"400",
		},
	}
}

// The limits are those of the server, in virtual time.
func TestSlowClients(t *testing.T) {
	for name := range slowCases(new(plug)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := plugInMemory(t, func(*http.Server) {})
				p.slowly(slowCases(p)[name])
				assert.Equal(t, "30", p.lease())
				require.NoError(t, p.Close())
			})
		})
	}
}

// A client that reads no answer is cut off.
func TestClientsThatDoNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := plugInMemory(t, func(*http.Server) {})
		connection := p.dial()
		defer connection.Close()
		begun := time.Now()
		var err error
		for request := p.request("GET", "/nowhere", "", ""); err == nil; {
			_, err = io.WriteString(connection, request)
		}
		assert.Less(t, time.Since(begun), 2*time.Minute, "cut off: %v", err)
		assert.Equal(t, "30", p.lease())
		require.NoError(t, p.Close())
	})
}

// Here the limit for reading is far below the one for writing.
func TestSlowBodies(t *testing.T) {
	for _, name := range []string{"body", "chunks"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := plugInMemory(t, func(server *http.Server) { server.ReadTimeout /= 100 })
				p.slowly(slowCases(p)[name])
				assert.Equal(t, "30", p.lease())
				require.NoError(t, p.Close())
			})
		})
	}
}

// slowly is a slow client.
func (p *plug) slowly(c struct{ begin, again, want string }) {
	connection := p.dial()
	_, err := io.WriteString(connection, c.begin)
	require.NoError(p.t, err)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for err == nil && c.again != "" {
			time.Sleep(20 * time.Millisecond)
			_, err = io.WriteString(connection, c.again)
		}
	}()
	begun := time.Now()
	assert.Equal(p.t, c.want, statuses(connection))
	assert.Less(p.t, time.Since(begun), 3*time.Minute, "the server closes the connection")
	_ = connection.Close()
	<-over
}
