// SPDX-License-Identifier: MIT

// Package emulator is the session service of Azure Remote Rendering, version 2021-01-01, and the
// token service in front of it (the Mixed Reality STS), as an [http.Handler]: the five session
// operations, account keys, signed access tokens, leases that run out. Nothing renders behind a
// session that is Ready; its host name leads nowhere.
//
// There are three ways to use it, with one and the same state behind them:
//
//   - in memory: [Emulator.SessionsClient] makes a client whose requests never leave the process,
//     and [Emulator.Transport] is the transport for any other azcore client;
//   - on a socket: [Emulator.Listen] serves on an address, for programs in any language;
//   - as a handler: an [Emulator] can be mounted in any [http.Server] or
//     [net/http/httptest.Server].
//
// The token service and the session service share one address: give it to a client both as endpoint
// and as STS endpoint.
//
// # Accounts, regions, servers
//
// [Options.Accounts] names the accounts; keys can be rotated ([Emulator.RotateKey]) and access
// tokens revoked ([Emulator.RevokeTokens]) while clients work. The host of a request names its
// region, and each region has sessions of its own ([Options.Regions]). [Options.Capacity],
// [Options.StartupTime] and [Options.RateLimit] make the service scarce, slow and strict. A
// [Backend] puts real servers behind sessions.
//
// # Faults
//
// [Emulator.Inject] makes the emulator misbehave, for chosen requests: statuses, broken connections
// before or after the effect, delays, bodies that are slow, cut off or garbled, unknown states,
// hostile next links, sessions that fail to start, die or never become Ready. [Options.Faults] does
// so from the beginning, [ParseFault] reads faults from text. With [Options.Admin] they can be set
// over HTTP below /_emulator/, for tests in other languages.
//
// # Sockets
//
// [Emulator.ListenTLS] serves https, for example with certificates of an [Authority], which is made
// once and kept; clients trust its [Authority.CertificateFile]. The root path shows a person what goes on;
// it is shown only to browsers that came by a name of this machine or of the emulator's domain.
//
// # Time
//
// All time is [time.Now]. The state of a session is computed when somebody looks (and a server of a
// [Backend] is asked and stopped then), so the emulator needs no timers and no goroutine of its
// own, and inside [testing/synctest] hours of leases pass in no time.
//
// # Where the service is undocumented
//
// Answers are those recorded from the service in 2021, headers and order of members included. Where
// recordings and documents leave a point open, [Decisions] holds one field for it; the zero value
// is the emulator's choice.
//
// # Safety
//
// The emulator is for tests and development. It holds its keys in memory, and an access token opens
// the whole account. Listen on loopback unless every machine that can reach the address may use it.
package emulator
