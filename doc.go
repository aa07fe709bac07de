// SPDX-License-Identifier: MIT

// Package azremoterendering is a client for the session management REST API of Azure Remote
// Rendering, version 2021-01-01.
//
// A session is a GPU server in the cloud, leased for a time. A device connects to it and gets
// rendered frames as video. A program creates the session, waits until it is Ready, gives the
// device what its runtime needs to open it (session id, account id, account domain, rendering
// domain, access token), extends the lease, and stops the session. A session that nobody stops is
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
// Microsoft's hosted service was announced to retire on 30 September 2025. Package emulator of this
// module is a faithful stand-in, for tests and development; every address is configurable, for
// whoever runs a service that speaks this protocol. This module is not affiliated with Microsoft.
//
// # Signing in
//
// An account key ([NewSessionsClientWithKeyCredential]) or a Microsoft Entra identity
// ([NewSessionsClient]) is exchanged for an access token at the Mixed Reality STS; an access token
// got elsewhere ([NewSessionsClientWithAccessToken]) is used as it is. A client holds one token for
// all its calls, renews it ahead of its end, and replaces it when the service refuses it. The
// exchange runs in a goroutine of its own, the only one of this package: it ends with the exchange,
// after 30 seconds at the latest. Only a credential that ignores its context can keep it longer;
// nobody waits for that one.
//
// # Errors
//
// [*ServiceError] is a refusal by the service, [*AuthenticationError] a failure to get an access
// token, [*SessionEndedError] a session that will never be Ready. [errors.Is] tells them apart with
// [ErrNotFound], [ErrThrottled] and others. After [ErrOutcomeUnknown] a session may exist, and be
// billed, although the call failed. No error and no log entry holds a key or a token.
package azremoterendering
