// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/internal/connect"
)

// serviceFlags are the flags that commands about a service have in common.
type serviceFlags struct {
	bound    map[config.Name]*pflag.Flag
	file     string
	profile  string
	script   string
	emulator bool
	quiet    bool
	timeout  time.Duration
	reach    reach
	look     look

	// emulatedStorage is the account that conversions of an emulator in this process work on.
	emulatedStorage *storage.Account
}

func newServiceFlags() *serviceFlags { return &serviceFlags{bound: make(map[config.Name]*pflag.Flag)} }

// addText adds a flag that stands for a setting.
func (s *serviceFlags) addText(flags *pflag.FlagSet, name config.Name, usage string) {
	flags.String(string(name), "", usage)
	s.bound[name] = flags.Lookup(string(name))
}

func (s *serviceFlags) addSwitch(flags *pflag.FlagSet, name config.Name, usage string) {
	flags.Bool(string(name), false, usage)
	s.bound[name] = flags.Lookup(string(name))
}

// addOutputFlags adds what every command with results has.
func (s *serviceFlags) addOutputFlags(flags *pflag.FlagSet) {
	grouped(flags, outputGroup, func() { s.addFormat(flags) })
}

func (s *serviceFlags) addFormat(flags *pflag.FlagSet) {
	flags.StringP(string(config.Output), "o", "", "`FORMAT` of results: "+
		strings.Join(show.Formats(), ", ")+" (default text)")
	s.bound[config.Output] = flags.Lookup(string(config.Output))
	s.look.addFlags(flags)
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "print only ids, as -o name does, and show no progress")
}

// fileFlags are the names of the flags that addFileFlags adds.
var fileFlags = []string{"config", "profile", "arrconfig"}

// addFileFlags adds where settings are read from.
func (s *serviceFlags) addFileFlags(flags *pflag.FlagSet) {
	grouped(flags, settingsGroup, func() { s.addPlaces(flags) })
}

func (s *serviceFlags) addPlaces(flags *pflag.FlagSet) {
	flags.StringVar(
		&s.file,
		"config",
		"",
		"config `FILE` (default: arr/config.toml in your configuration folder)",
	)
	flags.StringVar(
		&s.profile,
		"profile",
		"",
		"`NAME` of the profile in the config file (default: ARR_PROFILE, then its default_profile)",
	)
	flags.StringVar(
		&s.script,
		"arrconfig",
		"",
		"settings `FILE` of RenderingSession.ps1 (default: arrconfig.json in the working folder)",
	)
}

// addServiceFlags adds which service and account to talk to, and how to sign in.
func (s *serviceFlags) addServiceFlags(flags *pflag.FlagSet) {
	grouped(flags, serviceGroup, func() { s.addService(flags) })
	grouped(flags, signInGroup, func() { s.addSignIn(flags) })
}

func (s *serviceFlags) addService(flags *pflag.FlagSet) {
	s.addList(
		flags,
		config.Endpoint,
		"rendering `ENDPOINT`: a region such as westeurope, or an address; may be repeated",
	)
	s.addList(
		flags,
		config.Region,
		"`REGION` of the rendering endpoint; the same as --endpoint with a region",
	)
	s.addAccountFlags(flags)
	flags.BoolVar(
		&s.emulator,
		"emulator",
		false,
		"use an emulator in this process, without any settings; it has one session, "+
			sampleSession+", and ends with the command",
	)
	flags.DurationVar(
		&s.timeout,
		"timeout",
		0,
		"`TIME` after which the command gives up, such as 90s (default: 15m to wait for Ready, else none)",
	)
	s.addText(
		flags,
		config.Retries,
		"`N`: retries of a request without an answer, or answered with 408, 429 or 5xx (default 3)",
	)
	addLogLevel(flags)
}

