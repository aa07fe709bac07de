// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
