// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// output is what the program has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the program; stop is Ctrl-C, and returns what run returned.
func start(t *testing.T) (out *output, stop func() error) {
	t.Helper()
	server, err := backend.Listen("127.0.0.1:0", "", "")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out = new(output)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, server, out, slog.New(slog.DiscardHandler)) }()
	return out, func() error { cancel(); return <-ended }
}

// waitFor waits until the output matches, and returns the groups of the match.
func waitFor(t *testing.T, out *output, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	require.Eventually(
		t,
		func() bool { return re.MatchString(out.String()) },
		30*time.Second,
		10*time.Millisecond,
		"no match for %s",
		re,
	)
	return re.FindStringSubmatch(out.String())
}

func post(t *testing.T, url, secret string) sessionAccess {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var access sessionAccess
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &access))
	return access
}

func TestTheDemoRunsAsItIs(t *testing.T) {
	t.Setenv("ARR_ENDPOINT", "")
	out, stop := start(t)
	line := waitFor(t, out, `curl -sS -X POST -H 'Authorization: Bearer (\S+)' (\S+)`)
	access := post(t, line[2], line[1])
	require.NotEmpty(t, access.AccessToken)
	require.NoError(t, stop())
	require.Contains(t, out.String(), "Stopped session "+access.SessionID)
}

func TestARealServiceComesFromTheEnvironment(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	server, err := e.Listen("")
	require.NoError(t, err)
	defer server.Close()
	owner, err := e.SessionsClient(nil)
	require.NoError(t, err)
	_, err = owner.BeginCreate(
		t.Context(),
		sessionID,
		arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: leaseTime},
		nil,
	)
	require.NoError(t, err)
	_, err = owner.Get(t.Context(), sessionID, nil)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "devices")
	require.NoError(
		t,
		os.WriteFile(
			file,
			[]byte("headset-1 "+fmt.Sprintf("%x", sha256.Sum256([]byte("secret")))+"\n"),
			0o600,
		),
	)

	for name, value := range map[string]string{
		"ARR_ENDPOINT": server.URL, "ARR_STS_ENDPOINT": server.URL, "ARR_ACCOUNT_ID": e.Account().ID,
		"ARR_ACCOUNT_KEY":    e.Key(),
		"ARR_ACCOUNT_DOMAIN": e.Account().Domain, "ARR_SESSION_ID": sessionID, "BROKER_DEVICES_FILE": file,
	} {
		t.Setenv(name, value)
	}
	out, stop := start(t)
	access := post(t, waitFor(t, out, `at (http\S+)\n`)[1], "secret")
	require.Equal(t, sessionID, access.SessionID)
	require.NoError(t, stop())
	session, err := owner.Get(t.Context(), sessionID, nil)
	require.NoError(t, err)
	require.Equal(
		t,
		arr.SessionStatusReady,
		session.Status,
		"the session is not the broker's to stop",
	)

	t.Setenv("ARR_ACCOUNT_KEY", "")
	t.Setenv("ARR_SESSION_ID", "")
	_, stop = start(t)
	require.EqualError(
		t,
		stop(),
		"ARR_ENDPOINT is set, so these must be too: ARR_ACCOUNT_KEY, ARR_SESSION_ID",
	)
}

func TestWhatOthersCanReachNeedsTLS(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		_, err := backend.Listen(address, "", "")
		require.ErrorContains(t, err, "-tls-cert")
	}
	_, err := backend.Listen("127.0.0.1:0", "cert.pem", "")
	require.ErrorContains(t, err, "go together")
}
