// SPDX-License-Identifier: MIT

package process

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

const (
	killTimeout  = 2 * time.Second        // for a killed program to be gone
	drainTimeout = 500 * time.Millisecond // for the rest of the output, once the program is gone
	groupPoll    = 10 * time.Millisecond
)

var (
	errNotKilled  = errors.New("the process was killed but is still there")
	errNotDrained = errors.New("the process has ended, but its last output could not be written")
)

// child is a running program.
type child struct {
	cmd    *exec.Cmd
	pid    int
	exited chan struct{} // closed when the program has ended

	output  *os.File      // the end of a pipe from which its output is read, or nil
	drained chan struct{} // closed when there will be no more output
}

// startChild starts a program and the goroutines that wait for its end and read its output. The
// output is discarded if to is nil.
func startChild(command, environment []string, to *lines) (*child, error) {
	c := &child{
		cmd:     exec.Command(command[0], command[1:]...),
		exited:  make(chan struct{}),
		drained: make(chan struct{}),
	}
	c.cmd.Env = environment
	prepare(c.cmd)
	if to == nil {
		close(c.drained)
		if err := c.cmd.Start(); err != nil {
			return nil, err
		}
	} else if err := c.startPiped(to); err != nil {
		return nil, err
	}
	c.pid = c.cmd.Process.Pid
	go func() {
		defer close(c.exited)
		_ = c.cmd.Wait() // the process state says as much as the error
	}()
	return c, nil
}

// startPiped starts the program with a pipe of its own. With a pipe of package exec, waiting for
// the program would mean waiting for every process that inherited the pipe.
func (c *child) startPiped(to *lines) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	c.output, c.cmd.Stdout, c.cmd.Stderr = read, write, write
	if err := c.cmd.Start(); err != nil {
		read.Close()
		return err
	}
	go func() {
		defer close(c.drained)
		defer read.Close()
		to.copy(read)
	}()
	return nil
}

// result says how the program has ended. It may be called after exited is closed.
func (c *child) result() string {
	if c.cmd.ProcessState == nil {
		return "its exit status is not known"
	}
	return c.cmd.ProcessState.String()
}

// end ends the program and its group. It returns when the program is gone, and the rest of the
// group is gone or killed. It takes at most the grace, killTimeout and twice drainTimeout.
//
// If the program ended by itself, its process id might belong to another process by now. But the id
// of a group is not reused while the group has members. If it has none, the signal follows the end
// within microseconds, and systems do not reuse an id before they have used all others.
func (c *child) end(grace time.Duration) error {
	askGroup(c.cmd.Process)
	var err error
	if !c.gone(grace) {
		killGroup(c.cmd.Process)
		select {
		case <-c.exited:
		case <-time.After(killTimeout):
			err = errNotKilled
		}
	}
	return errors.Join(err, c.drain())
}

// gone waits until program and group are gone. It reports false if they are not, after the grace.
func (c *child) gone(grace time.Duration) bool {
	limit := time.NewTimer(grace)
	defer limit.Stop()
	select {
	case <-c.exited:
	case <-limit.C:
		return false
	}
	poll := time.NewTicker(groupPoll)
	defer poll.Stop()
	for groupAlive(c.cmd.Process) {
		select {
		case <-poll.C:
		case <-limit.C:
			return false
		}
	}
	return true
}

// drain waits for the rest of the output. A process that has left the group may hold the pipe open;
// it is cut off.
func (c *child) drain() error {
	for range 2 {
		select {
		case <-c.drained:
			return nil
		case <-time.After(drainTimeout):
			c.output.Close() // ends a read that blocks
		}
	}
	return errNotDrained
}
