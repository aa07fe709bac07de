// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// A client that runs while the emulator is killed and started again notices nothing: address, key,
// access token and session are the same.
func TestRestartIsNotNoticed(t *testing.T) {
	for name, args := range map[string][]string{
		"published key": nil, "random key": {"--random-key"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--state", filepath.Join(t.TempDir(), "state")}, args...)
			p, c := startEmulator(t, nil, args...)
			assert.Equal(t, len(args) == 2, c.AccountKey == emulator.DevelopmentKey)
			client := c.client(t, nil)
			session := create(t, client)
			token, err := client.AccessToken(t.Context(), nil)
			require.NoError(t, err)

			p.signal(os.Kill)
			p.wait()
			again := append(args, "--listen", "127.0.0.1:"+portOf(t, c))
			_, restarted := startEmulator(t, nil, again...)
			assert.Equal(t, c, restarted)
			same, err := client.Get(t.Context(), session.ID, nil)
			require.NoError(t, err)
			assert.Equal(t, session, same.Session)
			credential, err := arr.NewStaticAccessToken(token.Token)
			require.NoError(t, err)
			options := &arr.SessionsClientOptions{}
			options.InsecureAllowCredentialWithHTTP = true
			fixed, err := arr.NewSessionsClientWithAccessToken(c.Endpoint, c.AccountID, credential, options)
			require.NoError(t, err)
			_, err = fixed.Update(t.Context(), session.ID,
				arr.UpdateSessionSettings{MaxLeaseTime: 20 * time.Minute}, nil)
			require.NoError(t, err)
		})
	}
}

func TestAccountKeyByDefault(t *testing.T) {
	key := func(environment []string, args ...string) (key, log string) {
		p, c := startEmulator(t, environment, args...)
		p.stop()
		return c.AccountKey, p.stderr.String()
	}
	got, log := key(nil)
	assert.Equal(t, emulator.DevelopmentKey, got)
	assert.NotContains(t, log, "key")

	got, _ = key(nil, "--random-key")
	assert.Len(t, got, len(emulator.DevelopmentKey))
	assert.NotEqual(t, emulator.DevelopmentKey, got)

	got, log = key(nil, "--listen", "0.0.0.0:0")
	assert.NotEqual(t, emulator.DevelopmentKey, got)
	assert.Contains(t, log, "the account key is random, and not the published one")

	published := []string{keyVariable + "=" + emulator.DevelopmentKey}
	got, log = key(published, "--listen", "0.0.0.0:0")
	assert.Equal(t, emulator.DevelopmentKey, got)
	assert.Contains(t, log, "WARNING: the account key is the published one")
}

func TestMistakesInState(t *testing.T) {
	folder := t.TempDir()
	foreign := filepath.Join(folder, "foreign")
	require.NoError(t, os.WriteFile(foreign, []byte("something else"), 0o600))
	link := filepath.Join(folder, "link")
	require.NoError(t, os.Symlink(filepath.Join(folder, "nothing"), link))
	p, _ := startEmulator(t, nil, "--state", filepath.Join(folder, "state"))
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--random-key", "--account-key", "k"}, failure.Usage, "exclude each other"},
		{[]string{"--retention", "0s"}, failure.Usage, "give a time above 0"},
		{[]string{"--keep-ended", "0"}, failure.Usage, "1 or more"},
		{[]string{"--state", foreign}, failure.Other, "is not a state file of the emulator"},
		{[]string{"--state", folder}, failure.Other, "is a folder"},
		{[]string{"--state", link}, failure.Other, "is a symbolic link"},
		{[]string{"--state", filepath.Join(folder, "no", "state")}, failure.Other, "no such file"},
		{
			[]string{"--state", filepath.Join(folder, "state")}, failure.Other,
			fmt.Sprintf("process %d (arr) uses it", p.cmd.Process.Pid),
		},
	} {
		args := append([]string{"emulator", "--listen", "127.0.0.1:0"}, test.args...)
		code, _, stderr := runOnce(t, args...)
		assert.Equal(t, test.code, code, args)
		assert.Contains(t, stderr, test.want, args)
		assert.NotContains(t, stderr, "network", args)
		if test.code == failure.Other {
			assert.Contains(t, stderr, "Give another path for --state", args)
		}
	}
	assert.NoFileExists(t, filepath.Join(folder, "nothing"))
	content, err := os.ReadFile(foreign)
	require.NoError(t, err)
	assert.Equal(t, "something else", string(content))
}

// The program behind a session ends with an emulator that is killed, and so does the session.
func TestRestartEndsPrograms(t *testing.T) {
	args := []string{
		"--state", filepath.Join(t.TempDir(), "state"),
		"--exec", fmt.Sprintf("'%s' emulator --listen 127.0.0.1:{port}", os.Getenv(binaryVariable)),
	}
	p, c := startEmulator(t, nil, args...)
	session := create(t, c.client(t, nil))
	p.signal(os.Kill)
	p.wait()
	p, c = startEmulator(t, nil, args...)
	lost, err := c.client(t, nil).Get(t.Context(), session.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, arr.SessionStatusError, lost.Status)
	require.NotNil(t, lost.Error)
	assert.Equal(t, "ServerLost", lost.Error.Code)
	p.stop()
}
