// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// onTerminal is arr on a pseudo-terminal.
type onTerminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	screen *output
	ended  chan struct{}
}

func startOnTerminal(t *testing.T, environment []string, args ...string) *onTerminal {
	t.Helper()
	return startSized(t, 100, environment, args...)
}

func startOnTerminalIn(t *testing.T, folder string, environment []string, args ...string) *onTerminal {
	t.Helper()
	cmd := command(t, environment, args...)
	cmd.Dir = folder
	return startCommandOnTerminal(t, 100, cmd)
}

func startSized(t *testing.T, columns uint16, environment []string, args ...string) *onTerminal {
	t.Helper()
	cmd := command(t, environment, args...)
	cmd.Dir = t.TempDir()
	return startCommandOnTerminal(t, columns, cmd)
}

func startCommandOnTerminal(t *testing.T, columns uint16, cmd *exec.Cmd) *onTerminal {
	t.Helper()
	p := &onTerminal{
		t:      t,
		cmd:    cmd,
		screen: new(output),
		ended:  make(chan struct{}),
	}
	master, err := pty.StartWithSize(p.cmd, &pty.Winsize{Rows: 25, Cols: columns})
	require.NoError(t, err)
	p.master = master
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			_, _ = p.screen.Write(buffer[:n])
			if err != nil {
				return // the program has ended, and with it the terminal
			}
		}
	}()
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
		<-read
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		_ = master.Close()
	})
	return p
}

func (p *onTerminal) signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

func (p *onTerminal) resize(columns, rows uint16) {
	p.t.Helper()
	require.NoError(p.t, pty.Setsize(p.master, &pty.Winsize{Rows: rows, Cols: columns}))
}

func (p *onTerminal) await(text string) {
	p.t.Helper()
	require.Eventually(
		p.t,
		func() bool { return strings.Contains(p.screen.String(), text) },
		patience,
		5*time.Millisecond,
		"%q",
		text,
	)
}

func (p *onTerminal) write(text string) {
	p.t.Helper()
	_, err := p.master.WriteString(text)
	require.NoError(p.t, err)
}

func (p *onTerminal) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(p.t, "arr does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}
