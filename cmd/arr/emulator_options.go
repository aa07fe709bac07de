// SPDX-License-Identifier: MIT

package main

import (
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/process"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// addOptionFlags adds the flags that say what service is emulated.
func (c *emulatorCommand) addOptionFlags(cmd *cobra.Command) {
	c.addAccountFlags(cmd)
	c.addServerFlags(cmd)
	c.addAnswerFlags(cmd)
	c.addTokenFlags(cmd)
}

// addAccountFlags adds the flags of the account and its region.
func (c *emulatorCommand) addAccountFlags(cmd *cobra.Command) {
	o, flags := &c.options, cmd.Flags()
	o.Region = arr.RegionWestEurope
	o.Accounts = make([]emulator.AccountOptions, 1)
	account := &o.Accounts[0]
	flags.StringVar(&account.ID, "account-id", emulator.DevelopmentAccountID, "`UUID` of the account")
	flags.StringVar(
		&account.PrimaryKey,
		"account-key",
		"",
		"`KEY` of the account; other users of this machine can see arguments, so prefer "+
			"the environment variable "+keyVariable+" (default: the published development key if only "+
			"this machine can reach the address, otherwise random)",
	)
	c.keeping.addFlags(cmd)
	addValue(
		cmd,
		&o.Region,
		"region",
		"REGION",
		string(o.Region),
		"region of the account, and of requests whose host names none",
		func(text string) (arr.Region, error) { return arr.Region(text), nil },
	)
}

// addServerFlags adds the flags of the servers behind sessions, and of the limits of the service.
func (c *emulatorCommand) addServerFlags(cmd *cobra.Command) {
	o := &c.options
	addValue(
		cmd,
		&o.StartupTime,
		"startup-time",
		"TIME",
		"0s",
		"how long sessions are Starting: a time such as 30s, a range such as 150s-180s, or recorded "+
			"(8s or 150s-180s, as seen from the service); with --exec only for sessions beyond "+
			"the capacity",
		parseStartupTime,
	)
	addValue(
		cmd,
		&o.Capacity,
		"capacity",
		"N",
		"",
		"sessions of each size that a region can hold, such as 4 or Standard=4,Premium=1; "+
			"more of them fail with CapacityExceeded (default: no limit)",
		parseCapacity,
	)
	addValue(
		cmd,
		&o.RateLimit,
		"rate-limit",
		"N/TIME",
		"",
		"requests that an account may send per time, such as 60/1m; "+
			"more are answered with 429 (default: no limit)",
		parseRateLimit,
	)
	addValue(
		cmd,
		&c.exec,
		"exec",
		"COMMAND",
		"",
		"program to start for each session, such as 'server --port={port}'; the session is Ready "+
			"when the program accepts connections on {port}. Arguments may contain {session}, {account}, "+
			"{region}, {size}, {port}, {inspector-port} and {lease-minutes}; no shell is involved",
		parseCommand,
	)
}

// addAnswerFlags adds the flags that say how answers are written.
func (c *emulatorCommand) addAnswerFlags(cmd *cobra.Command) {
	o := &c.options
	addValue(
		cmd,
		&o.Decisions.PageSize,
		"page-size",
		"N",
		"50",
		"sessions on one page of the list",
		parsePageSize,
	)
	addChoice(
		cmd,
		&o.Decisions.Vintage,
		"vintage",
		"year of the hosted service whose answers are given, where they changed: api-versions, host "+
			"names, the error code of a missing asset, headers of the token service",
		choice[emulator.Vintage]{"2023", emulator.Vintage2023},
		choice[emulator.Vintage]{"2022", emulator.Vintage2022},
		choice[emulator.Vintage]{"2021", emulator.Vintage2021},
	)
	addChoice(
		cmd,
		&o.Decisions.AbsentValues,
		"spelling",
		"how JSON members without a value are written: omitted, as since May 2021, or null, "+
			"as in January 2021",
		choice[emulator.AbsentValues]{"omitted", emulator.AbsentOmitted},
		choice[emulator.AbsentValues]{"null", emulator.AbsentNull},
	)
}

// addTokenFlags adds the flags of access tokens and Microsoft Entra identities.
func (c *emulatorCommand) addTokenFlags(cmd *cobra.Command) {
	addValue(
		cmd,
		&c.options.TokenLifetime,
		"token-lifetime",
		"TIME",
		"24h",
		"how long access tokens are valid",
		parseTokenLifetime,
	)
	cmd.Flags().BoolVar(
		&c.anyIdentity,
		"accept-any-identity",
		false,
		"accept Microsoft Entra tokens that are meant for the token service and have not expired, "+
			"without checking their signature: anyone who can reach the emulator can make one",
	)
	addChoice(cmd, &c.role, "identity-role",
		"role of all Microsoft Entra identities; a client may use sessions but no conversions",
		choice[emulator.Role]{"administrator", emulator.RoleAdministrator},
		choice[emulator.Role]{"client", emulator.RoleClient})
}

// newEmulator makes the emulator that the flags ask for.
func (c *emulatorCommand) newEmulator(
	cmd *cobra.Command,
	address listenAddress,
	log *slog.Logger,
) (*emulator.Emulator, error) {
	o := c.options
	o.Domain = c.listening.domain
	o.AllowHosts = c.listening.allowed(address)
	o.ExternalURL, o.TrustedProxies = c.listening.external, c.listening.proxies
	if c.anyIdentity {
		o.AcceptIdentity = emulator.AcceptAnyIdentity()
		if o.Domain != "" {
			o.AcceptIdentity = emulator.AcceptAnyIdentity("https://" + naming.STSPrefix + o.Domain)
		}
	}
	o.IdentityRole = func(string) emulator.Role { return c.role }
	o.Logger = log
	if err := c.keeping.apply(&o, address, log); err != nil {
		return nil, err
	}
	if c.exec != nil {
		backend, err := process.New(
			process.Options{Command: c.exec, Logger: log, Output: programOutput{log}},
		)
		if err != nil {
			return nil, inEmulatorFlags(err)
		}
		o.Backend = backend
	}
	c.injection.apply(cmd, &o, address)
	if err := c.converting.apply(&o, address); err != nil {
		return nil, err
	}
	e, err := emulator.New(o)
	if err != nil {
		return nil, c.keeping.advise(inEmulatorFlags(err))
	}
	c.options = o
	return e, nil
}

// parseCommand reads the command of --exec.
func parseCommand(text string) ([]string, error) {
	command, err := process.ParseCommand(text)
	return command, failure.InWords(err, func(string) string { return "the command" })
}

// emulatorFlagNames are the flags from which options of the emulator come.
var emulatorFlagNames = map[string]string{
	"Options.Accounts[0].ID":         "--account-id",
	"Options.Accounts[0].PrimaryKey": "--account-key (or " + keyVariable + ")",
	"Options.Region":                 "--region",
	"Options.Domain":                 "--domain",
	"Options.ExternalURL":            "--external-url",
	"Options.Command":                "--exec",
	"Fault.AccountID":                "--fault account-id",
}

// inEmulatorFlags returns an error about an option of the emulator with the flag that it comes
// from.
func inEmulatorFlags(err error) error {
	return failure.InWords(err, func(option string) string {
		if strings.HasPrefix(option, "Options.AllowHosts") {
			return "--allow-host"
		}
		return emulatorFlagNames[option]
	})
}
