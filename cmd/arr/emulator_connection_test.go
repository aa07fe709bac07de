// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestHostsLineNamesTheAddressThatIsListenedOn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no 127.0.0.2")
	}
	p := start(
		t,
		nil,
		"emulator",
		"--listen",
		"127.0.0.2:0",
		"--tls",
		"--domain",
		"arr.test",
		"--ca-dir",
		t.TempDir(),
	)
	var text strings.Builder
	for !strings.Contains(text.String(), "Ctrl-C") {
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err, p.stderr)
		text.WriteString(line)
	}
	assert.Contains(t, text.String(), "127.0.0.2 sts.arr.test remoterendering.westeurope.arr.test")
	p.stop()
}

func TestText(t *testing.T) {
	p := start(
		t,
		[]string{keyVariable + "=a&<key>"},
		"emulator",
		"--listen",
		"localhost:0",
		"--tls",
		"--domain",
		"arr.test",
	)
	var text strings.Builder
	for !strings.Contains(text.String(), "Ctrl-C") {
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err, p.stderr)
		text.WriteString(line)
	}
	for _, part := range []string{
		"endpoint         https://remoterendering.westeurope.arr.test:",
		"STS endpoint     https://sts.arr.test:",
		"account id       " + emulator.DevelopmentAccountID + "\n",
		"account key      a&<key>\n",
		"account domain   arr.test\n",
		"CA certificate   /",
		"127.0.0.1 sts.arr.test remoterendering.westeurope.arr.test",
		"docs/tls.md",
		"--env-file",
		"Nothing renders",
		"Watch it in a browser:  https://localhost:",
	} {
		assert.Contains(t, text.String(), part)
	}
	p.signal(os.Interrupt)
	assert.Equal(t, failure.OK, p.wait())
}

// Every path is for known hosts only; the name given to --listen is one of them.
func TestHostsOfTheEmulator(t *testing.T) {
	_, c := startEmulator(t, nil, "--listen", "localhost:0", "--allow-host", "emulator,.tests.example")
	for host, want := range map[string]int{
		"":                      http.StatusOK,
		"localhost":             http.StatusOK,
		"emulator:20210":        http.StatusOK,
		"one.two.tests.example": http.StatusOK,
		"attacker.example":      http.StatusMisdirectedRequest,
		"emulator.example":      http.StatusMisdirectedRequest,
	} {
		for _, path := range []string{"/", "/accounts/" + c.AccountID + "/token"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Endpoint+path, nil)
			require.NoError(t, err)
			req.Host = host
			req.Header.Set("Authorization", "Bearer "+c.AccountID+":"+c.AccountKey)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, want, resp.StatusCode, "%s %s", host, path)
		}
	}
	code, _, stderr := runOnce(t, "emulator", "--allow-host", "http://emulator")
	assert.Equal(t, failure.Usage, code)
	assert.Contains(t, stderr, `--allow-host "http://emulator" is neither a host name nor an address`)
}

// Tokens of Microsoft Entra are taken only if asked for.
func TestIdentitiesOfTheEmulator(t *testing.T) {
	for _, test := range []struct {
		flags []string
		want  int
	}{
		{nil, http.StatusUnauthorized},
		{[]string{"--accept-any-identity"}, http.StatusOK},
		{[]string{"--accept-any-identity", "--domain", "arr.test"}, http.StatusOK},
	} {
		p, c := startEmulator(t, nil, test.flags...)
		req, err := http.NewRequestWithContext(
			t.Context(), http.MethodGet, c.Endpoint+"/accounts/"+c.AccountID+"/token", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+entraToken())
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, test.want, resp.StatusCode, test.flags)
		p.stop()
		if test.flags == nil {
			assert.Contains(t, p.stderr.String(), "--accept-any-identity")
		}
	}
}
