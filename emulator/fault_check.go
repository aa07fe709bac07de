// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/arr-go/azremoterendering/internal/naming"
)

const (
	maxFaultTime       = 24 * time.Hour
	maxFaultName       = 128  // characters
	maxChallengeLength = 1024 // bytes
	maxShownLength     = 64   // bytes
	noChallenge        = "none"
)

// faultOperations are the operations, each with its short name.
var faultOperations = []struct{ name, short string }{
	{"CreateSession", "create"},
	{"GetSession", "get"},
	{"UpdateSession", "update"},
	{"StopSession", "stop"},
	{"ListSessions", "list"},
	{"GetToken", "token"},
}

// withDefaults returns a fault with its defaults filled in, or an error that says which field
// cannot be, and what can.
func (f Fault) withDefaults() (Fault, error) {
	for _, check := range []func(*Fault) error{
		(*Fault).checkMatch, (*Fault).checkTimes, (*Fault).checkStatus, (*Fault).checkKinds, (*Fault).checkShown, (*Fault).checkTogether,
	} {
		if err := check(&f); err != nil {
			return f, err
		}
	}
	if _, err := f.operations(); err != nil {
		return f, err
	}
	if f.Body == BodySlow && f.SlowFor == 0 {
		f.SlowFor = defaultSlowFor
	}
	if f.Start == StartDies && f.DieAfter == 0 {
		f.DieAfter = defaultDieAfter
	}
	if f.Name == "" {
		f.Name = f.effectText()
		if utf8.RuneCountInString(f.Name) > maxFaultName {
			f.Name = string([]rune(f.Name)[:maxFaultName-1]) + "…"
		}
	}
	return f, nil
}

func (f *Fault) checkMatch() error {
	switch {
	case utf8.RuneCountInString(f.Name) > maxFaultName || !utf8.ValidString(f.Name) ||
		strings.ContainsFunc(f.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf(
			"emulator: Fault.Name %.32q: give at most %d printable characters",
			f.Name,
			maxFaultName,
		)
	case f.AccountID != "" && !naming.IsUUID(f.AccountID):
		return fmt.Errorf(
			"emulator: Fault.AccountID %.64q is not a UUID such as %s: leave it empty for all accounts",
			f.AccountID,
			DefaultAccountID,
		)
	case f.Session != "" && (len(f.Session) > naming.MaxIDLength || !naming.OnlyIDCharacters(strings.ReplaceAll(f.Session, "*", ""))):
		return fmt.Errorf(
			"emulator: Fault.Session %.64q: give an id of at most %d characters of A-Z, a-z, 0-9, '-' and '_', with * for any characters",
			f.Session,
			naming.MaxIDLength,
		)
	case f.Skip < 0:
		return fmt.Errorf("emulator: Fault.Skip %d is negative: give 0 to skip none", f.Skip)
	case f.Count < 0:
		return fmt.Errorf("emulator: Fault.Count %d is negative: give 0 for no end", f.Count)
	case !(f.Probability >= 0 && f.Probability <= 1): // so that it finds NaN
		return fmt.Errorf(
			"emulator: Fault.Probability %v: give more than 0 and at most 1, or 0 for always",
			f.Probability,
		)
	}
	return nil
}

func (f *Fault) checkTimes() error {
	for _, t := range []struct {
		field string
		value time.Duration
	}{{"Delay", f.Delay}, {"RetryAfter", f.RetryAfter}, {"SlowFor", f.SlowFor}, {"DieAfter", f.DieAfter}} {
		if t.value < 0 || t.value > maxFaultTime {
			return fmt.Errorf(
				"emulator: Fault.%s %v: give at least 0 and at most %v",
				t.field,
				t.value,
				maxFaultTime,
			)
		}
	}
	switch {
	case f.RetryAfter%time.Second != 0:
		return fmt.Errorf("emulator: Fault.RetryAfter %v: give whole seconds", f.RetryAfter)
	case f.SlowFor != 0 && f.Body != BodySlow:
		return fmt.Errorf("emulator: Fault.SlowFor has no effect without Body %q", BodySlow)
	case f.DieAfter != 0 && f.Start != StartDies:
		return fmt.Errorf("emulator: Fault.DieAfter has no effect without Start %q", StartDies)
	}
	return nil
}

func (f *Fault) checkStatus() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("emulator: Fault.Status %d: give 200 to 599", f.Status)
	case f.AfterEffect && f.Status == 0:
		return fmt.Errorf(
			"emulator: Fault.AfterEffect has no effect without Status: for a lost answer set Drop %q",
			DropAfter,
		)
	case f.RetryAfter != 0 && f.Status == 0:
		return fmt.Errorf(
			"emulator: Fault.RetryAfter has no effect without Status: set it to 429 or 503, for example",
		)
	case f.Challenge != "" && f.Status != http.StatusUnauthorized && f.Status != http.StatusBadRequest:
		return fmt.Errorf(
			"emulator: Fault.Challenge has no effect without Status %d or %d",
			http.StatusUnauthorized,
			http.StatusBadRequest,
		)
	case len(f.Challenge) > maxChallengeLength || !printableASCII(f.Challenge):
		return fmt.Errorf(
			"emulator: Fault.Challenge: give at most %d printable ASCII characters, or %q to leave it out",
			maxChallengeLength,
			noChallenge,
		)
	}
	return nil
}

