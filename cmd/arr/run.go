// SPDX-License-Identifier: MIT

package main

import (
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

// runPrefix begins the ids of sessions of arr run, so that those that were left behind can be
// found.
const runPrefix = "arr-run-"

const runManual = `Acquire a session, wait until it is Ready, run a command, and stop the session when the command has ended. The
lease is extended for as long as the command runs. Whatever arr itself has to say goes to standard error; standard
input, output and error are the command's.

THE COMMAND FINDS IN ITS ENVIRONMENT what a device needs:

  ARR_SESSION_ID                the session
  ARR_SESSION_SIZE              its size
  ARR_SESSION_HOST              the name of the server, for diagnosis: a device finds it by the id
  ARR_SESSION_HANDSHAKE_PORT    the port on which a device opens the connection
  ARR_SESSION_INSPECTOR_PORT    the port of ArrInspector
  ARR_ENDPOINT                  the rendering endpoint of the region in which the session runs
  ARR_RENDERING_DOMAIN          the same as the runtime of a device wants it
  ARR_ACCOUNT_ID                the account
  ARR_ACCOUNT_DOMAIN            its domain; missing if the sign-in was with an access token
  ARR_ACCESS_TOKEN              an access token, which opens the whole account until it expires
  ARR_ACCESS_TOKEN_EXPIRES_ON   when that is (RFC 3339)
  ARR_AUTH                      token: so an arr below this one signs in with that token

The account key stays behind: ARR_ACCOUNT_KEY, ARR_ACCOUNT_KEY_FILE and ARR_EMULATOR_ACCOUNT_KEY are removed, and
ARR_REGION, which ARR_ENDPOINT replaces. ARR_STS_ENDPOINT, ARR_CA_FILE and ARR_ALLOW_HTTP are passed on where they
are in use. Everything else is as arr found it, files and variables of other credentials included.

WHICH SESSION: the one of --session if it is usable, that is Starting or Ready, of a size that will do, and with
enough lease; otherwise a new one, and arr says so. If no server of the first --size can be had, the next is
tried, then the same at each --fallback. A session counts as not to be had if it fails or is not Ready within
--start-timeout. --timeout bounds the time until the command is started, 15 minutes for each size and endpoint if
nothing else is said; it does not bound the command.

SIGNALS: before the command has been started, SIGINT, SIGTERM, SIGHUP and SIGQUIT end arr, which first stops what
it has created. Afterwards they are passed on to the command, and arr waits for its end. Ctrl-C and Ctrl-\ on a
terminal reach all programs there, so these are not passed on: the command has them already, and may go on, as
interactive programs do. (That goes for a SIGINT that somebody sends with kill to an arr in the foreground of a
terminal too, for it cannot be told from Ctrl-C: send SIGTERM there.) After a signal that arr was sent or has
passed on the command has --grace to end; then it is killed. No signal but SIGKILL, and those of crashes such as
SIGABRT, keeps arr from stopping the session, which takes 30 seconds at most. If no stream of the command is a
terminal, signals go to the command and to what it has started in its process group, once each; such a command
cannot read from a terminal that it opens itself. A command that is stopped gets SIGCONT after SIGTERM and
SIGHUP, so that it can end. SIGUSR1 and SIGUSR2 are passed on to a command that runs, and what they do is its
affair. On Windows there is only Ctrl-C, which the command gets from the console, and ends of the console, after
which the command is killed.

If arr itself is killed the session ends with its lease, 30 minutes later with the defaults; "arr session stop-all
--prefix ` + runPrefix + `" finds it before.

IF THE SESSION ENDS before the command, arr says so, sends the command SIGTERM (kills it on Windows), and ends
with exit code 5. With --keep-going the command may go on without a session.

THE EXIT CODE is that of the command: 128+n if signal n ended it, 127 if there is no such command, 126 if it
cannot be executed. If the session could not be stopped, a code of 0 gives way to one that says so: see "arr help
exit-codes".`

// runCommand is what the flags of arr run say.
type runCommand struct {
	*settings
	keeping
	session      string
	prefix       string
	sizes        []string
	fallback     []string
	startTimeout time.Duration
	grace        time.Duration
	leave        bool
	keepGoing    bool
}

func newRunCommand() *cobra.Command {
	c := &runCommand{settings: newSettings()}
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a command with a session, and stop the session afterwards",
		Long:  runManual,
		Example: `  arr run -- ./viewer --model engine.arrAsset
  arr run --size Premium --size Standard --fallback northeurope -- ./viewer
  arr run --session "$id" --leave-running -- ./viewer    with a session that exists, and goes on
  arr run --lease 10m --max-lease 4h -- sh -c 'echo "$ARR_SESSION_ID"; sleep 1h'
  arr run --emulator -- env                              without a service`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("give the command to run after --, such as: arr run -- ./viewer")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	cmd.Flags().SetInterspersed(false) // what follows the command is the command's
	c.addRunFlags(cmd)
	return cmd
}

func (c *runCommand) addRunFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(
		&c.session,
		"session",
		"",
		"`ID` of a session to use if that is possible; it is stopped at the end like a new one",
	)
	flags.StringVar(
		&c.prefix,
		"prefix",
		runPrefix,
		"`TEXT` in front of the ids of new sessions, by which stop-all --prefix finds them",
	)
	flags.StringArrayVar(
		&c.sizes,
		"size",
		nil,
		"`SIZE` of the server, Standard or Premium; may be repeated, the preferred one first (default Standard)",
	)
	flags.StringArrayVar(
		&c.fallback,
		"fallback",
		nil,
		"another `ENDPOINT` to try, a region or an address; may be repeated",
	)
	c.addText(
		flags,
		config.Lease,
		"`TIME` of the first lease, in whole minutes: 90m, 1h30m, 01:30:00 or 01:30 (default 30m)",
	)
	c.keeping.addFlags(cmd)
	flags.DurationVar(
		&c.startTimeout,
		"start-timeout",
		0,
		"`TIME` that a session may take to be Ready before another size or endpoint is tried (default 10m)",
	)
	flags.DurationVar(
		&c.grace,
		"grace",
		10*time.Second,
		"`TIME` that the command has to end after a signal before it is killed; 0 is for ever",
	)
	flags.BoolVar(
		&c.leave,
		"leave-running",
		false,
		"leave the session when the command has ended, and that of --session also if the command could not be started; it is billed until its lease ends",
	)
	flags.BoolVar(
		&c.keepGoing,
		"keep-going",
		false,
		"let the command go on when the session has ended",
	)
	c.addServiceFlags(flags)
	c.addFileFlags(flags)
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "no progress")
	completeWords(cmd, words())
	completeWords(
		cmd,
		map[config.Name][]string{
			config.Size: {string(arr.SessionSizeStandard), string(arr.SessionSizePremium)},
		},
	)
}

// run is the whole life of arr run: acquire, run the command, let go.
func (c *runCommand) run(cmd *cobra.Command, args []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	path, err := findCommand(args[0]) // before anybody waits for minutes
	if err != nil {
		return err
	}
	svc, options, err := c.prepare(cmd)
	if err != nil {
		return err
	}
	defer svc.close()
	signals := receive(passedOn())
	defer signals.stop()
	messages := receive(told())
	defer messages.stop()
	held, err := c.acquire(cmd, svc, options, signals)
	if err != nil {
		return err
	}
	defer held.end()
	child, err := startChild(path, args, held.environment, cmd)
	if err != nil {
		return c.letGo(cmd, held, err)
	}
	return c.letGo(cmd, held, c.supervise(cmd, held, child, signals, messages))
}

// check refuses what cannot be meant.
func (c *runCommand) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("session") {
		if err := checkID(c.session); err != nil {
			return usagef("--session: %w", err)
		}
	}
	if c.startTimeout < 0 {
		return usagef("--start-timeout is a time above 0, such as 10m")
	}
	if c.grace < 0 {
		return usagef("--grace is a time such as 10s, or 0 for ever")
	}
	return c.keeping.check()
}
