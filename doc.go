// SPDX-License-Identifier: MIT

// Package azremoterendering is a client for the session management REST API of Azure Remote
// Rendering, version 2021-01-01.
//
// A session is a GPU server in the cloud with a lease. A device connects to it and receives
// rendered frames as video. A program creates the session and waits until it is Ready. It then
// gives the device what the runtime there needs (session id, account id, account domain, rendering
// domain, access token), extends the lease, and stops the session. A session that is not stopped is
// billed until its lease ends.
//
//	client, err := azremoterendering.NewSessionsClientWithKeyCredential(
//		azremoterendering.RegionWestEurope.Endpoint(),
//		azremoterendering.Account{ID: accountID, Domain: "westeurope.mixedreality.azure.com"},
//		azcore.NewKeyCredential(accountKey), nil)
//	id := azremoterendering.NewSessionID()
//	poller, err := client.BeginCreate(ctx, id, azremoterendering.CreateSessionSettings{
//		Size:         azremoterendering.SessionSizeStandard,
//		MaxLeaseTime: 30 * time.Minute,
//	}, nil)
//	defer client.Stop(context.WithoutCancel(ctx), id, nil) // whatever happens from here on
//	ready, err := poller.PollUntilDone(ctx, nil)
//
// Microsoft announced that its hosted service retires on 30 September 2025. Package emulator of
// this module stands in for the service, for tests and development. Every address can be
// configured, for other services with the same protocol. This module is not affiliated with
// Microsoft.
//
// # Signing in
//
// The client exchanges an account key ([NewSessionsClientWithKeyCredential]) or a token of a
// Microsoft Entra identity ([NewSessionsClient]) for an access token, at the Mixed Reality STS. It
// uses access tokens from elsewhere as they are ([NewSessionsClientWithAccessToken]). All calls of
// a client share one access token. The client renews it before it expires, and replaces it when the
// service refuses it.
//
// The exchange runs in its own goroutine, which ends with the exchange, after 30 seconds at the
// latest. A credential that ignores its context can run longer, but no call waits for it.
//
// # Conversions
//
// A [ConversionsClient] converts models in blob storage for rendering.
// [SessionsClient.NewConversionsClient] returns one that shares the sign-in. The shared access
// signatures (SAS) in [ConversionSettings] are secrets: no error, log entry, resume token or text
// of a value contains one.
//
// # Errors
//
// A [*ServiceError] means that the service refused a request, an [*AuthenticationError] that there
// is no access token, a [*SessionEndedError] that a session will never be Ready, and an
// [*InvalidArgumentError] that no request was sent. [errors.Is] tells refusals apart, with
// [ErrNotFound], [ErrThrottled] and others. After [ErrOutcomeUnknown], a session may exist and be
// billed although the call failed. No error and no log entry contains a key or a token.
package azremoterendering
