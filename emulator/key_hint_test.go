// SPDX-License-Identifier: MIT

package emulator_test

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// A key that is refused is answered as the service does, and a header and the log say where the
// right one comes from.
func TestHintAtTheRightKey(t *testing.T) {
	account := func(key string) []emulator.AccountOptions {
		return []emulator.AccountOptions{{PrimaryKey: key}}
	}
	rotate := func(s *service) {
		_, err := s.RotateKey(s.Account().ID, emulator.PrimaryKey)
		require.NoError(t, err)
	}
	for name, test := range map[string]struct {
		options emulator.Options
		prepare func(*service)
		want    string
	}{
		"published": {emulator.Options{Accounts: account(emulator.DevelopmentKey)}, nil,
			"the published development key"},
		"random": {emulator.Options{}, nil, "random, and another one after each start"},
		"random, kept": {emulator.Options{StateFile: filepath.Join(t.TempDir(), "state")}, nil,
			"random, and kept in its state file"},
		"given":   {emulator.Options{Accounts: account("my-key")}, nil, "that it was started with"},
		"rotated": {emulator.Options{Accounts: account("my-key")}, rotate, "was rotated"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			test.options.Logger = slog.New(slog.NewTextHandler(&log, nil))
			s := start(t, test.options)
			closeAfter(t, s)
			if test.prepare != nil {
				test.prepare(s)
			}
			hint := s.refusedKey(s.Account().ID)
			assert.Contains(t, hint, test.want)
			assert.Contains(t, log.String(), test.want)
			for _, secret := range []string{s.Key(), s.SecondaryKey(), "wrong-key", "my-key"} {
				assert.NotContains(t, hint, secret)
				assert.NotContains(t, log.String(), secret)
			}
		})
	}
}

// Anyone who guesses is told no id of an account.
func TestHintAtTheRightAccount(t *testing.T) {
	s := start(t, emulator.Options{Accounts: []emulator.AccountOptions{{ID: secondAccount}, {}}})
	hint := s.refusedKey("7d0a3f52-4c1b-4e0e-9a51-2f6f3f0c8a77")
	assert.Contains(t, hint, "no account with this id")
	for _, account := range s.Accounts() {
		assert.NotContains(t, hint, account.ID)
	}
}

// refusedKey sends a wrong key of an account over a socket, and returns the hint in the answer.
func (s *service) refusedKey(accountID string) (hint string) {
	server, err := s.Listen("127.0.0.1:0")
	require.NoError(s.t, err)
	defer server.Close()
	url := server.URL + "/Accounts/" + accountID + "/token"
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, nil)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+accountID+":wrong-key")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	assert.Equal(s.t, http.StatusUnauthorized, resp.StatusCode)
	assert.Zero(s.t, resp.ContentLength, "as the service answers")
	return resp.Header.Get("X-Emulator-Hint")
}
