// SPDX-License-Identifier: MIT

//go:build linux

package lease_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

const suspendedChild = "ARR_TEST_SUSPENDED_CHILD"

// A program that touches its lease five times a second is suspended for longer than IdleTimeout. On
// waking it has a chance to touch it before it is idle.
func TestALeaseOfASuspendedProgramIsNotIdle(t *testing.T) {
	if os.Getenv(suspendedChild) != "" {
		touchForAWhile(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0],
		"-test.run", "^TestALeaseOfASuspendedProgramIsNotIdle$", "-test.v")
	child.Env = append(os.Environ(), suspendedChild+"=1")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text := lines.Text()
		switch {
		case strings.HasPrefix(text, "HELD"):
			require.NoError(t, child.Process.Signal(syscall.SIGSTOP))
			time.Sleep(3 * time.Second)
			require.NoError(t, child.Process.Signal(syscall.SIGCONT))
		case strings.HasPrefix(text, "END"):
			assert.Equal(t, "END <nil>", text)
		}
	}
	assert.NoError(t, child.Wait())
}

func touchForAWhile(t *testing.T) {
	s := newService(t, emulator.Options{})
	l, err := lease.Acquire(t.Context(), s.client,
		lease.AcquireOptions{IdleTimeout: 1500 * time.Millisecond})
	require.NoError(t, err)
	for i := range 10 {
		l.Touch()
		if i == 5 {
			fmt.Println("HELD")
		}
		time.Sleep(200 * time.Millisecond)
	}
	fmt.Println("END", context.Cause(l.Context()))
	require.NoError(t, l.Release(t.Context()))
}
