// SPDX-License-Identifier: MIT

// Package service is the engine of the session service of Azure Remote Rendering, version
// 2021-01-01, and of the token service in front of it (the Mixed Reality STS): routes, refusals,
// accounts, access tokens, rate limits, the spelling of bodies, and paging. A [Store] decides where
// sessions are kept and what runs behind them. Conversions are kept and run by a [ConversionStore];
// without one the service has none.
//
// A [Service] is an [http.Handler]. It serves both services on one address: give that to a client
// both as endpoint and as STS endpoint.
//
//	s, err := service.New(store, service.Options{Accounts: …})
//	…
//	err = http.ListenAndServe("127.0.0.1:8080", s)
//
// # The way of a request
//
// A request is located (region, account, session, operation), admitted (authorization, rate,
// api-version, session id) and performed: the operation asks the store for [Facts] and derives the
// state of the session from them in [Facts.Session]. An [Interceptor] comes between locating and
// admitting; the emulator of this module injects its faults there.
//
// # Many processes
//
// A service keeps no sessions. It keeps its [Options], key rotations, token revocations, and the
// counts of a [RateLimit], and does not share them: give replicas that share a store the same
// options, above all the signing key.
//
// # Where the protocol is undocumented
//
// Answers are those recorded from the service in 2021, including headers and the order of members.
// Where recordings and documents leave a point open, [Decisions] has one field for it.
package service
