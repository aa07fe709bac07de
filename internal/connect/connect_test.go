// SPDX-License-Identifier: MIT

package connect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The lines are run against real clients by the interoperation tests.
func TestLines(t *testing.T) {
	manual := Manual()
	for _, c := range Clients {
		assert.Contains(t, manual, "  "+c.Name+" ")
		for _, tls := range []bool{false, true} {
			assert.NotContains(t, c.Text(tls), onlyHTTP)
			assert.NotContains(t, c.Text(tls), onlyHTTPS)
			assert.Contains(t, c.Text(tls), "ARR_STS_ENDPOINT")
		}
	}
	for _, line := range strings.Split(manual, "\n") {
		assert.LessOrEqual(t, len(line), 120)
	}
	assert.Contains(t, Named("curl").Code(true), "--cacert")
	assert.NotContains(t, Named("curl").Code(false), "--cacert")
	assert.NotContains(t, Named("Go").Code(true), "Insecure", "what lets a key travel unencrypted")
	assert.Contains(t, Named("Go").Code(false), "Insecure")
	assert.Contains(t, manual, "Insecure")
	assert.Equal(t, NeedsDomain, Named("JavaScript").Needs, "its key would go to another server")
}

func TestConnection(t *testing.T) {
	c := Connection{AccountID: "id", AccountKey: "it's"}
	c.UseNames("eastus", "arr.test", "8443")
	assert.Equal(t, "https://remoterendering.eastus.arr.test:8443", c.Endpoint)
	assert.Equal(t, "https://sts.arr.test:8443", c.STSEndpoint)
	assert.Len(t, c.Variables(), 5)
	assert.Equal(t, `export ARR_ACCOUNT_KEY='it'\''s'`+"\n", c.Variables()[3].Sh())
	assert.Equal(t, "$env:ARR_ACCOUNT_KEY = 'it''s'\n", c.Variables()[3].PowerShell())
	c.CAFile = "/ca.pem"
	assert.Equal(t, Variable{"ARR_CA_FILE", "/ca.pem"}, c.Variables()[5])
	assert.Equal(t, "https://sts.arr.test", HTTPS("sts.arr.test", "443"))
	assert.Equal(t, "https://[::1]:1", HTTPS("::1", "1"))
}
