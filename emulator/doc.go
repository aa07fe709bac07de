// SPDX-License-Identifier: MIT

// Package emulator is the session service of Azure Remote Rendering, version 2021-01-01, and the
// token service in front of it (the Mixed Reality STS), as an [http.Handler]: the five session
// operations, the three operations on conversions, account keys, signed access tokens, and leases
// that expire. Nothing renders behind a Ready session; its host name leads nowhere.
//
// It can be used in three ways, all with the same state:
//
//   - in memory: [Emulator.SessionsClient] returns a client whose requests never leave the process,
//     and [Emulator.Transport] is the transport for any other azcore client;
//   - on a socket: [Emulator.Listen] serves programs in any language;
//   - as a handler: an [Emulator] can be mounted in any [http.Server] or
//     [net/http/httptest.Server].
//
// The token service and the session service share one address: give it to a client both as endpoint
// and as STS endpoint. The protocol itself is in package service of this module, which can also
// serve sessions from other stores.
//
// # Accounts, regions, servers
//
// [Options.Accounts] sets the accounts. Keys can be rotated ([Emulator.RotateKey]) and access
// tokens revoked ([Emulator.RevokeTokens]) while clients work. The host of a request names its
// region, and each region has sessions of its own ([Options.Regions]). [Options.Capacity],
// [Options.StartupTime] and [Options.RateLimit] limit and slow down the service. A [Backend] starts
// real servers behind sessions.
//
// # Conversions
//
// By default conversions are made up: [ConversionOptions] says how long they take and which assets
// exist. With [Options.Storage] a converter reads and writes storage with the signatures that it is
// given; package emulator/conversion/blobconverter has one for Azure Blob storage and Azurite. It
// copies the asset, and nothing renders the copy. Signatures are not kept.
//
// # Faults
//
// [Emulator.Inject] makes the emulator misbehave for chosen requests: error statuses, connections
// that break before or after the effect, delays, bodies that are slow, truncated, invalid or oddly
// spelled, unknown states, hostile next links, sessions that fail to start, die or never become
// Ready, and reads that lag behind a create.
// [Options.Faults] does so from the start, and [ParseFault] reads faults from text. With
// [Options.Admin] they can be set over HTTP below /_emulator/, for tests in other languages.
//
// # Sockets
//
// [Emulator.ListenTLS] serves https, for example with certificates of an [Authority], which is
// created once and kept; clients trust its [Authority.CertificateFile]. A browser shows the state
// of the emulator at the root path, if it comes by a name of this machine or of the emulator's
// domain.
//
// # Time
//
// All time is that of [Emulator.Clock], which a test advances, scales or freezes. The state of a
// session or conversion is computed when it is read, and a server of a [Backend] is asked and
// stopped then, or when the clock is advanced. So the emulator needs no goroutines except those of
// conversions in storage, and inside [testing/synctest], where nobody needs to move the clock,
// hours of leases pass at once.
//
// # Restarts
//
// With [Options.StateFile] sessions, conversions, keys and access tokens outlive the emulator,
// however it ends: a change is in the file before a client is told of it.
//
// # Requests, running sessions, reset
//
// [Emulator.Requests] returns the recorded requests, [Emulator.RunningSessions] the sessions that
// still run, and [Emulator.Reset] removes what earlier tests have left: everything, or what has one
// prefix. With [Options.Admin], programs in other languages can do the same and more: see
// docs/emulator.md, or GET /_emulator/.
//
// # Where the service is undocumented
//
// Answers are those recorded from the service in 2021, including headers and the order of members.
// Where recordings and documents leave a point open, [Decisions] has one field for it; the zero
// value is the most likely answer.
//
// # Safety
//
// The emulator is for tests and development. It holds its keys in memory, and an access token opens
// the whole account. Listen on loopback unless every machine that can reach the address may use it.
// Web pages cannot use it: a server answers only for known hosts ([Options.AllowHosts]), and never
// to a page of another origin. Tokens of Microsoft Entra are refused unless
// [Options.AcceptIdentity] is set.
package emulator
