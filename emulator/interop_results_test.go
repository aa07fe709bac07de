// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// result checks that a call succeeded with the given statuses, and decodes what it returned.
func (o interopOutcome) result(t *testing.T, statuses []int, value any) {
	t.Helper()
	require.Nil(t, o.Raised)
	assert.Equal(t, append([]int{}, statuses...), o.Statuses)
	require.NoError(t, json.Unmarshal(o.Result, value), string(o.Result))
}

// returns expects that a call returns a value.
func returns(value any, statuses ...int) func(*testing.T, interopOutcome) {
	return func(t *testing.T, o interopOutcome) {
		var got json.RawMessage
		o.result(t, statuses, &got)
		wanted, err := json.Marshal(value)
		require.NoError(t, err)
		assert.JSONEq(t, string(wanted), string(got))
	}
}

// lists expects that a call returns sessions.
func lists(statuses []int, ids ...string) func(*testing.T, interopOutcome) {
	return func(t *testing.T, o interopOutcome) {
		var sessions []pySession
		o.result(t, statuses, &sessions)
		got := make([]string, len(sessions))
		for i, s := range sessions {
			got[i] = s.ID
		}
		assert.Equal(t, append([]string{}, ids...), got)
	}
}

// shows expects that a call returns a session.
func (r *interopRun) shows(wanted pyWanted, statuses ...int) func(*testing.T, interopOutcome) {
	return func(t *testing.T, o interopOutcome) {
		var got pySession
		o.result(t, statuses, &got)
		assert.WithinDuration(t, r.started, got.CreatedOn, interopTimeout)
		var zero float64
		expected := pySession{
			ID:        wanted.id,
			Size:      wanted.size,
			Status:    wanted.status,
			Lease:     wanted.lease,
			CreatedOn: got.CreatedOn,
			Elapsed:   &zero,
		}
		// the client tells 0 from None: numbers that were 0 and those that were not there
		if r.absent == emulator.AbsentNull {
			expected.HandshakePort, expected.ArrInspectorPort, expected.Teraflops = &zero, &zero, &zero
		}
		if wanted.teraflops != 0 {
			expected.Teraflops = &wanted.teraflops
		}
		if wanted.region != "" && assert.NotNil(t, got.Hostname) &&
			assert.NotNil(t, got.HandshakePort) &&
			assert.NotNil(t, got.ArrInspectorPort) {
			assert.True(
				t,
				strings.HasSuffix(
					*got.Hostname,
					".remoterendering.vm."+wanted.region+"."+interopDomain,
				),
				*got.Hostname,
			)
			for _, port := range []*float64{got.HandshakePort, got.ArrInspectorPort} {
				assert.True(t, *port >= 49152 && *port <= 65534, *port)
			}
			expected.Hostname = got.Hostname
			expected.HandshakePort = got.HandshakePort
			expected.ArrInspectorPort = got.ArrInspectorPort
		}
		if wanted.code != "" && assert.NotNil(t, got.Error) {
			assert.Equal(t, wanted.code, got.Error.Code)
			assert.NotEmpty(t, got.Error.Message)
			expected.Error = got.Error
		}
		assert.Equal(t, expected, got)
	}
}

// raises expects that a call raises an exception of the client with what an answer said. Its
// request was for an address that starts with prefix; status 0 and an empty prefix mean that no
// answer was the reason.
func raises(
	kind string,
	status int,
	code, message, prefix string,
) func(*testing.T, interopOutcome) {
	return func(t *testing.T, o interopOutcome) {
		require.NotNil(t, o.Raised, "%s", o.Result)
		assert.Equal(t, kind, o.Raised.Type, o.Raised.Text)
		assert.Equal(t, status, o.Raised.Status)
		assert.Equal(t, code, o.Raised.Code)
		assert.Equal(
			t,
			code != "",
			o.Raised.Message != "",
			"a message exactly if there is a code: %q",
			o.Raised.Message,
		)
		if message != "" {
			assert.Equal(t, message, o.Raised.Message)
		}
		assert.True(
			t,
			strings.HasPrefix(o.Raised.URL, prefix) && (prefix != "" || o.Raised.URL == ""),
			o.Raised.URL,
		)
	}
}

// issues expects an access token of 24 hours. The client decodes its claims as plain Base64,
// without the two characters in which that of JWT differs, so that it could not read claims that
// contain them. Those of the emulator never do; its signatures do.
func (r *interopRun) issues(t *testing.T, o interopOutcome) {
	require.Nil(t, o.Raised)
	var token string
	var expiresOn int64
	require.NoError(t, json.Unmarshal(o.Result, &[]any{&token, &expiresOn}))
	assert.WithinDuration(t, r.started.Add(24*time.Hour), time.Unix(expiresOn, 0), interopTimeout)
	segments := strings.Split(token, ".")
	require.Len(t, segments, 3)
	assert.NotContains(t, segments[1], "-")
	assert.NotContains(t, segments[1], "_")
	assert.Contains(t, segments[2], "-")
	assert.Contains(t, segments[2], "_")
}
