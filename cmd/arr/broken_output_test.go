// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// withoutReader runs a command whose output nobody reads any more, as that of: arr … | true.
func (s *testService) withoutReader(both bool, args ...string) result {
	s.t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(s.t, err)
	require.NoError(s.t, reader.Close())
	defer writer.Close()
	cmd := command(s.t, s.environment, args...)
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = writer, &errs
	if both {
		cmd.Stderr = writer
	}
	_ = cmd.Run() // the exit code tells
	return result{code: cmd.ProcessState.ExitCode(), stderr: errs.String()}
}

func TestAPipeThatNobodyReadsEndsACommandInSilence(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, args := range [][]string{
		{"session", "list"}, {"session", "get", "demo", "--output", "json"}, {"regions"},
		{"config"}, {"version"},
	} {
		r := service.withoutReader(false, args...)
		assert.Equal(t, failure.Unread, r.code, args)
		assert.Empty(t, r.stderr, args)
	}
}

// Nobody can have read the id of the session, so nobody would stop it.
func TestACreateWhoseResultIsLostStopsItsSession(t *testing.T) {
	for _, both := range []bool{false, true} {
		for _, extra := range [][]string{{"--interval", "20ms"}, {"--no-wait"}} {
			service := newTestService(
				t,
				emulator.Options{StartupTime: emulator.FixedStartup(100 * time.Millisecond)},
			)
			r := service.withoutReader(
				both,
				append([]string{"session", "create", "demo"}, extra...)...)
			assert.Equal(t, failure.Unread, r.code)
			assert.Equal(t, arr.SessionStatusStopped, service.status("demo"), "%v %v", both, extra)
			if !both {
				assert.Contains(t, r.stderr, "Session demo was stopped.")
			}
			r = service.withoutReader(
				both,
				append([]string{"session", "create", "kept", "--keep"}, extra...)...)
			assert.Equal(t, failure.Unread, r.code)
			assert.False(t, service.status("kept").Ended())
		}
	}
}

// A test that has died cannot end the emulator that it has started.
func TestAnEmulatorEndsOnceNobodyReadsItsLog(t *testing.T) {
	cmd := command(t, nil, "emulator", "--listen", "127.0.0.1:0", "--output", "json")
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var c connection
	require.NoError(t, json.NewDecoder(stdout).Decode(&c))
	require.NoError(t, log.Close())
	if answer, err := http.Get(c.Endpoint + "/accounts/" + c.AccountID + "/sessions"); err == nil {
		_ = answer.Body.Close()
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("it goes on")
	}
}

func TestAFullDiskIsNotBlamedOnTheNetwork(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no /dev/full")
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	cmd := command(t, nil, "regions")
	var errs strings.Builder
	cmd.Stdout, cmd.Stderr = full, &errs
	_ = cmd.Run()
	assert.Equal(t, failure.Other, cmd.ProcessState.ExitCode())
	assert.Equal(
		t,
		"arr: cannot write the result: write /dev/stdout: no space left on device\n"+
			"Check where standard output leads.\n",
		errs.String(),
	)
}
