// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"syscall"
)

// passedOn returns the signals that end a command: Ctrl-C and Ctrl-Break, and the end of the
// console, of the login or of the machine.
func passedOn() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// messageSignals returns no signals: Windows has none that a command could handle as a message.
func messageSignals() []os.Signal { return nil }

// settle does nothing: the console starts a thread for each event, which needs no queue.
func settle() {}

// place is where the command stands among processes: in the console of arr.
type place struct{}

func findPlace(...any) place { return place{} }

func (place) attributes() *syscall.SysProcAttr { return nil }

// reached reports whether a signal has reached the command as well: the console tells all its
// processes of Ctrl-C.
func (place) reached(s os.Signal) bool { return s == os.Interrupt }

func (place) close() {}

// pass ends the command: there are no signals to send here.
func (c *child) pass(os.Signal) { c.kill() }

func (c *child) kill() { _ = c.Process.Kill() } // it may have ended just now
