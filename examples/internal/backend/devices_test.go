// SPDX-License-Identifier: MIT

package backend

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The hash is what the command in the doc comment prints for the secret "secret".
const hashOfSecret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"

func TestReadDevices(t *testing.T) {
	d, err := parseDevices(
		strings.NewReader(
			"# devices of the lab\n\n  headset-1 " + strings.ToUpper(hashOfSecret) + "\r\n",
		),
	)
	require.NoError(t, err)
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	req.Header.Set("Authorization", "Bearer secret")
	name, ok := d.Authenticate(req)
	require.True(t, ok)
	require.Equal(t, "headset-1", name)
}

func TestReadDevicesRefusesWhatIsNoHash(t *testing.T) {
	const emptySecret = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for text, want := range map[string]string{
		"":                                     "no devices",
		"# nothing":                            "no devices",
		"a " + hashOfSecret + "\nb":            "line 2",
		"a secret":                             "64 hexadecimal digits",
		"a " + hashOfSecret[1:]:                "64 hexadecimal digits",
		"a " + emptySecret:                     "empty secret",
		"a " + hashOfSecret + " " + "whatever": "NAME SHA256",
	} {
		_, err := parseDevices(strings.NewReader(text))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), hashOfSecret[1:])
	}
}
