// SPDX-License-Identifier: MIT

package main

import "github.com/arr-go/azremoterendering/internal/connect"

var emulatorManual = `Run the emulator of Azure Remote Rendering for programs in any language. It
serves the session service, version 2021-01-01, and its token service (STS) on one port.

It behaves like the service: accounts with keys, access tokens, the five session operations, leases
that end, conversions, paging, errors. With --accept-any-identity it also accepts Microsoft Entra
tokens, without checking their signature. NOTHING RENDERS BEHIND A SESSION: its host name leads nowhere,
and a device cannot connect to it, unless --exec starts a program of yours. Sessions are lost when the
emulator ends, unless --state keeps them.

CONVERSIONS are made up: every asset exists whose name does not contain DoesNotExist. With --storage they
happen in Azure Blob storage or Azurite: the emulator reads the asset with the SAS of the request, checks
that it is a model, and writes NAME.arrAsset, NAME.info.json and NAME.result.json. The asset is a copy of
the input. NOTHING CAN RENDER IT. A wrong SAS or a missing asset fails as it does at the service.

When the emulator accepts connections, it prints what a client needs to standard output: endpoint, STS
endpoint, account id, account key, account domain and, with --tls, the file with the certificate to
trust. --output json prints one line with the members endpoint, stsEndpoint, accountId, accountKey,
accountDomain and caFile. --env-file writes them as ARR_ENDPOINT, ARR_STS_ENDPOINT, ARR_ACCOUNT_ID,
ARR_ACCOUNT_KEY, ARR_ACCOUNT_DOMAIN and ARR_CA_FILE. Standard error gets one line per request, without
keys, tokens and signatures. In a browser on this machine, the address of the emulator shows accounts,
sessions, conversions and the last requests.

CLIENTS, with these variables set:

` + connect.Manual() + `
The official clients send tokens over https only: use --tls. Java and JavaScript need --domain as well, such
as --tls --domain arr.test. The client for Java has no option for the STS endpoint. The one for JavaScript
has one, but reads it before it sets it: without --domain the key would go to sts.<account domain>. Java
takes an account domain with any port, and needs no hosts file: java -Djdk.net.hosts.file=FILE. Tests run
the lines for Go, Python, Java and curl as they are above; those for PowerShell, C# and JavaScript are not
run, since these cannot be installed where the tests run. The native runtime of devices and Unity was not tried.

TLS: the first start with --tls creates a certificate authority and keeps it. It is limited to the domain
and this machine. Clients must trust its certificate, and names below --domain must be in the hosts
file. docs/tls.md has the steps.

TIME: everything follows the emulator's clock: leases, tokens, start-up, rate limits, faults. It shows the
time of the system until --time-scale, --freeze-time or POST /_emulator/clock moves it. docs/emulator.md,
"Time", says what clients see.
` + faultManual + `
ACCOUNT: on a loopback address account id and key are always the same, the published development account,
so that the settings of clients stay valid from one start to the next. They protect nothing: on a machine
with other users give --random-key. On other addresses the key is random.

RESTARTS: with --state FILE sessions, conversions, keys and access tokens outlive the emulator, however it
ends. What a client was told is in the file before. Leases run on meanwhile. The programs of --exec end
with the emulator, so their sessions end, too: Stopped, or after a crash in Error, with code ServerLost.

SAFETY: the emulator is for tests and development. Keep it on a loopback address. Otherwise everyone who
can reach it can use it. Web pages cannot: requests of pages are refused (403), and so are requests for
hosts that are not the emulator's (421). A name of your own, such as that of a container, needs
--allow-host.

SIGINT (Ctrl-C), SIGTERM, SIGQUIT and SIGHUP end the emulator and the programs of --exec. A second one,
except SIGHUP, ends it at once.
Exit codes: 0 after such a signal, 2 for a mistake in the command line, 1 for all other failures.`

const emulatorExamples = `  arr emulator                                      at http://` + defaultAddress +
	`, with the development account
  arr emulator --state arr-state                    the same, and sessions outlive a restart
  arr emulator --env-file arr.env                   then, elsewhere:  . ./arr.env; go run ./examples/quickstart
  arr emulator --env-file arr.ps1                   the same for PowerShell:  . ./arr.ps1
  arr emulator --listen 127.0.0.1:0 --output json   any free port, for a test that reads the line
  arr emulator --tls --domain arr.test --listen 127.0.0.1:443
                                                    for clients that want https and an account domain
  arr emulator --startup-time recorded --capacity Standard=4,Premium=1 --rate-limit 60/1m
                                                    as slow, scarce and strict as the service
  arr emulator --time-scale 60                      a minute passes in one second
  arr emulator --storage                            conversions in Azurite on this machine, or in Azure
  arr emulator --exec 'python3 -m http.server --bind 127.0.0.1 {port}'
                                                    a program behind each session`
