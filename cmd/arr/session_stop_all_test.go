// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// That nobody reads what was stopped is no reason to keep silent about what was not.
func TestStopAllNamesWhatItCouldNotStopWithoutAReader(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("a-1")
	service.ready("a-2")
	service.inject("operation=stop session=a-1 status=403")
	cmd := command(t, service.environment, "session", "stop-all", "--all", "--yes")
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	stderr := new(output)
	cmd.Stdout, cmd.Stderr = writer, stderr
	require.Error(t, cmd.Run())
	require.NoError(t, writer.Close())
	assert.Equal(t, failure.Unread, cmd.ProcessState.ExitCode())
	assert.Contains(
		t,
		stderr.String(),
		`arr: session "a-1" at `+service.url+` could not be stopped and is billed until its lease ends: `,
	)
}

func TestStopAllNamesWhatItCouldNotStop(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for _, id := range []string{"a-1", "a-2", "a-3", "b-1"} {
		service.ready(id)
	}
	service.inject("operation=stop session=a-1 status=403")
	service.inject("operation=stop session=a-3 status=403")
	r := service.arr("session", "stop-all", "--prefix", "a-", "--yes", "--output", "json")
	assert.Equal(t, failure.Refused, r.code, r.stderr)
	assert.Equal(t, `{"id":"a-2","stopped":true,"endpoint":"`+service.url+`"}`+"\n", r.stdout)
	assert.Equal(t, 4, strings.Count(r.stderr, "\n"), r.stderr)
	for _, id := range []string{"a-1", "a-3"} {
		assert.Contains(
			t,
			r.stderr,
			`arr: session "`+id+`" at `+service.url+` could not be stopped and is billed until its lease ends: `,
		)
		assert.Contains(t, r.stderr, "Try again: arr session stop "+id+" --endpoint "+service.url)
	}
	assert.Equal(t, arr.SessionStatusReady, service.status("b-1"))
}
