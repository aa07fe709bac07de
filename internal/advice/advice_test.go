// SPDX-License-Identifier: MIT

package advice

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestService(t *testing.T) {
	for status, want := range map[int]string{
		307: "redirects are not followed",
		401: "does not accept the access token",
		403: "needs the role",
		404: "only in the region that created it",
		409: "use a new one",
		421: "does not answer for this host name",
		422: "at most 1439 minutes",
		429: "the limit resets every minute",
		500: "the service has a fault",
		503: "the service has a fault",
	} {
		assert.Contains(t, Service(status, 0), want, status)
	}
	assert.Empty(t, Service(400, 0), "the service itself explains")
	assert.Equal(t, "wait 15s before the next request", Service(429, 15*time.Second))
}

func TestTokenService(t *testing.T) {
	for status, want := range map[int]string{
		0:   "or try again later",
		302: "this may not be a token service",
		400: "check account id, account domain and key",
		401: "check account id, account domain and key",
		403: "needs the role",
		404: "this may not be a token service",
		421: "does not answer for this host name",
		429: "wait before the next request",
		502: "or try again later",
	} {
		assert.Contains(t, TokenService(status, 0), want, status)
	}
	assert.Equal(t, "wait 40s before the next request", TokenService(429, 40*time.Second))
}

func TestOutcomeUnknown(t *testing.T) {
	assert.Contains(t, OutcomeUnknown("create"), "may exist and be billed")
	assert.Contains(t, OutcomeUnknown("stop"), "stop it again")
	assert.Contains(t, OutcomeUnknown("update"), "look the session up")
}

func TestEnded(t *testing.T) {
	assert.Contains(t, Ended(false), "create another under a new id")
	assert.NotContains(t, Ended(false), "size")
	assert.Contains(t, Ended(true), "of the other size or in another region")
}
