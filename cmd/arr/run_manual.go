// SPDX-License-Identifier: MIT

package main

// runPrefix begins the ids of sessions of arr run, so that those that were left behind can be
// found.
const runPrefix = "arr-run-"

const runManual = `Acquire a session, wait until it is Ready, run a command, and stop the session ` +
	`when the command has ended. The
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
