// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/internal/connect"
)

const doctorManual = `Check step by step whether commands can work with these settings, and say what to do about
what is wrong:

  settings         they can be read, and name a service, an account and a way to sign in
  proxy            the proxy of HTTPS_PROXY, if one is used, opens a connection
  name-resolution  the hosts of the token service and of the rendering endpoints have addresses
  tcp, tls         connections to them can be opened, and their certificates are trusted
  http             it is the service that answers, and no page of the network in between
  clock            the clock of this machine agrees with theirs
  sign-in          there is a key, a token, or an identity of Microsoft Entra
  token-exchange   the token service gives an access token
  list             each rendering endpoint lists the sessions of the account

A step that fails is shown with its cure, and steps that need it are skipped. The requests before the token
exchange have no credential. Nothing is created or changed.

The exit code is 0 if nothing has failed, and otherwise that of the first failure; see "arr help exit-codes".`

// doctorTimeout bounds each connection and each request.
const doctorTimeout = 10 * time.Second

const settingsCure = "Correct it. \"arr config\" shows each setting and its source; see \"arr help configuration\"."

// checkStatus is how a step went.
type checkStatus string

const (
	checkOK      checkStatus = "ok"
	checkWarning checkStatus = "warning"
	checkFailed  checkStatus = "failed"
	checkSkipped checkStatus = "skipped"
)

// check is the result of one step, as JSON.
type check struct {
	Check        string      `json:"check"`
	Host         string      `json:"host,omitempty"`
	Status       checkStatus `json:"status"`
	Detail       string      `json:"detail"`
	Cure         string      `json:"cure,omitempty"`
	Milliseconds float64     `json:"milliseconds,omitempty"`
}

// doctor runs the steps in turn, and shows each when it has ended.
type doctor struct {
	*serviceFlags
	cmd    *cobra.Command
	print  *show.Printer
	values *config.Settings
	failed int
	code   int // of the first failure
	err    error

	seen        map[string]bool // steps that are reported once, and hosts
	unreachable map[string]bool // hosts
}

// once reports whether something is there for the first time.
func (d *doctor) once(what string) bool {
	first := !d.seen[what]
	d.seen[what] = true
	return first
}

