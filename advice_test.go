// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// The text of every error with advice ends with it, so that the two can be shown apart.
func TestAdviceIsTheEndOfTheText(t *testing.T) {
	type advised interface {
		error
		Advice() string
	}
	check := func(err error, want string) {
		t.Helper()
		adviser, ok := errors.AsType[advised](err)
		require.True(t, ok, "%v", err)
		assert.Contains(t, adviser.Advice(), want)
		assert.True(t, strings.HasSuffix(err.Error(), "; "+adviser.Advice()), err)
	}
	for status, want := range map[int]string{
		401: "does not accept",
		403: "role",
		404: "region",
		409: "new one",
		422: "grow",
		429: "wait",
		503: "fault",
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, status, ""), nil },
			)
			_, err := client.Get(t.Context(), "demo", nil)
			check(err, want)
			_, err = client.Stop(t.Context(), "demo", nil)
			check(err, want)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := fakeClient(
			t,
			func(*http.Request) (*http.Response, error) { return nil, errors.New("gone") },
		)
		_, err := client.Stop(t.Context(), "demo", nil)
		check(err, "outcome unknown: the session may still run")
	})
	check(
		&arr.SessionEndedError{Session: arr.Session{ID: "demo", Status: arr.SessionStatusError}},
		"other size",
	)
	check(&arr.AuthenticationError{Stage: arr.StageCredential}, "sign in again")
	check(&arr.AuthenticationError{Stage: arr.StageTokenExchange, StatusCode: 429}, "wait before")
	check(
		&arr.AuthenticationError{
			Stage:      arr.StageTokenExchange,
			StatusCode: 429,
			RetryAfter: 15 * time.Second,
		},
		"wait 15s before",
	)
}
