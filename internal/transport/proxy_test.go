// SPDX-License-Identifier: MIT

package transport

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

// The transport of a program tells only the words of the proxy's status line; that of this package
// keeps the number. Either way the error names the proxy, and nothing counts as sent.
func TestRefusingProxies(t *testing.T) {
	for _, c := range []struct {
		name      string
		status    int
		ours      bool
		tries     int
		says, not string
	}{
		{"forbidden", 403, true, 1, "it answered 403 Forbidden; check HTTPS_PROXY", ""},
		{"credentials wanted", 407, true, 1, "user name and password of the proxy", ""},
		{"bad gateway", 502, true, 2, "it answered 502 Bad Gateway", ""},
		{"moved", 302, true, 2, "it answered 302 Found", ""},
		{"forbidden, foreign transport", 403, false, 2, "Forbidden; check HTTPS_PROXY", "it answered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy, err := faultproxy.ListenConnect(func(string) faultproxy.ConnectAnswer {
				return faultproxy.ConnectAnswer{Status: c.status}
			})
			require.NoError(t, err)
			defer proxy.Close()

			through := &http.Transport{}
			if c.ours {
				through = defaultTransport().Transport.(*http.Transport).Clone()
			}
			through.Proxy = http.ProxyURL(proxy.URL())
			defer through.CloseIdleConnections()
			tries := NewTries(true)
			err = put(t, &http.Client{Transport: through}, tries)

			var refusal *ProxyError
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, proxy.URL().Host, refusal.Proxy)
			assert.ErrorContains(t, err, c.says)
			if c.not != "" {
				assert.NotContains(t, err.Error(), c.not)
			}
			assert.False(t, tries.OutcomeUnknown(0))
			assert.Equal(t, c.tries, proxy.Asked(), "a refusal that stays one is not retried")
		})
	}
}

// put sends a PUT through a pipeline with one retry. The policies are RecordTries by default.
func put(
	t *testing.T,
	transport policy.Transporter,
	tries *Tries,
	policies ...policy.Policy,
) error {
	t.Helper()
	if policies == nil {
		policies = []policy.Policy{RecordTries(false)}
	}
	pipeline := runtime.NewPipeline("test", "v0.0.0", runtime.PipelineOptions{
		PerRetry: policies,
	}, &policy.ClientOptions{
		Transport: transport,
		Retry:     policy.RetryOptions{MaxRetries: 1, RetryDelay: 1},
	})
	ctx := tries.Trace(t.Context())
	req, err := runtime.NewRequest(ctx, http.MethodPut, "https://rendering.example/demo")
	require.NoError(t, err)
	tries.Attach(req)
	resp, err := pipeline.Do(req)
	if resp != nil {
		runtime.Drain(resp)
	}
	return err
}
