// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

// rows are the ways for a request to fail.
func rows() []row {
	return slices.Concat(
		connectionRows(), signInRows(), contextRows(), brokenRows(), answerRows(), http2Rows())
}

// nobody is a port of loopback on which nothing listens.
const nobody = "127.0.0.1:1"

// once is a fault that takes effect at the first byte.
func once(action faultproxy.Action) faultproxy.Fault { return after(action, 0) }

func after(action faultproxy.Action, passed int64) faultproxy.Fault {
	return faultproxy.Fault{Action: action, After: passed, Data: []byte("SSH-2.0-OpenSSH_9.6\r\n")}
}

func atOnce(action faultproxy.Action) faultproxy.Fault {
	fault := once(action)
	fault.AtOnce = true
	return fault
}

// connectionRows are those without a connection to the service.
func connectionRows() []row {
	status := func(code int) faultproxy.ConnectAnswer { return faultproxy.ConnectAnswer{Status: code} }
	proxyAt := func(address string) func(*testing.T, *world) *way {
		return configured(true, func(_ *way, t *http.Transport) {
			t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: address})
		})
	}
	return []row{
		{"unknown host", never, unknownHost},
		{"refused port", never, to(func(*world) string { return "http://" + nobody })},
		{"the proxy cannot be reached", never, proxyAt(nobody)},
		{"the proxy answers CONNECT with 403", never, connecting(status(403))},
		{"the proxy answers CONNECT with 407", never, connecting(status(407))},
		{"the proxy answers CONNECT with 502", never, connecting(status(502))},
		{"the proxy hangs on CONNECT", never, connecting(faultproxy.ConnectAnswer{Hang: true})},
		{"the TLS handshake times out", never, handshakeTimeout},
		{"the TLS handshake is reset", never,
			proxied(true, faultproxy.Plan{Request: once(faultproxy.Reset)})},
		{"https to a port that speaks http", never,
			to(func(w *world) string { return "https://" + w.plain })},
		{"http to a port that speaks https", either,
			to(func(w *world) string { return "http://" + w.secure })},
		{"untrusted certificate", never, configured(true, func(_ *way, t *http.Transport) {
			t.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		})},
		{"the server refuses the handshake", never, configured(true, func(_ *way, t *http.Transport) {
			t.TLSClientConfig.ServerName = "other.test"
		})},
	}
}

func handshakeTimeout(t *testing.T, w *world) *way {
	through := openProxied(t, w, true, faultproxy.Plan{Request: once(faultproxy.Stall)})
	through.configure = func(t *http.Transport) { t.TLSHandshakeTimeout = 10 * time.Millisecond }
	return through
}

// signInRows are those that end at the token service.
func signInRows() []row {
	stalled := func(t *testing.T, w *world, through *way) string {
		inner := openProxied(t, w, false, faultproxy.Plan{
			Request: once(faultproxy.Stall),
			OnFault: func(faultproxy.Action) { through.end() },
		})
		return inner.endpoint
	}
	refused := func(*testing.T, *world, *way) string { return "http://" + nobody }
	plain := func(_ *testing.T, w *world, _ *way) string { return "http://" + w.plain }
	return []row{
		{"the token service cannot be reached", never, signingIn(refused, "")},
		{"the token service does not answer", never, signingIn(stalled, "")},
		{"the token service refuses", never, signingIn(plain, "another")},
	}
}

// contextRows are those that the caller ends.
func contextRows() []row {
	return []row{
		{"the context has ended before", never, endedBefore},
		{"the context ends while dialling", never, configured(false, func(w *way, t *http.Transport) {
			t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				w.end()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		})},
		{"the context ends during the handshake", never,
			cancelled(true, faultproxy.Plan{Request: once(faultproxy.Stall)})},
		{"the context ends while the request is written", either, writing(
			func(w *way, conn net.Conn, data []byte) (int, error) {
				n, _ := conn.Write(data[:len(data)/2])
				w.end()
				return n, errBroken
			})},
		{"the context ends before the effect", always,
			cancelled(false, faultproxy.Plan{Request: once(faultproxy.Stall)})},
		{"the context ends after the effect", always,
			cancelled(false, faultproxy.Plan{Answer: once(faultproxy.Stall)})},
		{"the context ends within the answer", always,
			cancelled(false, faultproxy.Plan{Answer: after(faultproxy.Stall, 20)})},
	}
}

func endedBefore(t *testing.T, w *world) *way {
	through := configured(false, func(*way, *http.Transport) {})(t, w)
	through.before = func(_ context.Context, _ *arr.SessionsClient, cancel context.CancelFunc) {
		cancel()
	}
	return through
}

