// SPDX-License-Identifier: MIT

package main

import (
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

func TestHTTPSURLLeavesTheDefaultPortOut(t *testing.T) {
	assert.Equal(t, "https://sts.arr.test", httpsURL("sts.arr.test", "443"))
	assert.Equal(t, "https://sts.arr.test", httpsURL("sts.arr.test", ""))
	assert.Equal(t, "https://sts.arr.test:8443", httpsURL("sts.arr.test", "8443"))
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
		"account id       " + emulator.DefaultAccountID + "\n",
		"account key      a&<key>\n",
		"account domain   arr.test\n",
		"CA certificate   /",
		"127.0.0.1 sts.arr.test remoterendering.westeurope.arr.test",
		"docs/tls.md",
		"--env-file",
		"Nothing renders",
		"Watch it in a browser:  https://127.0.0.1:",
	} {
		assert.Contains(t, text.String(), part)
	}
	p.signal(os.Interrupt)
	assert.Equal(t, failure.OK, p.wait())
}