func (s *serviceFlags) addAccountFlags(flags *pflag.FlagSet) {
	s.addText(flags, config.AccountID, "account id, a `UUID`")
	s.addText(
		flags,
		config.AccountDomain,
		"account `DOMAIN`, the region of the account, or the address of the token service "+
			"(default: that of the region of the endpoint)",
	)
	s.addText(
		flags,
		config.STSEndpoint,
		"`ADDRESS` of the token service (default: from the account domain)",
	)
	s.addText(
		flags,
		config.STSScope,
		"`SCOPE` of Microsoft Entra tokens (default: that of the hosted service)",
	)
	s.addText(
		flags,
		config.CAFile,
		"`FILE` with additional certificates to trust, in PEM",
	)
	s.addSwitch(
		flags,
		config.AllowHTTP,
		"allow http to other machines; http to this machine is always allowed",
	)
}

func (s *serviceFlags) addSignIn(flags *pflag.FlagSet) {
	s.addText(
		flags,
		config.Auth,
		"how to sign in: `HOW` is key, token, entra (any identity found), azure-cli, device-code, "+
			"browser or managed-identity (default: key or token, whichever is set)",
	)
	s.addText(flags, config.Tenant, "Microsoft Entra `TENANT` to sign in to")
	s.addText(
		flags,
		config.ClientID,
		"client `ID` for device-code and browser, or of a user-assigned managed identity",
	)
	s.addText(flags, config.KeyFile, "`FILE` with the account key")
	s.addSwitch(flags, config.KeyStdin, "read the account key from standard input")
}

// completeWords lets shells complete flags that are one of some words.
func completeWords(cmd *cobra.Command, words map[config.Name][]string) {
	for name, choices := range words {
		// An error would mean that there is no such flag.
		_ = cmd.RegisterFlagCompletionFunc(
			string(name),
			cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp),
		)
	}
}

// load reads the settings of all layers.
func (s *serviceFlags) load() (*config.Settings, error) {
	inputs := config.Inputs{
		Flags:   make(map[config.Name]string),
		Getenv:  os.Getenv,
		File:    s.file,
		Profile: s.profile,
		Script:  s.script,
	}
	for name, flag := range s.bound {
		if flag.Changed && (name != config.KeyStdin || flag.Value.String() == "true") {
			inputs.Flags[name] = flag.Value.String()
		}
	}
	return config.Load(inputs)
}

// printer returns what writes the results of a command.
func (s *serviceFlags) printer(cmd *cobra.Command, values *config.Settings) (*show.Printer, error) {
	format, err := config.Format(values, show.Text, show.ParseFormat)
	if err != nil {
		return nil, err
	}
	return s.printerOf(cmd, format)
}

// printerOf returns what writes results in a format, and in place of text ids alone if --quiet is
// given.
func (s *serviceFlags) printerOf(cmd *cobra.Command, format show.Format) (*show.Printer, error) {
	options, err := s.look.options()
	if err != nil {
		return nil, err
	}
	options.Format = format
	if s.quiet && format == show.Text {
		options.Format = show.Name
	}
	return show.NewPrinter(cmd.OutOrStdout(), options, os.Getenv), nil
}

// warnOfExposed warns of files with keys that others can read.
func (s *serviceFlags) warnOfExposed(cmd *cobra.Command, values *config.Settings) {
	if s.quiet {
		return
	}
	for _, path := range values.Exposed() {
		fmt.Fprintf(
			cmd.ErrOrStderr(),
			"Warning: %s holds a key or token, and other users of this machine can read it. Fix it: chmod 600 %s\n",
			path,
			connect.QuoteSh(path),
		)
	}
}

// progress starts to show progress on standard error.
func (s *serviceFlags) progress(cmd *cobra.Command) *show.Progress {
	out := cmd.ErrOrStderr()
	if requestLog(cmd) != nil {
		out = struct{ io.Writer }{out} // a line that is drawn again and again would hide the log
	}
	return show.NewProgress(out, s.quiet, s.look.color, os.Getenv)
}

// usualWait is how long a command waits for Ready if nothing else is said. Sessions were seen to
// take 3 minutes.
const usualWait = 15 * time.Minute

// bounded returns the context of a command with its timeout, or with another if none was given.
func (s *serviceFlags) bounded(
	ctx context.Context,
	otherwise time.Duration,
) (context.Context, context.CancelFunc) {
	timeout := s.timeout
	if timeout == 0 {
		timeout = otherwise
	}
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}
