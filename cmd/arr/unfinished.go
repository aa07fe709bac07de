// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/connect"
)

// stopNotice is how long stopping a session, or an interrupted command, may take before the user
// is told what arr is doing. Stopping takes up to half a minute if the service does not answer.
const stopNotice = 800 * time.Millisecond

// unfinished holds the sessions that may keep running if the process ends now: those that a command
// is creating or stopping.
type unfinished struct {
	mu       sync.Mutex
	sessions []*unfinishedSession
	signals  int  // that have asked the command to end
	owned    bool // the command handles signals itself, as arr run does
}

// unfinishedSession is one of them.
type unfinishedSession struct {
	id       string
	flags    string            // what "arr session stop" needs besides the id
	say      func(line string) // writes a line for the user
	stopping bool
	// temporary means that a signal leads to its being stopped, without another call of this file
	temporary bool
	told      bool // the user knows that it is being stopped
}

type unfinishedKey struct{}

// with returns a context that carries u to the commands.
func (u *unfinished) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, unfinishedKey{}, u)
}

// unfinishedOf returns what the context carries.
func unfinishedOf(ctx context.Context) *unfinished {
	if u, ok := ctx.Value(unfinishedKey{}).(*unfinished); ok {
		return u
	}
	return &unfinished{}
}

// own records that the command handles signals itself.
func (u *unfinished) own() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.owned = true
}

// add adds a session until done is called.
func (u *unfinished) add(s *unfinishedSession) (done func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sessions = append(u.sessions, s)
	notice := (*time.Timer)(nil)
	if s.stopping {
		notice = time.AfterFunc(stopNotice, u.tell)
	}
	return func() {
		if notice != nil {
			notice.Stop()
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.sessions = slices.DeleteFunc(
			u.sessions,
			func(other *unfinishedSession) bool { return other == s },
		)
	}
}

// interrupted records that a signal has asked the command to end. If it is still stopping sessions
// a moment later, the user is told.
func (u *unfinished) interrupted() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.signals++
	for _, s := range u.sessions {
		s.told = s.told && u.owned // arr run follows the signal at once if its user knows already
	}
	time.AfterFunc(stopNotice, u.tell)
}

// tell writes which sessions are being stopped: each once before a signal and once after it.
func (u *unfinished) tell() {
	u.mu.Lock()
	defer u.mu.Unlock()
	var ids []string
	var say func(string)
	for _, s := range u.sessions {
		if (s.stopping || s.temporary && u.signals > 0) && !s.told {
			s.told, say = true, s.say
			ids = append(ids, s.id)
		}
	}
	if len(ids) == 0 {
		return
	}
	line := "Stopping " + sessionsNamed(ids) + " …"
	if u.signals > 0 || u.owned {
		line += " Ctrl-C ends arr without waiting."
	}
	say(line)
}

// toldAll reports whether the user knows of every session that is being stopped.
func (u *unfinished) toldAll() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !slices.ContainsFunc(u.sessions, func(s *unfinishedSession) bool {
		return s.stopping && !s.told
	})
}

// endNow ends the process because of a repeated signal, unless the command handles signals itself.
func (u *unfinished) endNow(out io.Writer, s os.Signal) {
	u.mu.Lock()
	owned := u.owned
	u.mu.Unlock()
	if !owned {
		u.exit(out, s)
	}
}

// exit ends the process. It says which sessions may keep running, and how to stop them.
func (u *unfinished) exit(out io.Writer, s os.Signal) {
	err := error(failure.Signal{Signal: s})
	u.mu.Lock() // never unlocked, so that nothing else is written
	if len(u.sessions) > 0 {
		failure.Report(out, &failure.Advised{
			Err:    fmt.Errorf("%w: %s", err, u.mayRun()),
			Advice: u.howToStop(),
		}, "arr")
	}
	os.Exit(failure.Code(err))
}

// mayRun returns the lines that tell the user about the sessions.
func (u *unfinished) mayRun() string {
	var ids []string
	for _, s := range u.sessions {
		if !slices.Contains(ids, s.id) {
			ids = append(ids, s.id)
		}
	}
	if len(ids) == 1 {
		return sessionsNamed(ids) + " may keep running, and is then billed until its lease ends"
	}
	return sessionsNamed(ids) + " may keep running, and are then billed until their leases end"
}

// howToStop returns the command lines that stop the sessions, one for each set of flags.
func (u *unfinished) howToStop() string {
	var order []string
	ids := make(map[string][]string)
	for _, s := range u.sessions {
		if ids[s.flags] == nil {
			order = append(order, s.flags)
		}
		if !slices.Contains(ids[s.flags], s.id) {
			ids[s.flags] = append(ids[s.flags], s.id)
		}
	}
	lines := make([]string, len(order))
	for i, flags := range order {
		lines[i] = stopLine(strings.Join(ids[flags], " "), flags)
	}
	return "To stop: " + strings.Join(lines, "; ")
}

// creating records that a command is about to create a session. Call done when this process is no
// longer responsible for the session.
func (svc *service) creating(id string) (done func()) {
	return svc.open.add(&unfinishedSession{id: id, flags: svc.flags(svc.Endpoint()), say: svc.say})
}

// stopping records that a session is being stopped, until done is called. If that takes long, the
// user is told.
func (svc *service) stopping(id string) (done func()) {
	return svc.open.add(&unfinishedSession{
		id: id, flags: svc.flags(svc.Endpoint()), say: svc.say, stopping: true,
	})
}

// flagsFor returns the flags with which another command finds the same account and, if endpoint is
// not empty, that endpoint: those that this command was given.
func (s *serviceFlags) flagsFor(cmd *cobra.Command, endpoint string) string {
	var given []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		name := config.Name(flag.Name)
		switch {
		case name == config.Fallback,
			endpoint != "" && (name == config.Endpoint || name == config.Region):
		case flag.Value.Type() == "bool" && config.NamesService(name):
			given = append(given, "--"+flag.Name)
		case config.NamesService(name), slices.Contains(fileFlags, flag.Name):
			given = append(given, "--"+flag.Name+" "+quoteIfNeeded(flag.Value.String()))
		}
	})
	if endpoint != "" {
		given = append(given, "--endpoint "+quoteIfNeeded(endpoint))
	}
	return strings.Join(given, " ")
}

// quoteIfNeeded quotes a value for sh, unless it needs no quotes.
func quoteIfNeeded(text string) string {
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:,=+@%", r)
	}
	if text == "" || strings.ContainsFunc(text, special) {
		return connect.QuoteSh(text)
	}
	return text
}

// stopLine returns the command line that stops sessions.
func stopLine(ids, flags string) string {
	return strings.TrimSpace("arr session stop " + ids + " " + flags)
}

// sessionsNamed names sessions in a sentence, the first few of many.
func sessionsNamed(ids []string) string {
	const most = 5
	last := len(ids) - 1
	switch {
	case last == 0:
		return "session " + ids[0]
	case len(ids) > most:
		return fmt.Sprintf("sessions %s and %d more", strings.Join(ids[:most], ", "), len(ids)-most)
	default:
		return "sessions " + strings.Join(ids[:last], ", ") + " and " + ids[last]
	}
}
