// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// loopbackProxies trusts what runs on this machine, as a reverse proxy beside the emulator.
func loopbackProxies() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// nextLinkFor returns the status of a list request with a host and headers, and scheme and host of
// its link to the next page.
func (s *service) nextLinkFor(server string, header http.Header) (status int, origin string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(
		s.t.Context(), http.MethodGet, server+s.list()+apiVersion, nil)
	require.NoError(s.t, err)
	req.Header = header.Clone()
	req.Host = header.Get("Host")
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, ""
	}
	var list struct {
		NextLink string `json:"@nextLink"`
	}
	require.NoError(s.t, json.Unmarshal(body, &list))
	link, err := url.Parse(list.NextLink)
	require.NoError(s.t, err)
	return resp.StatusCode, link.Scheme + "://" + link.Host
}

// listening returns an emulator with two pages of sessions, and the address of its server.
func listening(t *testing.T, options emulator.Options) (*service, string) {
	t.Helper()
	options.Decisions.PageSize = 1
	s := start(t, options)
	s.create("a", standard5)
	s.create("b", standard5)
	server, err := s.Listen("")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return s, server.URL
}

func TestNextLinksCarryTheAddressThatTheClientUsed(t *testing.T) {
	const host = "emulator:20210" // as the proxy calls it
	s, server := listening(t, emulator.Options{
		TrustedProxies: loopbackProxies(),
		AllowHosts:     []string{"emulator", "arr.example"},
	})
	for name, test := range map[string]struct {
		header http.Header
		want   string
	}{
		"nothing":     {http.Header{}, "http://emulator:20210"},
		"proto alone": {http.Header{"X-Forwarded-Proto": {"https"}}, "https://emulator:20210"},
		"host alone":  {http.Header{"X-Forwarded-Host": {"arr.example:81"}}, "http://arr.example:81"},
		"both": {
			http.Header{"X-Forwarded-Proto": {"HTTPS"}, "X-Forwarded-Host": {"arr.example"}},
			"https://arr.example",
		},
		"the nearest proxy counts": {
			http.Header{"X-Forwarded-Host": {"attacker.example, arr.example"}}, "http://arr.example",
		},
		"the last line counts": {
			http.Header{"X-Forwarded-Host": {"attacker.example", "arr.example"}}, "http://arr.example",
		},
		"standard": {
			http.Header{"Forwarded": {`for="[2001:db8::1]:1";proto=https;host="arr.example:8443"`}},
			"https://arr.example:8443",
		},
		"standard, of two proxies": {
			http.Header{"Forwarded": {`host=attacker.example;for="a,b", Host=arr.example;PROTO=https`}},
			"https://arr.example",
		},
		"standard, with empty pairs and a semicolon in quotes": {
			http.Header{"Forwarded": {`;secret="a;host=b";; host=arr.example ;`}}, "http://arr.example",
		},
		"both say the same": {
			http.Header{"Forwarded": {"host=arr.example"}, "X-Forwarded-Host": {"ARR.example"}},
			"http://arr.example",
		},
	} {
		test.header.Set("Host", host)
		status, origin := s.nextLinkFor(server, test.header)
		assert.Equal(t, http.StatusOK, status, name)
		assert.Equal(t, test.want, origin, name)
	}
}

