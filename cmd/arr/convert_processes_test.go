// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Other users of a machine see the arguments of all processes, and programs that a process starts see
// its environment. No SAS is in either while models are uploaded and converted.
func TestTheProcessListShowsNoSAS(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("there is no /proc")
	}
	blobs := newTestStorage(t, "models", "assets")
	service := blobs.service(false)
	service.environment = append(service.environment, "ARR_INPUT_SAS="+secretSAS("rl"))
	cmd := command(t, service.environment, convertArgs(pavilion(t), "--use-sas", "--read-sas", "1h", "--quiet")...)
	cmd.Dir = t.TempDir()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	blobs.mu.Lock() // storage answers once the process was seen
	release := sync.OnceFunc(blobs.mu.Unlock)
	defer release()
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	var arguments string
	for running := true; running; {
		select {
		case err := <-ended:
			require.NoError(t, err, output.String())
			running = false
		case <-time.After(2 * time.Millisecond):
		}
		if line := procFile(cmd.Process.Pid, "cmdline"); strings.Contains(line, "convert") {
			arguments = line
			assertNoSecret(t, line)
			release()
		}
		for _, child := range childrenOf(t, cmd.Process.Pid) {
			assertNoSecret(t, procFile(child, "cmdline"))
			environment := procFile(child, "environ")
			assertNoSecret(t, environment)
			for _, name := range []string{"ARR_INPUT_SAS=", "ARR_ACCOUNT_KEY=", "AZURE_STORAGE_CONNECTION_STRING="} {
				assert.NotContains(t, environment, name)
			}
		}
	}
	assert.Contains(t, arguments, "--use-sas", "the process was seen")
	assert.Contains(t, output.String(), "sig=", "a SAS was made and, as asked for, shown")
}

// procFile returns a file of a process, empty if that has ended.
func procFile(process int, name string) string {
	content, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process), name))
	return string(content)
}

// childrenOf returns the processes that a process has started.
func childrenOf(t *testing.T, process int) (children []int) {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, entry := range entries {
		content, _ := os.ReadFile(entry) // empty if the process has ended
		// The name, in parentheses, may hold anything; state and parent follow.
		_, rest, found := strings.Cut(string(content[bytes.LastIndexByte(content, ')')+1:]), " ")
		fields := strings.Fields(rest)
		if !found || len(fields) < 2 || fields[1] != strconv.Itoa(process) {
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		require.NoError(t, err)
		children = append(children, child)
	}
	return children
}