func (f *Fault) checkKinds() error {
	for _, kind := range []struct {
		field, value string
		allowed      []string
	}{
		{"Drop", string(f.Drop), []string{string(DropBefore), string(DropAfter)}},
		{"Body", string(f.Body), []string{string(BodyTruncated), string(BodyInvalid), string(BodyEmpty), string(BodySlow)}},
		{"NextLink", string(f.NextLink), []string{string(NextLinkForeign), string(NextLinkRelative), string(NextLinkLoop)}},
		{"Start", string(f.Start), []string{string(StartFails), string(StartDies), string(StartNever), string(StartNoCapacity)}},
	} {
		if kind.value != "" && !slices.Contains(kind.allowed, kind.value) {
			return fmt.Errorf(
				"emulator: Fault.%s %.64q: give one of %q",
				kind.field,
				kind.value,
				kind.allowed,
			)
		}
	}
	return nil
}

func (f *Fault) checkShown() error {
	for _, shown := range []struct{ field, value string }{
		{"ShowStatus", string(f.ShowStatus)}, {"ShowSize", string(f.ShowSize)},
	} {
		if len(shown.value) > maxShownLength || !printableASCII(shown.value) {
			return fmt.Errorf(
				"emulator: Fault.%s %.64q: give at most %d printable ASCII characters",
				shown.field,
				shown.value,
				maxShownLength,
			)
		}
	}
	return nil
}

// checkTogether looks for effects that cannot be, or would not show, beside others of the same
// fault.
func (f *Fault) checkTogether() error {
	shown := f.ShowStatus != "" || f.ShowSize != "" || f.NextLink != ""
	performed := shown || f.Start != ""
	switch {
	case f.effectText() == "":
		return fmt.Errorf(
			"emulator: the Fault has no effect: set Delay, Status, Drop, Body, ShowStatus, ShowSize, NextLink or Start",
		)
	case f.Drop != "" && f.Status != 0:
		return fmt.Errorf("emulator: Fault.Status and Fault.Drop exclude each other: leave one out")
	case f.Drop != "" && (f.Body != "" || shown):
		return fmt.Errorf(
			"emulator: Fault.Drop leaves no answer to be spoilt: leave out Drop, or Body, ShowStatus, ShowSize and NextLink",
		)
	case f.Status != 0 && shown:
		return fmt.Errorf(
			"emulator: Fault.Status leaves no sessions in the answer: leave out Status, or ShowStatus, ShowSize and NextLink",
		)
	case performed && f.Status != 0 && !f.AfterEffect:
		return fmt.Errorf(
			"emulator: Fault.Start has no effect if the request is not performed: set AfterEffect, or leave out Status or Start",
		)
	case performed && f.Drop == DropBefore:
		return fmt.Errorf(
			"emulator: Fault.Start has no effect if the request is not performed: set Drop %q, or leave out Drop or Start",
			DropAfter,
		)
	}
	return nil
}

// operations returns the names of the operations that a fault affects: those named, and on which
// all its effects can be seen.
func (f *Fault) operations() ([]string, error) {
	named := "CreateSession GetSession UpdateSession StopSession ListSessions GetToken"
	if f.Operation != "" {
		named = ""
		for _, o := range faultOperations {
			if strings.EqualFold(f.Operation, o.name) || f.Operation == o.short {
				named = o.name
				f.Operation = o.name
			}
		}
		if named == "" {
			return nil, fmt.Errorf(
				"emulator: Fault.Operation %.64q: give create, get, update, stop, list or token, or leave it empty for all",
				f.Operation,
			)
		}
	}
	remaining := strings.Fields(named)
	for _, limit := range []struct {
		field string
		set   bool
		on    string
	}{
		{"Session", f.Session != "", "CreateSession GetSession UpdateSession StopSession"},
		{"Start", f.Start != "", "CreateSession"},
		{"NextLink", f.NextLink != "", "ListSessions"},
		{"ShowStatus", f.ShowStatus != "", "CreateSession GetSession UpdateSession ListSessions"},
		{"ShowSize", f.ShowSize != "", "CreateSession GetSession UpdateSession ListSessions"},
	} {
		if !limit.set {
			continue
		}
		before := strings.Join(remaining, ", ")
		remaining = slices.DeleteFunc(
			remaining,
			func(o string) bool { return !strings.Contains(limit.on, o) },
		)
		if len(remaining) == 0 {
			return nil, fmt.Errorf(
				"emulator: Fault.%s has no effect on %s: leave it out, or inject it as another fault for %s",
				limit.field,
				before,
				strings.ReplaceAll(limit.on, " ", ", "),
			)
		}
	}
	return remaining, nil
}

func printableASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
