// SPDX-License-Identifier: MIT

package statefile

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asNobody runs do as a user without rights on files, in a thread of its own.
func asNobody(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked, so that the thread ends with the goroutine
		const nobody = 65534
		_ = syscall.Setfsuid(nobody)
		do()
	}()
	<-done
}

func TestReadOnlyFolder(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o555))
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o755))
	asNobody(func() {
		_, err := Open(filepath.Join(folder, "state"))
		assert.ErrorContains(t, err,
			fmt.Sprintf("cannot make a file in folder %q: permission denied", folder))
	})
}

func TestFileOfAnotherUser(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "state")
	require.NoError(t, opened(t, path).Close())
	require.NoError(t, os.Chmod(folder, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o755))
	asNobody(func() {
		_, err := Open(path)
		assert.ErrorContains(t, err, fmt.Sprintf("cannot open the state file %q: permission denied", path))
	})
}

// fullDiskVariable tells a process that it is the child in which the limit of TestFullDisk holds:
// the process of the test writes files of its own.
const fullDiskVariable = "ARR_TEST_FULL_DISK"

// limitFiles keeps files from growing beyond a size, as a full disk does, until it is undone.
func limitFiles(t *testing.T, size uint64) (undo func()) {
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	limit := syscall.Rlimit{Cur: size, Max: before.Max}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	return func() { assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }
}

func TestFullDisk(t *testing.T) {
	if os.Getenv(fullDiskVariable) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
		child.Env = append(os.Environ(), fullDiskVariable+"=1")
		output, err := child.CombinedOutput()
		require.NoError(t, err, string(output))
		return
	}
	path := filepath.Join(t.TempDir(), "state")
	undo := limitFiles(t, 1000)
	_, err := Open(path)
	undo()
	require.ErrorContains(t, err, "file too large")
	_, err = os.Lstat(path)
	require.ErrorIs(t, err, os.ErrNotExist, "nothing is left")

	f := opened(t, path)
	undo = limitFiles(t, 128<<10)
	written := 0
	for err = error(nil); err == nil; written++ {
		err = f.Write(Changes{{"b", fmt.Sprintf("%06d", written)}: make([]byte, 1000)})
	}
	undo()
	require.ErrorContains(t, err, fmt.Sprintf("cannot write the state file %q", path))
	require.ErrorContains(t, err, "file too large")
	assert.Len(t, content(t, f, "b"), written-1, "what was written stays")
	require.NoError(t, f.Write(Changes{{"b", "later"}: []byte("x")}), "once there is space again")
	require.NoError(t, f.Close())
	assert.Len(t, content(t, opened(t, path), "b"), written)
}
