// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// passedOn returns the signals that end arr before there is a command, and are passed on to it
// afterwards.
func passedOn() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
}

// messageSignals returns the signals that arr passes on to the command and otherwise ignores.
func messageSignals() []os.Signal { return []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2} }

// settle returns when the signals that reached this process before the call are in their channels.
// The runtime queues signals and hands out those of a batch in the order of their numbers, so the
// marker, whose number is higher than those of all signals in passedOn, comes after them.
func settle() {
	marker := make(chan os.Signal, 1)
	signal.Notify(marker, syscall.SIGIO)
	defer signal.Stop(marker)
	if syscall.Kill(os.Getpid(), syscall.SIGIO) != nil {
		return
	}
	select {
	case <-marker:
	case <-time.After(time.Second):
	}
}

// place is where the command stands among processes.
//
// With a terminal it stands in the process group of arr, as if the shell had started it: it can
// read from the terminal, also as part of a pipeline, and job control works for both at once. What
// is typed there reaches all of the group. If none of its streams is a terminal it has a group of
// its own: then nobody else sends signals to both, and arr can send them to all that the command
// has started.
type place struct {
	terminal *os.File // the controlling terminal, nil if the command has a group of its own
}

func findPlace(streams ...any) place {
	if !slices.ContainsFunc(streams, show.IsTerminal) {
		return place{}
	}
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return place{}
	}
	return place{terminal}
}

func (p place) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: p.terminal == nil}
}

// reached reports whether a signal that has reached arr has reached the command as well, because it
// was typed on the terminal.
func (p place) reached(s os.Signal) bool {
	if p.terminal == nil || s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	foreground, err := unix.IoctlGetInt(int(p.terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

func (p place) close() {
	if p.terminal != nil {
		_ = p.terminal.Close() // nothing was written to it
	}
}

// pass sends a signal to the command, and to its group if that is its own. It is no failure if the
// command has just ended. SIGCONT follows a signal that is to end the command, because a suspended
// command would not receive it.
func (c *child) pass(s os.Signal) {
	c.send(s)
	if s == syscall.SIGTERM || s == syscall.SIGHUP {
		c.send(syscall.SIGCONT)
	}
}

func (c *child) send(s os.Signal) {
	number, ok := s.(syscall.Signal)
	if ok && c.place.terminal == nil {
		_ = syscall.Kill(-c.Process.Pid, number)
		return
	}
	_ = c.Process.Signal(s)
}

func (c *child) kill() { c.send(syscall.SIGKILL) }
