// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// What follows is the network failing around requests that change something.

func TestLostAnswerToCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		client, w := newClient(t, e)
		w.OnCall("PUT demo", 1, testkit.LoseAnswer)

		poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		assert.False(t, poller.Created(), "the repeat met the session that the first try made")
		assert.Equal(t, []string{"PUT demo", "PUT demo"}, w.Requests())
		var sessions int
		for _, err := range client.All(t.Context(), nil) {
			require.NoError(t, err)
			sessions++
		}
		assert.Equal(t, 1, sessions)
	})
}

func TestLostAnswerToUpdate(t *testing.T) {
	fault := func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if _, err := forward(); err != nil {
			return nil, err
		}
		return testkit.Answer(req, http.StatusGatewayTimeout, ""), nil
	}
	truncated := func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
		resp, err := forward()
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, 20), brokenReader{}))
		return resp, nil
	}
	garbled := func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if _, err := forward(); err != nil {
			return nil, err
		}
		return testkit.Answer(req, http.StatusOK, `{"id":"dem`), nil
	}
	for name, broken := range map[string]testkit.Handler{
		"connection lost after the effect": testkit.LoseAnswer,
		"gateway timeout after the effect": fault,
		"body cut off":                     truncated,
		"body garbled":                     garbled,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w := newClient(t, newEmulator(t, emulator.Options{}))
				_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
				require.NoError(t, err)
				w.OnCall("PATCH demo", 1, broken)

				updated, err := client.Update(
					t.Context(),
					"demo",
					arr.UpdateSessionSettings{MaxLeaseTime: time.Hour},
					nil,
				)
				require.NoError(t, err, "and not 422")
				assert.Equal(t, time.Hour, updated.MaxLeaseTime)
				assert.Equal(t, arr.SessionStatusReady, updated.Status)
				assert.Equal(t, 1, w.Count("GET demo"), "one look decides")
			})
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestUpdateRefusedInDoubtStaysRefused(t *testing.T) {
	tests := map[string]func(t *testing.T, e *emulator.Emulator) time.Duration{
		"the lease is longer than " +
			"asked": func(*testing.T, *emulator.Emulator) time.Duration { return 20 * time.Minute },
		"the session has ended": func(t *testing.T, e *emulator.Emulator) time.Duration {
			require.NoError(t, e.SetStatus("demo", arr.SessionStatusExpired))
			return 30 * time.Minute
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEmulator(t, emulator.Options{})
				client, w := newClient(t, e)
				_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
				require.NoError(t, err)
				lease := prepare(t, e)
				w.OnCall("PATCH demo", 1, testkit.LoseAnswer)

				_, err = client.Update(
					t.Context(),
					"demo",
					arr.UpdateSessionSettings{MaxLeaseTime: lease},
					nil,
				)
				require.ErrorIs(t, err, arr.ErrLeaseNotExtended)
				assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
			})
		})
	}
}

func TestUpdateRefusedInDoubtThatCannotBeLookedUp(t *testing.T) {
	for name, test := range map[string]struct {
		look    func(*http.Request) (*http.Response, error)
		is, not error
	}{
		"unknown session": {
			func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 404, ""), nil },
			arr.ErrNotFound, arr.ErrOutcomeUnknown,
		},
		"no answer": {
			func(*http.Request) (*http.Response, error) { return nil, testkit.ErrLost },
			arr.ErrOutcomeUnknown, arr.ErrLeaseNotExtended,
		},
		"forbidden": {
			func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 403, ""), nil },
			arr.ErrOutcomeUnknown, arr.ErrLeaseNotExtended,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				patches := 0
				client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
					if req.Method == http.MethodGet {
						return test.look(req)
					}
					if patches++; patches == 1 {
						return nil, testkit.ErrLost
					}
					return testkit.Answer(req, 422, ""), nil
				})
				_, err := client.Update(
					t.Context(),
					"demo",
					arr.UpdateSessionSettings{MaxLeaseTime: time.Hour},
					nil,
				)
				require.ErrorIs(t, err, test.is)
				assert.NotErrorIs(t, err, test.not)
				assert.NotContains(t, err.Error(), "\n")
			})
		})
	}
}

func TestUpdateRefusedAtOnceIsNotLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := newClient(t, newEmulator(t, emulator.Options{}))
		_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		_, err = client.Update(
			t.Context(),
			"demo",
			arr.UpdateSessionSettings{MaxLeaseTime: 30 * time.Minute},
			nil,
		)
		require.ErrorIs(t, err, arr.ErrLeaseNotExtended)
		assert.Equal(t, []string{"PUT demo", "PATCH demo"}, w.Requests())
	})
}

// An update whose refusal is cut off is refused, and not looked up.
func TestAnUpdateRefusedWithoutItsWholeBodyIsRefused(t *testing.T) {
	client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodGet {
			return nil, io.ErrUnexpectedEOF
		}
		resp := testkit.Answer(req, 422, "")
		resp.ContentLength = 100
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"error":`), cutOff{}))
		return resp, nil
	}, noRetries)
	_, err := client.Update(
		t.Context(), "demo", arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
	require.ErrorIs(t, err, arr.ErrLeaseNotExtended)
	assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
	assert.Zero(t, w.Count("GET demo"))
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A transport may read a body after it has returned, and azcore rewinds the one body for a retry,
// which then sends a part of it.
func TestEveryTryHasABodyOfItsOwn(t *testing.T) {
	var first io.ReadCloser
	var sent string
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		if first == nil {
			first = req.Body // a goroutine of the transport has it still
			return testkit.Answer(req, 503, ""), nil
		}
		_, _ = io.ReadFull(first, make([]byte, 5))
		data, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		sent = string(data)
		return testkit.Answer(req, 201, testkit.SessionJSON("demo", arr.SessionStatusStarting)), nil
	}, func(o *arr.SessionsClientOptions) { o.Retry.RetryDelay = time.Millisecond })
	_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"maxLeaseTimeMinutes":30,"size":"Standard"}`, sent)
}
