// SPDX-License-Identifier: MIT

package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

// What a 407 asks for decides what helps: net/http can sign in at a proxy with Basic alone.
func TestWhatAProxyAcceptsIsTold(t *testing.T) {
	for _, c := range []struct {
		name    string
		user    *url.Userinfo
		accepts []string
		says    string
	}{
		{"Basic", nil, []string{`Basic realm="office"`}, "put the user name and password of the proxy"},
		{"nothing named", nil, nil, "put the user name and password of the proxy"},
		{"NTLM", nil, []string{"NTLM"}, "it accepts NTLM only"},
		{"Windows domains", nil, []string{"Negotiate", "NTLM"}, "it accepts Negotiate and NTLM only"},
		{"one of several", nil, []string{"Negotiate", "basic realm=x"}, "put the user name and password"},
		{"wrong password", url.UserPassword("me", "pass-word"), []string{"Basic"}, "does not accept the user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy, err := faultproxy.ListenConnect(func(string) faultproxy.ConnectAnswer {
				return faultproxy.ConnectAnswer{
					Status: 407, Header: http.Header{"Proxy-Authenticate": c.accepts}}
			})
			require.NoError(t, err)
			defer proxy.Close()
			address := proxy.URL()
			address.User = c.user
			through := Standard()
			through.Proxy = http.ProxyURL(address)
			defer through.CloseIdleConnections()
			err = put(t, &http.Client{Transport: through}, NewTries(true))
			assert.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, "NO_PROXY")
			assert.NotContains(t, err.Error(), "pass-word")
		})
	}
}

// A password with a percent sign makes HTTPS_PROXY unreadable. The error of net/http quotes it.
func TestAProxySettingThatCannotBeReadIsNotQuoted(t *testing.T) {
	through := Standard()
	asked := 0
	through.Proxy = readableProxy(func(*http.Request) (*url.URL, error) {
		asked++
		return nil, errors.New(`invalid proxy address "http://me:100%-secret@proxy:3128"`)
	})
	tries := NewTries(true)
	err := put(t, &http.Client{Transport: through}, tries)
	require.ErrorContains(t, err, "the address of the proxy, HTTPS_PROXY, cannot be read; correct")
	assert.NotContains(t, err.Error(), "secret")
	assert.False(t, tries.OutcomeUnknown(0), "nothing was sent")
	assert.Equal(t, 1, asked, "it is not retried")
}

// net/http passes over a setting that it cannot read. Then no host is found, or none answers.
func TestAProxySettingThatIsPassedOverIsTold(t *testing.T) {
	direct := func() error {
		through := Standard()
		through.Proxy = nil // as net/http does then
		return put(t, &http.Client{Transport: through}, NewTries(true), RecordTries(true),
			PolicyFunc(func(req *policy.Request) (*http.Response, error) {
				req.Raw().URL.Host = "127.0.0.1:1"
				return req.Next()
			}))
	}
	for value, told := range map[string]bool{
		"http://me:100%-secret@proxy:3128": true,
		"me:%zz@proxy:3128":                true,
		"http://proxy:3128":                false,
		"proxy:3128":                       false,
		"":                                 false,
	} {
		t.Setenv("HTTPS_PROXY", "")
		t.Setenv("https_proxy", value)
		err := direct()
		require.ErrorContains(t, err, "connection refused", value)
		assert.Equal(t, told, strings.Contains(err.Error(), "; HTTPS_PROXY is not used"), value)
		assert.NotContains(t, err.Error(), "secret")
	}
	unknown := &UnknownHostError{Host: "x", err: &unusedProxyError{"HTTPS_PROXY", errors.New("y")}}
	assert.ErrorContains(t, unknown, "HTTPS_PROXY is not used")
}

// Other ways for a proxy to refuse: each names the proxy, and leaves nothing unknown.
func TestProxiesOfOtherKinds(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := quiet()
	defer secure.Close()
	socks := listen(t, func(conn net.Conn) {
		buffer := make([]byte, 16)
		_, _ = conn.Read(buffer)
		_, _ = conn.Write([]byte{5, 0xff}) // no acceptable way to sign in
		_, _ = conn.Read(buffer)
	})
	mute := listen(t, func(net.Conn) {})
	for name, c := range map[string]struct{ address, says string }{
		"SOCKS5 that is not there":         {"socks5://127.0.0.1:1", "connection refused"},
		"SOCKS5 that wants credentials":    {"socks5://" + socks, "no acceptable authentication methods"},
		"SOCKS5 that hangs up":             {"socks5://" + mute, "socks connect"},
		"https proxy of unknown authority": {secure.URL, "certificate"},
		"https proxy that speaks http": {
			"https://" + plain.Listener.Addr().String(), "does not look like a TLS handshake"},
		"http proxy that hangs up": {"http://" + mute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			address, err := url.Parse(c.address)
			require.NoError(t, err)
			through := Standard()
			through.Proxy = http.ProxyURL(address)
			defer through.CloseIdleConnections()
			tries := NewTries(true)
			err = put(t, &http.Client{Transport: through}, tries)
			var refusal *ProxyError
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, address.Host, refusal.Proxy)
			assert.ErrorContains(t, err, c.says)
			assert.False(t, tries.OutcomeUnknown(0))
		})
	}
}

// quiet is a server for https that does not log who leaves.
func quiet() *httptest.Server {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

// listen serves connections on loopback, each until serve returns, and returns its address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

// A proxy that reads TLS has a certificate of its own, which a machine must be told to trust.
func TestAProxyThatReadsTLS(t *testing.T) {
	inspecting := quiet()
	defer inspecting.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		_ = tls.Server(conn, inspecting.TLS).Handshake()
	}))
	defer proxy.Close()
	through := Standard()
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	through.Proxy = http.ProxyURL(address)
	through.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	tries := NewTries(true)
	err = put(t, &http.Client{Transport: through}, tries)
	require.ErrorContains(t, err, "if the proxy reads TLS, add its certificate authority")
	assert.False(t, tries.OutcomeUnknown(0))
}

// Requests that net/http refuses are never sent. Of the default transport that is known, because it
// traces.
func TestRequestsThatCannotBeSent(t *testing.T) {
	for standard, unknown := range map[bool]bool{true: false, false: true} {
		tries := NewTries(true)
		err := put(t, &http.Client{Transport: Standard()}, tries, RecordTries(standard),
			PolicyFunc(spoilHeader))
		require.ErrorContains(t, err, "invalid header field value")
		assert.Equal(t, unknown, tries.OutcomeUnknown(0))
	}
}

func spoilHeader(req *policy.Request) (*http.Response, error) {
	req.Raw().Header.Set("X-Project", "demo\n")
	return req.Next()
}

func TestTheDefaultTransportIsKnown(t *testing.T) {
	var none *http.Client
	assert.True(t, IsStandard(nil))
	assert.True(t, IsStandard(none))
	assert.False(t, IsStandard(http.DefaultClient))
}
