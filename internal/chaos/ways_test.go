// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

var policyTokenRequest policy.TokenRequestOptions

// world is the service, as the rows of the table share it.
type world struct {
	emulator      *emulator.Emulator
	authority     *emulator.Authority
	plain, secure string              // addresses of the sockets
	direct        *arr.SessionsClient // in memory, past everything that breaks
	token         azcore.TokenCredential
}

// way leads from a client to the service, or fails to.
type way struct {
	endpoint string // of the session service
	sts      string // of the token service; "" if the client has a token already
	key      string // of the account; "" means the right one
	// configure, if not nil, changes the transport of each call.
	configure func(*http.Transport)
	// before, if not nil, runs before each call.
	before func(context.Context, *arr.SessionsClient, context.CancelFunc)
	// faults are in force at the service during each call.
	faults []emulator.Fault
	// retries is how often a call is repeated. 0 means never in one run, once in the other.
	retries int
	// cancel ends the context of the call under way.
	cancel atomic.Pointer[context.CancelFunc]
}

// end ends the context of the call under way.
func (w *way) end() { (*w.cancel.Load())() }

// endSoon ends it while net/http pauses between repeats of its own, which may take seconds.
func (w *way) endSoon() { time.AfterFunc(20*time.Millisecond, *w.cancel.Load()) }

func (w *way) newTransport(world *world) *http.Transport {
	transport := &http.Transport{
		ForceAttemptHTTP2:   true,
		TLSClientConfig:     &tls.Config{RootCAs: world.authority.CertPool()},
		TLSHandshakeTimeout: 20 * time.Second,
	}
	if w.configure != nil {
		w.configure(transport)
	}
	return transport
}

// configured is a way straight to the service over http, or https, with a changed transport.
func configured(secure bool, configure func(*way, *http.Transport)) func(*testing.T, *world) *way {
	return func(_ *testing.T, w *world) *way {
		through := &way{endpoint: "http://" + w.plain}
		if secure {
			through.endpoint = "https://" + w.secure
		}
		through.configure = func(t *http.Transport) { configure(through, t) }
		return through
	}
}

// to is a way to an address.
func to(endpoint func(*world) string) func(*testing.T, *world) *way {
	return func(_ *testing.T, w *world) *way { return &way{endpoint: endpoint(w)} }
}

// faulty is a way to a service that misbehaves.
func faulty(secure bool, faults ...emulator.Fault) func(*testing.T, *world) *way {
	return func(t *testing.T, w *world) *way {
		through := configured(secure, func(*way, *http.Transport) {})(t, w)
		through.faults = faults
		return through
	}
}

// proxied is a way through a proxy that breaks every connection as planned.
func proxied(secure bool, plan faultproxy.Plan) func(*testing.T, *world) *way {
	return func(t *testing.T, w *world) *way { return openProxied(t, w, secure, plan) }
}

// cancelled is the same, and the context of the call ends when the fault takes effect.
func cancelled(secure bool, plan faultproxy.Plan) func(*testing.T, *world) *way {
	return func(t *testing.T, w *world) *way {
		var through *way
		plan.OnFault = func(faultproxy.Action) { through.end() }
		through = openProxied(t, w, secure, plan)
		return through
	}
}

func openProxied(t *testing.T, w *world, secure bool, plan faultproxy.Plan) *way {
	t.Helper()
	scheme, upstream := "http://", w.plain
	if secure {
		scheme, upstream = "https://", w.secure
	}
	p, err := faultproxy.Listen(upstream, func(int) faultproxy.Plan { return plan })
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return &way{endpoint: scheme + p.Addr()}
}

// connecting is a way through an HTTP proxy.
func connecting(answer faultproxy.ConnectAnswer) func(*testing.T, *world) *way {
	return func(t *testing.T, w *world) *way {
		through := &way{endpoint: "https://" + w.secure}
		p, err := faultproxy.ListenConnect(func(string) faultproxy.ConnectAnswer {
			if answer.Hang {
				through.end()
			}
			return answer
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = p.Close() })
		through.configure = func(t *http.Transport) { t.Proxy = http.ProxyURL(p.URL()) }
		return through
	}
}

// signingIn is a way that ends at the token service.
func signingIn(
	sts func(*testing.T, *world, *way) string,
	key string,
) func(*testing.T, *world) *way {
	return func(t *testing.T, w *world) *way {
		through := &way{endpoint: "http://" + w.plain, key: key}
		through.sts = sts(t, w, through)
		return through
	}
}

