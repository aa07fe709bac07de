// SPDX-License-Identifier: MIT

package main

// runPrefix begins the ids of sessions of arr run, so that those that were left behind can be
// found.
const runPrefix = "arr-run-"

const runManual = `Acquire a session, wait until it is Ready, run a command, and stop the session when the command ends.
The lease is extended for as long as the command runs. arr writes its own messages to standard error;
standard input, output and error belong to the command.

ENVIRONMENT. The command finds in its environment what a device needs:

  ARR_SESSION_ID                the session
  ARR_SESSION_SIZE              its size
  ARR_SESSION_HOST              the host name of the server, for diagnosis; devices use the id
  ARR_SESSION_HANDSHAKE_PORT    the port on which a device connects
  ARR_SESSION_INSPECTOR_PORT    the port of ArrInspector
  ARR_ENDPOINT                  the rendering endpoint of the region of the session
  ARR_RENDERING_DOMAIN          its domain, for the runtime of a device
  ARR_ACCOUNT_ID                the account
  ARR_ACCOUNT_DOMAIN            its domain; missing after signing in with an access token
  ARR_ACCESS_TOKEN              an access token; it opens the whole account until it expires
  ARR_ACCESS_TOKEN_EXPIRES_ON   when it expires (RFC 3339)
  ARR_AUTH                      token, so that an arr in the command signs in with that token

The account key is not handed on: ARR_ACCOUNT_KEY, ARR_ACCOUNT_KEY_FILE and ARR_EMULATOR_ACCOUNT_KEY
are removed. So is ARR_REGION, because ARR_ENDPOINT replaces it. ARR_STS_ENDPOINT, ARR_CA_FILE and
ARR_ALLOW_HTTP are set if they are in use. All other variables are handed on as they are, also those
with other credentials.

WHICH SESSION. arr uses the session of --session if it is Starting or Ready, has a suitable size, and
has enough of its lease left. Otherwise it creates a session and says so. If no server of the first
--size is available, arr tries the next size, and then all sizes at each --fallback. A size counts as
unavailable if the session fails or is not Ready within --start-timeout. --timeout limits the time
until the command starts, not the command. Its default is 15 minutes for each size and endpoint.

SIGNALS. Before the command starts, SIGINT, SIGTERM, SIGHUP and SIGQUIT end arr, which stops what it
has created. After that, arr passes them on to the command and waits for it to end. The command has
--grace to end after such a signal; then arr kills it. SIGUSR1 and SIGUSR2 are passed on as well,
without a time limit.

Ctrl-C and Ctrl-\ on a terminal reach the command directly, so arr does not pass them on, and the
command may ignore them, as interactive programs do. A SIGINT sent with kill to an arr in the
foreground of a terminal looks like Ctrl-C: send SIGTERM instead.

If no stream of the command is a terminal, the command has a process group of its own, and signals go
to the whole group. It cannot then read from a terminal that it opens itself. After SIGTERM and SIGHUP
the command also gets SIGCONT, so that a suspended command can end. On Windows, the console sends
Ctrl-C to the command; when the console closes, arr kills the command.

Stopping the session takes up to 30 seconds. If it takes longer than a second, arr says so. SIGINT,
SIGTERM or SIGQUIT then ends arr at once, and arr says how to stop the session. If arr is killed, the
session ends with its lease: within 30 minutes with the defaults. To stop it earlier, run
"arr session stop-all --prefix ` + runPrefix + `".

IF THE SESSION ENDS FIRST, arr says so, sends SIGTERM to the command (on Windows it kills it), and ends
with exit code 5. With --keep-going, the command continues without a session.

THE EXIT CODE is that of the command: 128+n if signal n ended it, 127 if there is no such command, 126
if it cannot be executed. If the command ended with 0 and the session could not be stopped, the exit
code says so. See "arr help exit-codes".`
