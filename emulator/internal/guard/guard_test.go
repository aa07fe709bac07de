// SPDX-License-Identifier: MIT

package guard

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
)

func TestHostOf(t *testing.T) {
	for hostport, want := range map[string][2]string{
		"Example.COM.:80":     {"example.com", "80"},
		"example.com":         {"example.com", ""},
		"[::1]:443":           {"::1", "443"},
		"[::1]":               {"::1", ""},
		"[::ffff:10.0.0.1]:1": {"10.0.0.1", "1"},
		"fe80::1%eth0":        {"fe80::1", ""},
		"":                    {"", ""},
	} {
		host, port := HostOf(hostport)
		assert.Equal(t, want, [2]string{host, port}, hostport)
	}
}

func TestKnownHosts(t *testing.T) {
	g, err := New(Options{
		Domain: "arr.test", ExternalURL: "https://arr.example.com:8443",
		AllowHosts: []string{"Emulator", ".svc.local"},
	})
	require.NoError(t, err)
	for host, known := range map[string]bool{
		"sts.arr.test": true, "arr.test:443": true, "arr.example.com": true, "emulator:80": true,
		"svc.local": true, "a.b.svc.local": true, "localhost": true, "127.0.0.2": true,
		"example.com": false, "sub.emulator": false, "xarr.test": false, "10.0.0.1": false, "": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		assert.Equal(t, known, g.Knows(r), host)
	}
}

func TestForwardedAddress(t *testing.T) {
	for _, test := range []struct {
		header       http.Header
		scheme, host string
		malformed    bool
	}{
		{},
		{header: http.Header{"Forwarded": {`for=1.2.3.4;Host="a.example:8443";proto=HTTPS`}},
			scheme: "https", host: "a.example:8443"},
		{header: http.Header{"Forwarded": {"host=far, host=near"}}, host: "near"},
		{header: http.Header{"X-Forwarded-Proto": {"http,https"}, "X-Forwarded-Host": {"b"}},
			scheme: "https", host: "b"},
		{header: http.Header{"Forwarded": {"proto=http"}, "X-Forwarded-Proto": {"https"}}, malformed: true},
		{header: http.Header{"Forwarded": {"host=a;host=b"}}, malformed: true},
		{header: http.Header{"X-Forwarded-Host": {"a/b"}}, malformed: true},
		{header: http.Header{"X-Forwarded-Proto": {"ftp"}}, malformed: true},
	} {
		scheme, host, ok := forwardedAddress(test.header)
		assert.Equal(t, !test.malformed, ok, test.header)
		if !ok {
			continue // the rest means nothing
		}
		assert.Equal(t, [2]string{test.scheme, test.host}, [2]string{scheme, host}, test.header)
	}
}

// Behind a proxy nobody is taken for a client on this machine.
func TestFromHere(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		peer    string
		here    bool
	}{
		"loopback":        {Options{}, "127.0.0.1:5000", true},
		"another machine": {Options{}, "10.0.0.1:5000", false},
		"external URL":    {Options{ExternalURL: "https://a.example"}, "127.0.0.1:5000", false},
		"trusted proxy": {
			Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, "127.0.0.1:5000", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := New(test.options)
			require.NoError(t, err)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = test.peer
			assert.Equal(t, test.here, g.FromHere(r))
		})
	}
}

func TestRefusedOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"Options.AllowHosts[0]":     {AllowHosts: []string{"http://a"}},
		"Options.ExternalURL":       {ExternalURL: "https://a/path"},
		"Options.TrustedProxies[0]": {TrustedProxies: make([]netip.Prefix, 1)},
	} {
		_, err := New(o)
		var invalid *azremoterendering.InvalidArgumentError
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, name, invalid.Name)
	}
}