// brokenRows are connections that break.
func brokenRows() []row {
	request := func(f faultproxy.Fault) func(*testing.T, *world) *way {
		return proxied(false, faultproxy.Plan{Request: f})
	}
	answer := func(f faultproxy.Fault) func(*testing.T, *world) *way {
		return proxied(false, faultproxy.Plan{Answer: f})
	}
	return []row{
		{"reset before the request is read", either, request(atOnce(faultproxy.Reset))},
		{"closed before the request is read", either, request(atOnce(faultproxy.Close))},
		{"another protocol speaks first", either, request(atOnce(faultproxy.Garbage))},
		{"reset after the request is read", always, request(once(faultproxy.Reset))},
		{"reset within the request", always, request(after(faultproxy.Reset, 60))},
		{"closed after the request is read", always, request(once(faultproxy.Close))},
		{"the request is half-closed", never, request(after(faultproxy.HalfClose, 60))},
		{"another protocol answers before the effect", always, request(once(faultproxy.Garbage))},
		{"another protocol answers after the effect", always, answer(once(faultproxy.Garbage))},
		{"reset after the effect", always, answer(once(faultproxy.Reset))},
		{"closed after the effect", always, answer(once(faultproxy.Close))},
		{"the answer is half-closed", always, answer(once(faultproxy.HalfClose))},
		{"headers cut off", always, answer(after(faultproxy.Close, 30))},
		{"headers reset", always, answer(after(faultproxy.Reset, 30))},
		{"reset over TLS, after the effect", always,
			faulty(true, emulator.Fault{Drop: emulator.DropAfter})},
		{"a kept connection is reset at the next request", always, reused},
		{"the write fails at once", either, writing(
			func(_ *way, _ net.Conn, _ []byte) (int, error) { return 0, errBroken })},
		{"the write fails half-way", either, writing(
			func(_ *way, conn net.Conn, data []byte) (int, error) {
				n, _ := conn.Write(data[:len(data)/2])
				return n, errBroken
			})},
		{"the write fails after all bytes", always, writing(
			func(_ *way, conn net.Conn, data []byte) (int, error) {
				_, _ = conn.Write(data)
				return len(data) - 1, errBroken
			})},
	}
}

// answerRows are answers that say too little, or no.
func answerRows() []row {
	var all []row
	add := func(name string, unknown verdict, fault emulator.Fault) {
		all = append(all, row{name, unknown, faulty(false, fault)})
	}
	for _, status := range []int{408, 500, 502, 503, 504} {
		text := http.StatusText(status)
		add(text+" before the effect", always, emulator.Fault{Status: status})
		add(text+" after the effect", always, emulator.Fault{Status: status, AfterEffect: true})
	}
	for _, status := range []int{400, 401, 403, 404, 409, 429} {
		add("refused with "+http.StatusText(status), never, emulator.Fault{Status: status})
	}
	add("refused, and the body is cut off", never,
		emulator.Fault{Status: http.StatusConflict, Body: emulator.BodyTruncated})
	add("dropped before the effect", always, emulator.Fault{Drop: emulator.DropBefore})
	add("body cut off", always, emulator.Fault{Body: emulator.BodyTruncated, Operation: "create"})
	add("body of another kind", always,
		emulator.Fault{Body: emulator.BodyInvalid, Operation: "create"})
	add("body empty", always, emulator.Fault{Body: emulator.BodyEmpty, Operation: "create"})
	return append(all,
		row{"lost, then no connection", always, lostThenNoConnection},
		row{"lost, then forbidden", always, lostThenRefused})
}

// http2Rows are streams and connections that end.
func http2Rows() []row {
	const secure = true
	return []row{
		{"HTTP/2: dropped before the effect", always,
			faulty(secure, emulator.Fault{Drop: emulator.DropBefore})},
		{"HTTP/2: RST_STREAM with INTERNAL_ERROR", always, http2(
			func(_ *way, stream uint32) ([]byte, bool) {
				return frame(frameRSTStream, 0, stream, internalError), false
			})},
		{"HTTP/2: RST_STREAM with REFUSED_STREAM", either, http2(
			func(w *way, stream uint32) ([]byte, bool) {
				w.endSoon()
				return frame(frameRSTStream, 0, stream, refusedStream), false
			})},
		{"HTTP/2: GOAWAY before the stream", either, http2(
			func(w *way, _ uint32) ([]byte, bool) {
				w.endSoon()
				return frame(frameGoAway, 0, 0, 0, noError), true
			})},
		{"HTTP/2: GOAWAY after the stream, then the end", always, http2(
			func(_ *way, stream uint32) ([]byte, bool) {
				return frame(frameGoAway, 0, 0, stream, noError), true
			})},
		{"HTTP/2: the connection ends without GOAWAY", always, http2(
			func(*way, uint32) ([]byte, bool) { return nil, true })},
	}
}
