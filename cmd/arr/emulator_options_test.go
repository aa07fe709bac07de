// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestAccountKey(t *testing.T) {
	p, c := startEmulator(t, []string{keyVariable + "=from<&>environment"})
	assert.Equal(t, "from<&>environment", c.AccountKey)
	create(t, c.client(t, nil))
	p.stop()
	p, c = startEmulator(
		t,
		[]string{keyVariable + "=from-environment"},
		"--account-key",
		"from-flag",
		"--account-id",
		"11111111-2222-3333-4444-555555555555",
	)
	assert.Equal(t, "from-flag", c.AccountKey)
	assert.Equal(t, "11111111-2222-3333-4444-555555555555", c.AccountID)
	p.stop()
}

func TestExec(t *testing.T) {
	// A second emulator is a program that listens on a port.
	program := fmt.Sprintf("'%s' emulator --listen 127.0.0.1:{port}", os.Getenv(binaryVariable))
	p, c := startEmulator(t, nil, "--exec", program)
	session := create(t, c.client(t, nil))
	assert.Equal(t, "127.0.0.1", session.Hostname)
	port := fmt.Sprint(session.HandshakePort)
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), patience)
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	p.stop()
	requireClosed(t, port)
	assert.Contains(
		t,
		p.stderr.String(),
		"accepts connections",
		"what the program writes is in the log",
	)
}

func TestOptionsReachTheEmulator(t *testing.T) {
	_, c := startEmulator(
		t,
		nil,
		"--capacity",
		"Premium=0",
		"--page-size",
		"1",
		"--token-lifetime",
		"90s",
		"--startup-time",
		"1ms-2ms",
	)
	client := c.client(t, nil)
	create(t, client)
	create(t, client)
	settings := arr.CreateSessionSettings{
		Size:         arr.SessionSizePremium,
		MaxLeaseTime: 10 * time.Minute,
	}
	poller, err := client.BeginCreate(t.Context(), "premium", settings, nil)
	require.NoError(t, err)
	_, err = poller.PollUntilDone(
		t.Context(),
		&arr.PollUntilDoneOptions{Frequency: 10 * time.Millisecond},
	)
	require.ErrorContains(t, err, "CapacityExceeded")
	pages := 0
	for pager := client.NewListPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, len(page.Sessions), 1)
	}
	assert.GreaterOrEqual(t, pages, 2)
	token, err := client.AccessToken(t.Context(), nil)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(90*time.Second), token.ExpiresOn, patience)

	_, c = startEmulator(t, nil, "--rate-limit", "1/1h")
	client = c.client(t, nil)
	_, err = client.Get(t.Context(), "nobody", nil)
	require.ErrorIs(t, err, arr.ErrNotFound)
	_, err = client.Get(t.Context(), "nobody", nil)
	require.ErrorIs(t, err, arr.ErrThrottled)
}

func TestFailures(t *testing.T) {
	_, c := startEmulator(t, nil)
	taken := "127.0.0.1:" + portOf(t, c)
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := t.TempDir()
	require.NoError(t, os.Chmod(open, 0o777))
	domains := t.TempDir()
	_, err := emulator.OpenAuthority(domains, "arr.test")
	require.NoError(t, err)
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--listen", taken}, []string{taken, "in use", "--listen 127.0.0.1:0"}},
		{[]string{"--listen", taken, "--tls"}, []string{taken, "in use", "--listen 127.0.0.1:0"}},
		{[]string{"--tls", "--ca-dir", file}, []string{file, "--ca-dir"}},
		{[]string{"--tls", "--ca-dir", file + "/below"}, []string{file, "--ca-dir"}},
		{[]string{"--tls", "--ca-dir", open}, []string{open, "--ca-dir"}},
		{
			[]string{"--tls", "--ca-dir", domains, "--domain", "other.test"},
			[]string{"arr.test", "other.test", "--ca-dir"},
		},
	} {
		if runtime.GOOS == "windows" && test.args[len(test.args)-1] == open {
			continue // there, the mode of a folder says nothing
		}
		args := append([]string{"emulator", "--listen", "127.0.0.1:0"}, test.args...)
		code, stdout, stderr := runOnce(t, args...)
		assert.Equal(t, failure.Other, code, args)
		assert.Empty(t, stdout, args)
		for _, want := range test.want {
			assert.Contains(t, stderr, want, args)
		}
		assert.NotContains(t, stderr, "Usage:", args)
		assert.True(t, strings.HasPrefix(stderr, "arr: "), stderr)
	}
}

func TestMistakesInEnvFile(t *testing.T) {
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	folder := t.TempDir()
	for path, want := range map[string]string{
		file + "/below":             "hoose another path",
		folder + "/nowhere/arr.env": "Make the folder",
		folder:                      "is a folder",
		"/dev/null":                 "not a regular file",
	} {
		if runtime.GOOS == "windows" && path == "/dev/null" {
			continue
		}
		code, stdout, stderr := runOnce(t, "emulator", "--listen", "127.0.0.1:0", "--env-file", path)
		assert.Equal(t, failure.Usage, code, path)
		assert.Empty(t, stdout, path)
		assert.Contains(t, stderr, "--env-file", path)
		assert.Contains(t, stderr, want, path)
	}
}
