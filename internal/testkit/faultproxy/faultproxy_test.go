// SPDX-License-Identifier: MIT

package faultproxy_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo serves connections that answer each read with the same bytes.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

// dial starts a proxy in front of an echo server, and connects to it.
func dial(t *testing.T, plan faultproxy.Plan) net.Conn {
	t.Helper()
	p, err := faultproxy.Listen(echo(t), func(int) faultproxy.Plan { return plan })
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

func TestFaults(t *testing.T) {
	fault := func(action faultproxy.Action, after int64) faultproxy.Fault {
		return faultproxy.Fault{Action: action, After: after, Data: []byte("SSH-2.0")}
	}
	for name, test := range map[string]struct {
		plan faultproxy.Plan
		got  string
		err  error
	}{
		"nothing":                {faultproxy.Plan{}, "hello", nil},
		"delay":                  {faultproxy.Plan{Answer: faultproxy.Fault{Delay: time.Millisecond}}, "hello", nil},
		"answer reset":           {faultproxy.Plan{Answer: fault(faultproxy.Reset, 0)}, "", syscall.ECONNRESET},
		"answer cut off":         {faultproxy.Plan{Answer: fault(faultproxy.Close, 2)}, "he", nil},
		"answer half-closed":     {faultproxy.Plan{Answer: fault(faultproxy.HalfClose, 3)}, "hel", nil},
		"request half-closed":    {faultproxy.Plan{Request: fault(faultproxy.HalfClose, 4)}, "hell", nil},
		"garbage for the answer": {faultproxy.Plan{Answer: fault(faultproxy.Garbage, 0)}, "SSH-2.0", nil},
		"stalled for a moment": {faultproxy.Plan{
			Request: faultproxy.Fault{Action: faultproxy.Stall, For: time.Millisecond},
		}, "", syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, test.plan)
			_, err := io.WriteString(conn, "hello")
			require.NoError(t, err)
			if test.err == nil {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
			got, err := io.ReadAll(conn)
			assert.Equal(t, test.got, string(got))
			assert.ErrorIs(t, err, test.err)
		})
	}
}

func TestFaultWaitsUntilItIsArmed(t *testing.T) {
	armed := make(chan struct{})
	conn := dial(t, faultproxy.Plan{Request: faultproxy.Fault{
		Action: faultproxy.Reset,
		Armed: func() bool {
			select {
			case <-armed:
				return true
			default:
				return false
			}
		},
	}})
	answer := make([]byte, 1)
	_, err := conn.Write([]byte("a"))
	require.NoError(t, err)
	_, err = conn.Read(answer)
	require.NoError(t, err)
	close(armed)
	_, err = conn.Write([]byte("b"))
	require.NoError(t, err)
	_, err = conn.Read(answer)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestCloseEndsStalledConnections(t *testing.T) {
	stalled := make(chan struct{})
	p, err := faultproxy.Listen(echo(t), func(int) faultproxy.Plan {
		return faultproxy.Plan{
			Request: faultproxy.Fault{Action: faultproxy.Stall, AtOnce: true},
			OnFault: func(faultproxy.Action) { close(stalled) },
		}
	})
	require.NoError(t, err)
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	defer conn.Close()
	<-stalled
	require.NoError(t, p.Close())
	assert.Equal(t, map[string]int{"stall": 1}, p.Counts())
	_, err = conn.Read(make([]byte, 1))
	assert.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), err)
}

func TestConnectProxy(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "through")
	}))
	defer server.Close()
	get := func(t *testing.T, answer faultproxy.ConnectAnswer) (string, error) {
		p, err := faultproxy.ListenConnect(func(target string) faultproxy.ConnectAnswer {
			assert.Equal(t, strings.TrimPrefix(server.URL, "https://"), target)
			return answer
		})
		require.NoError(t, err)
		defer func() { assert.NoError(t, p.Close()) }()
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.Proxy = http.ProxyURL(p.URL())
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Get(server.URL)
		assert.Equal(t, 1, p.Asked())
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	t.Run("tunnels", func(t *testing.T) {
		body, err := get(t, faultproxy.ConnectAnswer{})
		require.NoError(t, err)
		assert.Equal(t, "through", body)
	})
	t.Run("refuses", func(t *testing.T) {
		_, err := get(t, faultproxy.ConnectAnswer{Status: http.StatusForbidden})
		assert.ErrorContains(t, err, "Forbidden")
	})
}
