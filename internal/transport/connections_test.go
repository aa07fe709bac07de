// SPDX-License-Identifier: MIT

package transport

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A thousand calls at once must not need a thousand sockets: many systems allow a process 1,024.
func TestConnectionsToAHostAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		http2 bool
		most  int64
	}{
		"HTTP/1.1": {false, connectionsPerHost},
		// A dial that ends as HTTP/2 makes room for others that are already waiting.
		"HTTP/2": {true, 5 * connectionsPerHost},
	} {
		t.Run(name, func(t *testing.T) {
			var opened atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(
				func(http.ResponseWriter, *http.Request) { time.Sleep(time.Millisecond) }))
			// dials that lost the race are closed
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.EnableHTTP2 = c.http2
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			server.StartTLS()
			defer server.Close()

			through := defaultTransport().Transport.(*http.Transport).Clone()
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			through.TLSClientConfig = &tls.Config{RootCAs: roots}
			through.Proxy = nil
			defer through.CloseIdleConnections()
			client := &http.Client{Transport: through}

			var calls sync.WaitGroup
			for range 1000 {
				calls.Go(func() {
					req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
					if !assert.NoError(t, err) {
						return
					}
					resp, err := client.Do(req)
					if assert.NoError(t, err) {
						runtime.Drain(resp)
					}
				})
			}
			calls.Wait()
			require.LessOrEqual(t, opened.Load(), c.most)
			t.Logf("%d connections for 1000 calls", opened.Load())
		})
	}
}
