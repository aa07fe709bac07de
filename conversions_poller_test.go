// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
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

// scripted makes the service show a conversion in one state after the other, the last one forever.
// An empty state is an outage.
func scripted(w *testkit.Wire, rest string, states ...string) {
	w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if req.Method != http.MethodGet || testkit.IsExchange(req) {
			return forward()
		}
		state := states[0]
		if len(states) > 1 {
			states = states[1:]
		}
		if state == "" {
			return testkit.Answer(req, 503, ""), nil
		}
		return testkit.Answer(req, 200, testkit.ConversionJSON("demo", rest, state)), nil
	})
}

func TestHowConversionsEnd(t *testing.T) {
	const failure = `"error":{"code":"InputContainerError","message":"Could not find the asset."},`
	for name, c := range map[string]struct {
		rest   string
		states []string
		code   string
		took   time.Duration
		fails  bool
	}{
		"succeeds":           {`"error":null,`, []string{"Running", "Succeeded"}, "", 20 * time.Second, false},
		"fails":              {failure, []string{"Running", "Failed"}, "InputContainerError", 20 * time.Second, true},
		"is cancelled":       {`"error":null,`, []string{"Cancelled"}, "", 10 * time.Second, true},
		"in an odd state":    {"", []string{"Thinking", "Thinking", "Succeeded"}, "", 30 * time.Second, false},
		"in other letters":   {"", []string{"RUNNING", "succeeded"}, "", 20 * time.Second, false},
		"during an outage":   {"", []string{"", "", "", "", "Succeeded"}, "", 20 * time.Second, false},
		"without any detail": {"", []string{"Failed"}, "", 10 * time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, w := converter(t, emulator.Options{}, noRetries)
			poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
			require.NoError(t, err)
			scripted(w, c.rest, c.states...)
			began := time.Now()
			result, err := poller.PollUntilDone(t.Context(), &arr.PollConversionOptions{
				Frequency: 10 * time.Second,
			})
			assert.Equal(t, c.fails, err != nil, name)
			if c.fails {
				var failed *arr.ConversionFailedError
				require.ErrorAs(t, err, &failed, name)
				assert.Equal(t, c.code, failed.Code)
				assert.Equal(t, "demo", failed.Conversion.ID)
				assert.NotEmpty(t, failed.CorrelationVector)
				assert.Contains(t, err.Error(), failed.CorrelationVector)
				assert.False(t, arr.IsTransient(err))
				assert.True(t, poller.Done())
			} else {
				assert.Equal(t, arr.ConversionStatusSucceeded, result.Status, name)
			}
			assert.GreaterOrEqual(t, time.Since(began), c.took, name)
		})
	}
}

func TestTheDefaultIntervalOfConversions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := converter(t, emulator.Options{})
		poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		scripted(w, "", "Running")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err = poller.PollUntilDone(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, `waiting for conversion "demo", last seen Running`)
		assert.InDelta(t, 60, w.Count("GET demo")+countConversions(w), 6)
	})
}

// countConversions counts requests for a conversion, whose name in a wire is its path.
func countConversions(w *testkit.Wire) (n int) {
	for _, name := range w.Requests() {
		if strings.HasPrefix(name, "GET ") && name != "GET demo" {
			n++
		}
	}
	return n
}

func TestAReadOfAConversionMayLagBehindItsCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := converter(t, emulator.Options{})
		poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		began := time.Now()
		w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method == http.MethodGet && !testkit.IsExchange(req) &&
				time.Since(began) < 25*time.Second {
				return testkit.Answer(req, 404, ""), nil
			}
			return forward()
		})
		_, err = poller.PollUntilDone(t.Context(), nil)
		require.NoError(t, err)
	})
}

func TestAnotherProcessWaitsForAConversion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := converter(t, emulator.Options{})
		poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		token, err := poller.ResumeToken()
		require.NoError(t, err)
		assert.NotContains(t, token, "sig")

		resume := &arr.BeginCreateConversionOptions{ResumeToken: token}
		resumed, err := client.BeginCreate(t.Context(), "demo", arr.ConversionSettings{}, resume)
		require.NoError(t, err)
		_, err = resumed.PollUntilDone(t.Context(), nil)
		require.NoError(t, err)
		_, err = resumed.ResumeToken()
		require.ErrorContains(t, err, "nothing left to resume")

		sessions := client.NewSessionsClient()
		_, err = sessions.BeginCreate(t.Context(), "demo", halfHour,
			&arr.BeginCreateSessionOptions{ResumeToken: token})
		require.ErrorIs(t, err, arr.ErrInvalidArgument, "a session is no conversion")
		_, err = client.BeginCreate(t.Context(), "other", pavilion, resume)
		require.ErrorIs(t, err, arr.ErrInvalidArgument)
		_, err = client.BeginWait(t.Context(), "unknown", nil)
		require.ErrorIs(t, err, arr.ErrNotFound)
	})
}

// A SAS stands in the one request that needs it, and nowhere else.
func TestASASStaysSecret(t *testing.T) {
	const signatures = "input-signature output-signature"
	echo := func(status int) testkit.Handler {
		return func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method != http.MethodPut {
				return forward()
			}
			text := "you sent " + pavilion.Input.StorageContainerReadListSAS + " and " +
				pavilion.Output.StorageContainerWriteSAS
			quoted, err := json.Marshal(text)
			if err != nil {
				return nil, err
			}
			return testkit.Answer(req, status,
				`{"error":{"code":"X","message":`+string(quoted)+`}}`, "X-Echo", text), nil
		}
	}
	bodies := func(o *arr.SessionsClientOptions) {
		o.Logging.IncludeBody = true
		o.Logging.AllowedHeaders = []string{"X-Echo"}
	}
	check := func(place, text string) {
		for _, signature := range strings.Fields(signatures) {
			assert.NotContains(t, text, signature, place)
		}
	}
	for _, status := range []int{200, 400, 403, 500} {
		log := logged(func() {
			client, w := converter(t, emulator.Options{}, noRetries, bodies)
			w.Handle(echo(status))
			poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
			require.Error(t, err)
			assert.Nil(t, poller)
			reach(err, check)
			check("text", fmt.Sprintf("%v %+v %#v", err, err, err))
		})
		require.Contains(t, log, "/conversions/demo", "the log is on")
		check("azcore's log", log)
	}
	client, _ := converter(t, emulator.Options{})
	poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
	require.NoError(t, err)
	reach(poller.Conversion(), check)
	token, err := poller.ResumeToken()
	require.NoError(t, err)
	check("resume token", token)

	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "settings", pavilion, "input", &pavilion.Input)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "settings", pavilion, "input", &pavilion.Input)
	check("slog", log.String())
	data, err := json.Marshal([]any{pavilion, &pavilion, pavilion.Input, &pavilion.Output})
	require.NoError(t, err)
	check("JSON", string(data))
	// %p is the one verb for which fmt asks no Formatter; go vet reports it.
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		for _, value := range []any{pavilion, &pavilion, pavilion.Input, &pavilion.Output, []any{pavilion}} {
			check(verb, fmt.Sprintf(verb, value))
		}
	}
}