func newDoctorCommand() *cobra.Command {
	s := newServiceFlags()
	cmd := &cobra.Command{
		Use:        "doctor",
		Aliases:    []string{"check"},
		SuggestFor: []string{"diagnose", "status", "test", "verify"},
		Short:      "Check settings, network, clock and sign-in, and say what to do",
		Long:       doctorManual,
		Example: `  arr doctor
  arr doctor --profile lab --output json
  arr doctor --quiet || echo "something is wrong"`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{
				serviceFlags: s, cmd: cmd, seen: make(map[string]bool), unreachable: make(map[string]bool),
			}
			return d.run()
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	s.addServiceFlags(flags)
	s.addFileFlags(flags)
	s.addOutputFlags(flags)
	flags.Lookup("quiet").Usage = "print only the names of steps that fail"
	completeWords(cmd, words())
	return cmd
}

func (d *doctor) run() error {
	ctx, cancel := d.bounded(d.cmd.Context(), 0)
	defer cancel()
	svc, err := d.settings()
	if err != nil {
		return err
	}
	if svc != nil {
		defer svc.close()
		d.network(ctx, svc.target)
		d.signIn(ctx, svc)
	}
	switch {
	case d.err != nil:
		return d.err
	case ctx.Err() != nil:
		return fmt.Errorf("checking: %w", context.Cause(ctx))
	case d.failed > 0:
		return &failure.Exit{Code: d.code} // what there is to say was said
	case d.print.ForPeople():
		return d.print.Line("Everything works.")
	}
	return nil
}

// settings checks the settings. The service has no client yet, unless it is an emulator in this
// process. It is nil if there is something wrong with the settings.
func (d *doctor) settings() (*service, error) {
	values, err := d.load()
	if err != nil {
		d.values = &config.Settings{}
		format, mistake := show.ParseFormat(cmp.Or(d.bound[config.Output].Value.String(), string(show.Text)))
		if mistake != nil {
			return nil, usagef("--output: %w", mistake)
		}
		if d.print, mistake = d.printerOf(d.cmd, format); mistake != nil {
			return nil, mistake
		}
		d.fail(check{Check: "settings"}, err)
		return nil, nil
	}
	d.values = values
	if d.print, err = d.printer(d.cmd, values); err != nil {
		return nil, err
	}
	svc := &service{settings: values, print: d.print, close: func() {}}
	if d.emulator {
		if err := d.openEmulator(d.cmd, svc); err != nil {
			return nil, err
		}
		d.report(check{Check: "settings", Status: checkOK, Detail: "an emulator in this process"})
		return svc, nil
	}
	target, err := askedTarget(d.cmd, values)
	if err == nil {
		_, err = trustedCertificates(target.CAFile)
	}
	if err == nil {
		err = checkClientArguments(d.cmd, target)
	}
	if err != nil {
		d.fail(check{Check: "settings"}, inSettings(err, values))
		return nil, nil
	}
	svc.account, svc.target = target.Account, target
	d.settingsAreRead(target)
	return svc, nil
}

// settingsAreRead reports settings that can be used, and what is odd about them.
func (d *doctor) settingsAreRead(target config.Target) {
	d.report(check{Check: "settings", Status: checkOK, Detail: fmt.Sprintf(
		"account %s from %s, endpoint %s from %s",
		target.Account.ID, d.values.Source(config.AccountID),
		target.Endpoint, d.values.Source(config.Endpoint, config.Region),
	)})
	for _, path := range d.values.Exposed() {
		d.report(check{
			Check: "settings", Status: checkWarning,
			Detail: path + " holds a key or token, and other users of this machine can read it",
			Cure:   "chmod 600 " + connect.QuoteSh(path),
		})
	}
	if path, ignored := d.values.Ignored(); len(ignored) > 0 {
		d.report(check{
			Check: "settings", Status: checkWarning,
			Detail: fmt.Sprintf("not used in %s: %s", path, joinWords(ignored)),
			Cure:   "Correct what is misspelt, and ignore this for the rest.",
		})
	}
}

// fail reports a step that has failed with an error, and its cure unless there is one already.
func (d *doctor) fail(c check, err error) {
	if c.Check == "settings" {
		err = adviseUnconfigured(err)
		if _, advised := errors.AsType[*failure.Advised](err); !advised {
			err = &failure.Advised{Err: &failure.UsageError{Err: err}, Advice: settingsCure}
		}
	}
	what, cure := failure.Explain(err, d.cmd.CommandPath())
	c.Status = checkFailed
	if c.Detail == "" {
		c.Detail = what
	}
	if c.Cure == "" {
		c.Cure = cure
	}
	if d.failed == 0 {
		d.code = failure.Code(err)
	}
	d.failed++
	d.report(c)
}

// report shows a step.
func (d *doctor) report(c check) {
	if d.err != nil {
		return
	}
	switch {
	case d.print.ForPeople():
		d.err = d.print.Check(string(c.Status), c.Check, c.Detail, c.Cure)
	case d.print.Format() != show.Name || c.Status == checkFailed:
		d.err = show.Write(d.print, checkKind(), c)
	}
}

func checkKind() *show.Kind[check] {
	text := show.TextColumn[check]
	return &show.Kind[check]{
		Name:   func(c check) string { return c.Check },
		Object: func(c check) any { return c },
		Columns: []show.Column[check]{
			text("check", "check", func(c check) string { return c.Check }),
			text("host", "host", func(c check) string { return c.Host }),
			text("status", "status", func(c check) string { return string(c.Status) }),
			text("detail", "detail", func(c check) string { return c.Detail }),
			text("cure", "cure", func(c check) string { return c.Cure }),
		},
	}
}
