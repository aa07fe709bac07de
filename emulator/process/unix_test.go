// SPDX-License-Identifier: MIT

//go:build unix

package process_test

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/process"
)

// gone reports whether a process has ended. Where nobody takes note of the end of an orphan its
// number stays in use: it has ended nevertheless, if none of its threads is left but the first,
// which is what the number stands for.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return true
	}
	directory := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(directory + "/stat")
	if err != nil || !bytes.Contains(stat, []byte(") Z ")) {
		return false
	}
	threads, err := os.ReadDir(directory + "/task")
	return err == nil && len(threads) == 1
}

func TestProgramThatIgnoresTheRequestToEnd(t *testing.T) {
	t.Parallel()
	const grace = 2 * time.Second
	f := backend(t, process.Options{Command: program("ignore SIGTERM"), StopGrace: grace})
	server, _ := f.ready("a")
	pid := f.output.pids(t, 1)[0]
	began := time.Now()
	server.Stop()
	assert.Less(t, time.Since(began), grace, "nobody waits for it")
	time.Sleep(100 * time.Millisecond)
	assert.False(t, gone(pid), "it has its time")
	eventually(t, func() bool { return gone(pid) })
	require.NoError(t, f.Close())
	assert.GreaterOrEqual(t, time.Since(began), grace)
}

func TestChildrenOfTheProgramEndWithIt(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"spawn a grandchild", "spawn and die"} {
		f := backend(t, process.Options{Command: program(role), StopGrace: 200 * time.Millisecond})
		server := f.Start(spec("a"))
		pids := f.output.pids(t, 2)
		if role == "spawn and die" {
			assert.Equal(t, "ServerStartFailed", failed(t, server).Failure.Code)
		} else {
			server.Stop()
		}
		for _, pid := range pids {
			eventually(t, func() bool { return gone(pid) })
		}
		require.NoError(t, f.Close())
	}
}

func TestProgramsEndWithAnEmulatorThatIsKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells children of the end of their parent")
	}
	owned := new(output)
	owner := exec.Command(executable(), "role=own a backend")
	owner.Stdout = owned
	require.NoError(t, owner.Start())
	pids := owned.pids(t, 2)
	require.NoError(t, owner.Process.Kill())
	require.Error(t, owner.Wait())
	eventually(t, func() bool { return gone(pids[1]) })
}
