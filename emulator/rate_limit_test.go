// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := twoAccounts
		options.RateLimit = emulator.RateLimit{Requests: 3}
		s := start(t, options)
		other := s.as(otherID)
		assert.Equal(t, http.StatusOK, s.status(), "the window begins")
		time.Sleep(500 * time.Millisecond)
		s.create("a", standard5)
		assert.Equal(
			t,
			http.StatusNotFound,
			s.in("remoterendering.uksouth.example").get("a").status,
			"all regions together",
		)

		time.Sleep(9500 * time.Millisecond)
		r := s.stop("a")
		assert.Equal(t, http.StatusTooManyRequests, r.status)
		assert.Empty(t, r.body)
		assert.Equal(t, "50", r.header.Get("Retry-After"))
		assert.NotEmpty(t, r.header.Get("MS-CV"))
		assert.Empty(t, r.header.Get("WWW-Authenticate"))
		time.Sleep(time.Millisecond)
		assert.Equal(t, "50", s.stop("a").header.Get("Retry-After"), "rounded up")
		time.Sleep(50*time.Second - time.Millisecond - 1)
		assert.Equal(t, "1", s.stop("a").header.Get("Retry-After"))
		assert.Equal(t, http.StatusOK, other.status(), "each account for itself")

		time.Sleep(time.Nanosecond)
		assert.Equal(
			t,
			"Ready",
			s.look("a").Status,
			"the next window; nothing had happened in the last",
		)
		assert.Equal(t, http.StatusOK, s.status())
		assert.Equal(t, http.StatusOK, s.status())
		r = s.call(http.MethodGet, s.list(), "")
		assert.Equal(t, http.StatusTooManyRequests, r.status, "bad requests are told so too")
		assert.Equal(t, "60", r.header.Get("Retry-After"))
	})
}

func TestRateLimitOfTheTokenService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(
			t,
			emulator.Options{
				Accounts:  []emulator.AccountOptions{{PrimaryKey: "key"}},
				RateLimit: emulator.RateLimit{Requests: 2, Per: 10 * time.Second},
			},
		)
		credential := s.Account().ID + ":key"
		for range 5 {
			assert.Equal(
				t,
				http.StatusUnauthorized,
				s.exchange("wrong").status,
				"what is refused does not count",
			)
			assert.Equal(
				t,
				http.StatusUnauthorized,
				s.send(http.MethodGet, s.list()+apiVersion, "", nil).status,
			)
		}
		time.Sleep(2500 * time.Millisecond)
		assert.Equal(t, http.StatusOK, s.exchange(credential).status)
		r := s.exchange(credential)
		assert.Equal(t, http.StatusTooManyRequests, r.status)
		assert.Equal(t, "8", r.header.Get("Retry-After"))
		assert.Equal(t, http.StatusUnauthorized, s.exchange("wrong").status)
		assert.Equal(t, http.StatusOK, s.status(), "the session service counts for itself")

		time.Sleep(time.Hour)
		assert.Equal(t, http.StatusOK, s.exchange(credential).status)
		time.Sleep(9 * time.Second)
		assert.Equal(t, http.StatusOK, s.exchange(credential).status)
		assert.Equal(
			t,
			"1",
			s.exchange(credential).header.Get("Retry-After"),
			"a window begins with its first request",
		)
	})
}

func TestRateLimitsThatCannotBe(t *testing.T) {
	_, err := emulator.New(emulator.Options{RateLimit: emulator.RateLimit{Requests: -1}})
	require.ErrorContains(t, err, "Options.RateLimit.Requests -1")
	_, err = emulator.New(emulator.Options{RateLimit: emulator.RateLimit{Per: -1}})
	require.ErrorContains(t, err, "Options.RateLimit.Per")
}