// reused is a way over a connection that has served a request, and breaks at the next.
func reused(t *testing.T, w *world) *way {
	var armed atomic.Bool
	through := openProxied(t, w, false, faultproxy.Plan{
		Request: faultproxy.Fault{Action: faultproxy.Reset, Armed: armed.Load},
	})
	through.before = func(ctx context.Context, client *arr.SessionsClient, _ context.CancelFunc) {
		armed.Store(false)
		_, err := client.Get(ctx, "none", nil)
		require.ErrorIs(t, err, arr.ErrNotFound)
		armed.Store(true)
	}
	return through
}

// unknownHost is a way to a name that a name server does not know.
func unknownHost(t *testing.T, _ *world) *way {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			buffer[2], buffer[3] = 0x81, 0x83 // a response, NXDOMAIN
			_, _ = server.WriteTo(buffer[:n], from)
		}
	})
	t.Cleanup(func() {
		_ = server.Close()
		work.Wait()
	})
	resolver := &net.Resolver{PreferGo: true, Dial: func(
		ctx context.Context, _, _ string,
	) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	return &way{
		endpoint: "http://remoterendering.nowhere.arr.test",
		configure: func(t *http.Transport) {
			t.DialContext = (&net.Dialer{Resolver: resolver}).DialContext
		},
	}
}

// lostThenNoConnection is a way that leads to the service at the first try only.
func lostThenNoConnection(t *testing.T, w *world) *way {
	var dials atomic.Int64
	through := configured(false, func(_ *way, t *http.Transport) {
		dials.Store(0)
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) > 1 {
				address = nobody
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
	})(t, w)
	through.faults = []emulator.Fault{{Drop: emulator.DropAfter}}
	through.retries = 2
	return through
}

// lostThenRefused is a way on which the service acts at the first try, and refuses the second.
func lostThenRefused(t *testing.T, w *world) *way {
	through := faulty(false,
		emulator.Fault{Drop: emulator.DropAfter, Count: 1},
		emulator.Fault{Status: http.StatusForbidden},
	)(t, w)
	through.retries = 1
	return through
}

// writing is a way over a connection whose writes fail. write is given the bytes of the first one.
func writing(
	write func(w *way, conn net.Conn, data []byte) (int, error),
) func(*testing.T, *world) *way {
	return configured(false, func(w *way, t *http.Transport) {
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &brokenWriter{conn, func(data []byte) (int, error) { return write(w, conn, data) }}, nil
		}
	})
}

type brokenWriter struct {
	net.Conn
	write func([]byte) (int, error)
}

func (b *brokenWriter) Write(data []byte) (int, error) { return b.write(data) }

var errBroken = errors.New("broken pipe")

// http2 is a way to a server that speaks HTTP/2 and answers each request with the frames that
// answer makes, and then, if it says so, ends the connection.
func http2(
	answer func(w *way, stream uint32) (frames []byte, over bool),
) func(*testing.T, *world) *way {
	return func(t *testing.T, w *world) *way {
		config := w.authority.TLSConfig()
		config.NextProtos = []string{"h2"}
		listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
		require.NoError(t, err)
		through := &way{endpoint: "https://" + listener.Addr().String()}
		ctx, end := context.WithCancel(context.Background())
		var work sync.WaitGroup
		work.Go(func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				work.Go(func() {
					defer conn.Close()
					defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
					serveHTTP2(conn, func(id uint32) ([]byte, bool) { return answer(through, id) })
				})
			}
		})
		t.Cleanup(func() {
			end()
			_ = listener.Close()
			work.Wait()
		})
		return through
	}
}

// The types of frames, RFC 9113, section 6.
const (
	frameHeaders   = 1
	frameRSTStream = 3
	frameSettings  = 4
	frameGoAway    = 7
)

// The error codes, RFC 9113, section 7.
const (
	noError       = 0
	internalError = 2
	refusedStream = 7
)

// serveHTTP2 reads the frames of a client until the connection ends.
func serveHTTP2(conn net.Conn, answer func(stream uint32) ([]byte, bool)) {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	if _, err := io.CopyN(io.Discard, conn, int64(len(preface))); err != nil {
		return
	}
	_, _ = conn.Write(frame(frameSettings, 0, 0))
	for {
		var header [9]byte
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			return
		}
		size := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			return
		}
		const acknowledged = 1
		switch {
		case header[3] == frameSettings && header[4]&acknowledged == 0:
			_, _ = conn.Write(frame(frameSettings, acknowledged, 0))
		case header[3] == frameHeaders:
			frames, over := answer(binary.BigEndian.Uint32(header[5:]))
			_, _ = conn.Write(frames)
			if over {
				return
			}
		}
	}
}

// frame makes a frame whose payload is numbers of four bytes.
func frame(kind, flags byte, stream uint32, payload ...uint32) []byte {
	data := []byte{0, 0, byte(4 * len(payload)), kind, flags}
	data = binary.BigEndian.AppendUint32(data, stream)
	for _, number := range payload {
		data = binary.BigEndian.AppendUint32(data, number)
	}
	return data
}