// A stranger who sends the headers of a proxy changes nothing, whatever is in them.
func TestForwardedHeadersOfStrangersHaveNoEffect(t *testing.T) {
	for name, trusted := range map[string][]netip.Prefix{
		"nobody is trusted": nil,
		"others are":        {netip.MustParsePrefix("192.0.2.0/24")},
	} {
		s, server := listening(t, emulator.Options{TrustedProxies: trusted, AllowHosts: []string{"arr.example"}})
		for _, header := range []http.Header{
			{"X-Forwarded-Host": {"arr.example"}, "X-Forwarded-Proto": {"https"}},
			{"Forwarded": {"for=127.0.0.1;host=arr.example;proto=https"}},
			{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Host": {"arr.example"}},
			{"X-Forwarded-Host": {"not a host"}, "Forwarded": {"="}},
		} {
			header.Set("Host", "localhost:1")
			status, origin := s.nextLinkFor(server, header)
			assert.Equal(t, http.StatusOK, status, name)
			assert.Equal(t, "http://localhost:1", origin, name)
		}
		header := http.Header{"Host": {"attacker.example"}, "X-Forwarded-Host": {"localhost"}}
		status, _ := s.nextLinkFor(server, header)
		assert.Equal(t, http.StatusMisdirectedRequest, status, name)
	}
}

// A page with a name of its own that leads to this machine sends any header it likes, and comes
// from a trusted address if the proxy is on the same machine.
func TestTrustedHeadersOpenNoUnknownHosts(t *testing.T) {
	s, server := listening(t, emulator.Options{
		TrustedProxies: loopbackProxies(), ExternalURL: "https://arr.example", Admin: true,
	})
	for name, header := range map[string]http.Header{
		"rebound name": {"Host": {"attacker.example"}},
		"rebound name, says that it is known": {
			"Host": {"attacker.example"}, "X-Forwarded-Host": {"localhost"},
		},
		"rebound name, standard header": {
			"Host": {"attacker.example"}, "Forwarded": {"host=arr.example;proto=https"},
		},
		"name that leads to the proxy": {
			"Host": {"localhost"}, "X-Forwarded-Host": {"attacker.example"},
		},
	} {
		status, _ := s.nextLinkFor(server, header)
		assert.Equal(t, http.StatusMisdirectedRequest, status, name)
		for request, status := range attack(t, server, s.Account().ID+":"+s.Key(), s.token, header) {
			assert.Contains(t, []int{403, 421}, status, name+": "+request)
		}
	}
}

func TestContradictionsOfProxiesAreRefused(t *testing.T) {
	s, server := listening(t, emulator.Options{
		TrustedProxies: loopbackProxies(), AllowHosts: []string{"arr.example"},
	})
	for _, header := range []http.Header{
		{"Forwarded": {"host=localhost"}, "X-Forwarded-Host": {"arr.example"}},
		{"Forwarded": {"proto=http"}, "X-Forwarded-Proto": {"https"}},
		{"Forwarded": {"host"}},
		{"Forwarded": {"host=arr.example;host=localhost"}},
		{"Forwarded": {"proto=https;host=arr.example;Proto=http"}},
		{"Forwarded": {"for=192.0.2.1;for=192.0.2.2;host=arr.example"}},
		{"Forwarded": {`host="arr.example`}},
		{"Forwarded": {`host="a\"b"`}},
		{"X-Forwarded-Proto": {"javascript"}},
		{"X-Forwarded-Host": {"arr.example/path"}},
		{"X-Forwarded-Host": {"user@arr.example"}},
		{"X-Forwarded-Host": {"arr.example:port"}},
		{"X-Forwarded-Host": {".example"}},
	} {
		header.Set("Host", "localhost")
		status, _ := s.nextLinkFor(server, header)
		assert.Equal(t, http.StatusBadRequest, status, header)
	}
}

func TestExternalURL(t *testing.T) {
	s, server := listening(t, emulator.Options{
		ExternalURL: "https://arr.example:8443/", Domain: "arr.test",
		TrustedProxies: loopbackProxies(), AllowHosts: []string{"emulator", "other.example"},
	})
	for name, test := range map[string]struct {
		header http.Header
		want   string
	}{
		"the proxy keeps the host":   {http.Header{"Host": {"arr.example"}}, "https://arr.example:8443"},
		"the proxy changes the host": {http.Header{"Host": {"emulator"}}, "https://arr.example:8443"},
		"a name of a region": {
			http.Header{"Host": {"remoterendering.westeurope.arr.test"}},
			"https://remoterendering.westeurope.arr.test",
		},
		"the proxy knows better": {
			http.Header{"Host": {"emulator"}, "X-Forwarded-Host": {"other.example"}},
			"http://other.example",
		},
	} {
		status, origin := s.nextLinkFor(server, test.header)
		assert.Equal(t, http.StatusOK, status, name)
		assert.Equal(t, test.want, origin, name)
	}
	status, _ := s.nextLinkFor(server,
		http.Header{"Host": {"emulator"}, "Origin": {"https://arr.example:8443"}})
	assert.Equal(t, http.StatusOK, status, "its own page")
}

// Behind a proxy on the same machine, its address says nothing about who asks.
func TestThePageIsNotShownThroughAProxy(t *testing.T) {
	for name, options := range map[string]emulator.Options{
		"trusted proxy": {TrustedProxies: loopbackProxies()},
		"external URL":  {ExternalURL: "https://arr.example"},
	} {
		_, server := listening(t, options)
		resp, err := http.Get(server + "/")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, name)
	}
}

func TestWrongProxyOptions(t *testing.T) {
	for _, external := range []string{
		"arr.example", "ftp://arr.example", "https://", "https://arr.example/path", "https://a b",
		"https://user@arr.example", "https://arr.example?x", "https://arr.example#x", "https://:80",
	} {
		_, err := emulator.New(emulator.Options{ExternalURL: external})
		require.ErrorContains(t, err, "Options.ExternalURL", external)
	}
	_, err := emulator.New(emulator.Options{TrustedProxies: make([]netip.Prefix, 1)})
	require.ErrorContains(t, err, "Options.TrustedProxies[0]")
}
