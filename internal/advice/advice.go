// SPDX-License-Identifier: MIT

// Package advice says what to do about a failure. Its texts are the last part of the texts of
// errors.
package advice

import (
	"fmt"
	"net/http"
	"time"
)

const (
	// Credential is for a credential that failed.
	Credential = "sign in again, or check the credential"
	// AccessToken is for a fixed access token that cannot be used.
	AccessToken = "get a new token and make a new client with it"

	// ConversionGoesOn is for a wait that ended while its conversion runs on.
	ConversionGoesOn = "the conversion goes on: wait for it with its id, or with the resume token"
	// SessionGoesOn is for a wait that ended while its session starts.
	SessionGoesOn = "the session goes on, and is billed from Ready until it is stopped or its lease ends"

	proxySignIn = "a proxy on the way asks for a user name and password: put them into HTTP_PROXY, " +
		"or name the host in NO_PROXY"
	networkSignIn = "this network lets nothing through before you sign in to it: open a web page"

	misdirected = "the server does not answer for this host name: check endpoint and token service; " +
		"an emulator takes more names with --allow-host"
	administrator = "the identity needs the role Remote Rendering Administrator on the account; " +
		"Remote Rendering Client cannot convert"
	role = "the identity needs the role Remote Rendering Client " +
		"or Remote Rendering Administrator on the account"
)

// Service returns what to do when the rendering service answered with a status. It is empty if
// there is nothing to say. retryAfter is how long the service asked to wait, or 0.
func Service(status int, retryAfter time.Duration) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the service does not accept the access token: check that account and endpoint " +
			"belong to the same service; a ready-made token may have been revoked"
	case status == http.StatusForbidden:
		return role
	case status == http.StatusNotFound:
		return "check session id, account and endpoint: a session is known only in the region that " +
			"created it, and for 30 days after its end"
	case status == http.StatusConflict:
		return "the id is taken by a session with other settings: use a new one"
	case status == http.StatusUnprocessableEntity:
		return "a lease can only grow, to at most 1439 minutes in total, while the session has not ended"
	case status == http.StatusMisdirectedRequest:
		return misdirected
	case status == http.StatusTooManyRequests:
		const otherwise = "wait before the next request; the limit resets every minute"
		return throttled(retryAfter, otherwise)
	case status == http.StatusProxyAuthRequired:
		return proxySignIn
	case status == http.StatusNetworkAuthenticationRequired:
		return networkSignIn
	case status >= 300 && status < 400:
		return "redirects are not followed, so that the access token stays with its host: " +
			"check the endpoint"
	case status >= 500:
		return "the service has a fault: try again later"
	default:
		return ""
	}
}

// Conversion returns what to do when the rendering service answered a request about conversions
// with a status and an error code. It is empty if there is nothing to say. retryAfter is how long
// the service asked to wait, or 0.
func Conversion(status int, code string, retryAfter time.Duration) string {
	switch status {
	case http.StatusForbidden:
		if code == "DelegatedResourceAccessError" {
			return "pass a SAS for both containers, or link the storage account to the account; " +
				"a new link can take 30 minutes to take effect"
		}
		return administrator
	case http.StatusNotFound:
		return "check conversion id, account and endpoint: a conversion is known only in the region " +
			"that created it, and for 30 days"
	case http.StatusConflict:
		return "the id is taken by a conversion with other settings: use a new one"
	case http.StatusUnprocessableEntity:
		return ""
	default:
		return Service(status, retryAfter)
	}
}

// TokenService returns what to do when the token service answered with a status, or did not answer:
// then status is 0. retryAfter is how long the token service asked to wait, or 0.
func TokenService(status int, retryAfter time.Duration) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusBadRequest:
		return "check account id, account domain and key; " +
			"an identity needs the role Remote Rendering Client or Administrator"
	case status == http.StatusForbidden:
		return role
	case status == http.StatusMisdirectedRequest:
		return misdirected
	case status == http.StatusTooManyRequests:
		return throttled(retryAfter, "wait before the next request")
	case status == http.StatusProxyAuthRequired:
		return proxySignIn
	case status == http.StatusNetworkAuthenticationRequired:
		return networkSignIn
	case status == 0, status >= 500:
		return "check the account domain, or try again later"
	default:
		return "check the account domain: this may not be a token service"
	}
}

// Proxy adds to what a caller is told about a status that the proxy at an address may have answered
// the request, and not the service. It returns what if proxy is empty, or if no proxy answers so.
func Proxy(proxy string, status int, what string) string {
	if proxy == "" || status < 500 && status != http.StatusForbidden &&
		status != http.StatusProxyAuthRequired {
		return what
	}
	line := "the proxy " + proxy + " may have answered: check HTTP_PROXY, " +
		"or name the host of the service in NO_PROXY"
	if what == "" || status == http.StatusProxyAuthRequired {
		return line
	}
	return line + "; " + what
}

// OutcomeUnknown returns what to do when a call may have taken effect: "create", "stop",
// "create-conversion" or another one that changes something.
func OutcomeUnknown(operation string) string {
	switch operation {
	case "create-conversion":
		return "the conversion may run: look it up, or create it again with the same id and settings"
	case "create":
		return "the session may exist and be billed: look it up, or stop it"
	case "stop":
		return "the session may still run and be billed: stop it again"
	default:
		return "look the session up to see what happened"
	}
}

// Ended returns what to do when a session has ended. failed says that it ended in state Error.
func Ended(failed bool) string {
	advice := "an ended session cannot be revived: create another under a new id"
	if failed {
		advice += ", perhaps of the other size or in another region"
	}
	return advice
}

// ConversionFailed returns what to do when a conversion has failed with a code, or was cancelled:
// then code is empty. The codes were recorded, or are in tests of clients of the service; their set
// is open.
func ConversionFailed(code string) string {
	const again = "create another conversion under a new id"
	switch code {
	case "":
		return again
	case "InputContainerError":
		return "check the input container, its prefix and the path of the asset; then " + again
	case "InputContainerAccessDenied":
		return "check that the input SAS has not expired and allows read and list; then " + again
	case "OutputContainerError", "OutputContainerAccessDenied":
		return "check the output container, and that its SAS has not expired and allows write; then " +
			again
	default:
		return "look into <asset>.result.json in the output container, if it is there; then " + again
	}
}

func throttled(retryAfter time.Duration, otherwise string) string {
	if retryAfter > 0 {
		return fmt.Sprintf("wait %v before the next request", retryAfter)
	}
	return otherwise
}
