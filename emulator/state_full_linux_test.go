// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fullDiskVariable tells a process that it is the child in which the limit of TestFullDisk holds: the
// process of the test writes files of its own.
const fullDiskVariable = "ARR_TEST_FULL_DISK"

// On a full disk what cannot be kept is answered with 500, and the log says why. What was answered
// before stays, and once there is space again everything goes on.
func TestFullDisk(t *testing.T) {
	if os.Getenv(fullDiskVariable) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
		child.Env = append(os.Environ(), fullDiskVariable+"=1")
		output, err := child.CombinedOutput()
		require.NoError(t, err, string(output))
		return
	}
	var log strings.Builder
	options := kept(t)
	options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := start(t, options)
	closeAfter(t, s)
	s.create("before", standard5)

	signal.Ignore(syscall.SIGXFSZ)
	var unlimited syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited))
	full := syscall.Rlimit{Cur: 100 << 10, Max: unlimited.Max}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full))
	defer func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited) }()
	created, status := 0, http.StatusCreated
	for ; status == http.StatusCreated; created++ {
		status = s.put(fmt.Sprintf("s%d", created), standard5).status
	}
	created-- // the last one was not
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, log.String(), "file too large")
	assert.Equal(t, http.StatusOK, s.get("before").status, "what is in the file can be read")
	unknown := fmt.Sprintf("s%d", created)
	assert.Equal(t, http.StatusInternalServerError, s.get(unknown).status,
		"nobody is told what a restart would lose")

	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited))
	assert.Equal(t, http.StatusOK, s.put(unknown, standard5).status, "a repeat finds it")
	s.restart(options)
	for i := range created + 1 {
		assert.Equal(t, http.StatusOK, s.get(fmt.Sprintf("s%d", i)).status)
	}
}
