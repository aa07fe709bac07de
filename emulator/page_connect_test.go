// SPDX-License-Identifier: MIT

package emulator_test

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

// The published key is on the page. Any other is a secret, wherever the page is shown.
func TestPageShowsThePublishedKeyAlone(t *testing.T) {
	s := start(t, emulator.Options{
		Accounts: []emulator.AccountOptions{{PrimaryKey: emulator.DevelopmentKey}},
	})
	body := s.browse("/").body
	assert.Contains(t, body, `data-value="account-key">`+emulator.DevelopmentKey+`<`)
	assert.NotContains(t, body, s.SecondaryKey())

	key, err := s.RotateKey(s.Account().ID, emulator.PrimaryKey)
	assert.NoError(t, err)
	s = start(t, emulator.Options{Accounts: []emulator.AccountOptions{{PrimaryKey: key}}, Admin: true})
	for _, target := range []string{"/", "/?session=a", "/?q=" + key} {
		body = s.browse(target).body
		assert.NotContains(t, body, `data-value="account-key"`)
		assert.NotContains(t, body, emulator.DevelopmentKey)
		assert.NotContains(t, body, s.SecondaryKey())
	}
	assert.NotContains(t, s.browse("/").body, key)
}

// The page tells the address that the browser uses, and with a domain the names below it.
func TestPageTellsHowToConnect(t *testing.T) {
	for _, test := range []struct {
		options  emulator.Options
		address  string
		endpoint string
		sts      string
		python   bool
		java     bool
	}{
		{address: "http://localhost:20210", endpoint: "http://localhost:20210", sts: "http://localhost:20210"},
		{
			address: "https://127.0.0.1:20210", endpoint: "https://127.0.0.1:20210",
			sts: "https://127.0.0.1:20210", python: true,
		},
		{
			options: emulator.Options{Domain: "arr.test"}, address: "http://localhost:1",
			endpoint: "http://localhost:1", sts: "http://localhost:1",
		},
		{
			options: emulator.Options{Domain: "arr.test", Region: "eastus"}, address: "https://localhost:8443",
			endpoint: "https://remoterendering.eastus.arr.test:8443", sts: "https://sts.arr.test:8443",
			python: true, java: true,
		},
		{
			options: emulator.Options{ExternalURL: "https://arr.example"}, address: "http://localhost:1",
			endpoint: "https://arr.example", sts: "https://arr.example", python: true,
		},
	} {
		s := start(t, test.options)
		body := html.UnescapeString(s.send(http.MethodGet, test.address+"/", "", nil).body)
		assert.Contains(t, body, `data-value="endpoint">`+test.endpoint+`<`)
		assert.Contains(t, body, `data-value="sts-endpoint">`+test.sts+`<`)
		assert.Contains(t, body, "export ARR_ENDPOINT='"+test.endpoint+"'")
		assert.Contains(t, body, "$env:ARR_ENDPOINT = '"+test.endpoint+"'")
		assert.Equal(t, test.python, strings.Contains(body, "client = RemoteRenderingClient("), test.address)
		assert.Equal(t, test.java, strings.Contains(body, "new RemoteRenderingClientBuilder()"), test.address)
		assert.Equal(t, test.java, strings.Contains(body, "const client = new Remote"), test.address)
	}
}
