// SPDX-License-Identifier: MIT

package main

import (
	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

const rootManual = `The command line of Azure Remote Rendering. It creates, shows, extends and stops rendering
sessions, converts models, runs programs with a session, gets access tokens for devices, and runs an
emulator of the service.

Try it without a service: arr session create --emulator

Results go to standard output. Everything else goes to standard error. Three topics concern every
command:

  arr help configuration   where settings come from
  arr help output          formats, columns, templates, progress
  arr help exit-codes      what the exit code means`

const configurationPlaces = `A setting is looked for in four places, and the first that has it wins:

  1. flags
  2. environment variables
  3. a profile of the config file
  4. the arrconfig.json of RenderingSession.ps1 and Conversion.ps1, unchanged, in the working folder or wherever
     --arrconfig says

`

const configurationConversions = `
For "arr conversion create" and "arr convert" there are besides:

`

const configurationFiles = `
The variables AZURE_STORAGE_… are those of the Azure CLI. Set at most one of key, SAS, connection string and secret
file of storage; without them the sign-in to storage is by Microsoft Entra. input-sas and output-sas are ready-made
signatures for the service. The member resourceGroup of assetConversionSettings is not needed.

"arr config" shows what the result is and where each value comes from.

Endpoint and account domain can be a region, a domain, or an address. If nothing names the account domain it is
that of the region of the endpoint. An address with http leads to this machine, or needs --allow-http.

The account key comes from the first of these: --key-file or --key-stdin; ARR_ACCOUNT_KEY or
ARR_ACCOUNT_KEY_FILE; account_key, account_key_file or keyring of the profile; arrconfig.json. "arr login" stores
it in the keyring of the system, for one account and token service, and sets keyring = true in the profile.

Keys and tokens are never arguments, which other users of a machine can see. If there is no key and standard
input is a terminal, the program asks for it. --auth entra signs in with whatever Microsoft Entra identity there
is: environment variables of azidentity, a managed identity, the login of az or azd. The identity needs the role
Remote Rendering Client or Remote Rendering Administrator.

The config file is arr/config.toml in your configuration folder (~/.config, ~/Library/Application Support or
%AppData%), or what --config says:

  default_profile = "work"

  [profiles.work]
  endpoint = "westeurope"
  account_id = "00000000-1111-2222-3333-444455556666"
  account_key_file = "arr.key"
  price.standard = "3.20 EUR"

  [profiles.lab]
  endpoint = "https://arr.example.com"
  account_id = "00000000-1111-2222-3333-444455556666"
  account_domain = "arr.example.com"
  auth = "entra"

A price is what you pay for an hour of a session of a size, with or without a currency. The service tells none, and
no price is assumed.

--profile or ARR_PROFILE chooses another. Without default_profile the profile "default" is used, if there is
one. A key that is not known is a mistake. If other users of the machine can read a file with a key or token,
commands say so, but with --quiet.

A path in the config file is relative to the folder of that file, and ~ in front of a path is your home folder
everywhere. Text files may be UTF-8, UTF-16 or UTF-32, with or without a byte order mark. Only regular files of up
to 1 MiB are read: a pipe or a device is an error.

An arrconfig.json of every release of the script is read, with comments and trailing commas. If it has both, the
newer member wins over the older one. "arr config" names the members that are not used. A placeholder, such as
<hh:mm:ss>, counts as not filled in, which is an error if a command needs the setting and nothing else has it.

An arrconfig.json that merely lies in the working folder may lead its own key anywhere, and a key or token from
elsewhere only to the hosted service. If it leads elsewhere, this machine included, arr asks on a terminal whether
that is meant, and else fails: name the file with --arrconfig, or give the address in another of the four places.`

const outputManual = `Results go to standard output. Progress, notices and errors go to standard error.

--output, or -o, says how they are written:

  text   for people, the default; it may change between versions
  wide   the same, with all columns
  json   one object per line; versions of arr only ever add members
  yaml   one document for each result, with the members of json
  csv    a header and one record for each result, with members of json as fields (RFC 4180)
  name   ids and nothing else: of sessions, conversions, regions or settings; the token for
         "arr token", the address of the asset for "arr convert"

A table on a terminal fits its width: first it loses the columns that matter least, then long values
are shortened and end in …. In a pipe it has all columns in full. --columns chooses the columns of a
list, and --sort its order: --sort status,-created sorts by status, and the newest first.

Colors are used on a terminal only, and not if NO_COLOR is set or TERM is dumb. --color always or
never says otherwise.

--format takes a Go template for each result. Its data are the members of json; one without a value
is empty, and one that does not exist is an error. Besides those of Go there are the functions json,
join, lower, upper, pad, truncate, ago (of a time) and span (of minutes):

  arr session list --format '{{pad 20 .id}} {{.status}} {{ago .creationTime}}'
  arr session get demo --format '{{.hostname}}:{{.handshakePort}}'

The members of json are:

  session create, get, list, update, wait, extend, keep-alive, stop-all --dry-run
      id, status, size, creationTime (RFC 3339), elapsedTimeMinutes, maxLeaseTimeMinutes,
      remainingMinutes {atLeast, atMost}, hostname, handshakePort, arrInspectorPort, teraflops,
      error {code, message, ...}, correlationVector
  session describe
      the same, cost {perHour, currency, soFarAtLeast, soFarAtMost, wholeLease} if a price is set,
      device {accountId, accountDomain, renderingDomain, accessToken, expiresOn}
  conversion create, get, list, wait
      id, status, creationTime, settings {inputLocation {storageContainerUri, blobPrefix,
      relativeInputAssetPath}, outputLocation {storageContainerUri, blobPrefix,
      outputAssetFilename}}, outputAssetUri, error {code, message, ...}, correlationVector
  convert
      the same, outputAssetUriWithSas, upload {files, filesUnchanged, bytes, bytesUnchanged},
      sessionSize {size, certain, polygons, polygonsDrawnAtMost}
  convert --upload-only
      inputAssetUri, upload
  session stop, stop-all
      id, stopped, correlationVector
  token
      accessToken, expiresOn (RFC 3339), accountId, accountDomain, renderingDomain
  regions
      region, endpoint, accountDomain
  regions --latency
      region, endpoint, reachable, rounds, connectMilliseconds, tlsMilliseconds,
      totalMilliseconds, error
  config, config get
      name, value, secret, source
  config list
      name, default, endpoint, accountId, signIn
  doctor
      check, host, status (ok, warning, failed, skipped), detail, cure, milliseconds
  version
      version, go, os, architecture

A member without a value is left out, except id, status, size, minutes, counts, and those that are
true or false. A wait for a session that ends, or a conversion that fails, writes it before it fails. keep-alive
does the same, and otherwise writes the session whenever its lease is extended.

--quiet, or -q, is -o name without progress. Together with another format it only hides the progress.

--log-level debug writes a line to standard error for each request: method, address, status, correlation
vector, time. It never shows a key, a token or a signature. --log-level info writes the events of leases.

arr run writes nothing to standard output: that belongs to its command.

PROGRESS is one line on a terminal, which is updated: session or conversion, state, time since the
command started, remaining lease. Of an upload it is a bar over bytes. In a pipe it is one line per
change of state. The remaining lease of a Ready session is shown as two bounds, because the service
counts whole minutes and does not say when the session became Ready.`

// newTopics returns what arr help tells beyond commands.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use:   "configuration",
			Short: "Where settings are looked for",
			Long: configurationPlaces + config.Table() + configurationConversions +
				config.ConversionTable() + configurationFiles,
		},
		{Use: "output", Short: "Formats, columns, templates and progress", Long: outputManual},
		{Use: "exit-codes", Short: "What the exit code says", Long: failure.Manual},
	}
}
