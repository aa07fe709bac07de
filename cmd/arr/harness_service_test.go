// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// testService is an emulator in the process of the test, on a socket.
type testService struct {
	*emulator.Emulator
	t           *testing.T
	url         string
	environment []string
	client      *arr.SessionsClient
}

func newTestService(t *testing.T, options emulator.Options) *testService {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	if options.Accounts == nil {
		options.Accounts = []emulator.AccountOptions{{PrimaryKey: "the-secret-key"}}
	}
	e, err := emulator.New(options)
	require.NoError(t, err)
	server, err := e.Listen("")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	client, err := e.SessionsClient(nil)
	require.NoError(t, err)
	return &testService{Emulator: e, t: t, url: server.URL, client: client, environment: []string{
		"ARR_ENDPOINT=" + server.URL,
		"ARR_STS_ENDPOINT=" + server.URL,
		"ARR_ACCOUNT_ID=" + e.Account().ID,
		"ARR_ACCOUNT_DOMAIN=" + e.Account().Domain,
		"ARR_ACCOUNT_KEY=" + e.Key(),
		"ARR_RETRIES=0",
	}}
}

// ready creates a session that is Ready.
func (s *testService) ready(id string) {
	s.t.Helper()
	_, err := s.client.BeginCreate(
		s.t.Context(),
		id,
		arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: 30 * time.Minute},
		nil,
	)
	require.NoError(s.t, err)
	require.NoError(s.t, s.SetStatus(id, arr.SessionStatusReady))
}

// status returns the state of a session as the service knows it.
func (s *testService) status(id string) arr.SessionStatus {
	s.t.Helper()
	session, err := s.client.Get(s.t.Context(), id, nil)
	require.NoError(s.t, err)
	return session.Status
}

func (s *testService) inject(text string) {
	s.t.Helper()
	fault, err := emulator.ParseFault(text)
	require.NoError(s.t, err)
	_, err = s.Inject(fault)
	require.NoError(s.t, err)
}

// only returns the one session whose id begins with a prefix.
func (s *testService) only(prefix string) arr.Session {
	s.t.Helper()
	var found []arr.Session
	require.Eventually(s.t, func() bool {
		found = nil
		for session, err := range s.client.All(s.t.Context(), nil) {
			require.NoError(s.t, err)
			if strings.HasPrefix(session.ID, prefix) {
				found = append(found, session)
			}
		}
		return len(found) > 0
	}, patience, 10*time.Millisecond)
	require.Len(s.t, found, 1)
	return found[0]
}

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

// arr runs a command against the service. No output ever holds the key.
func (s *testService) arr(args ...string) result {
	s.t.Helper()
	return runArr(s.t, s.environment, "", args...)
}

// runArr runs a command to its end, in an empty folder.
func runArr(t *testing.T, environment []string, stdin string, args ...string) result {
	t.Helper()
	cmd := command(t, environment, args...)
	cmd.Dir = t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	_ = cmd.Run() // the exit code tells
	require.NotNil(t, cmd.ProcessState)
	r := result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
	for _, text := range []string{r.stdout, r.stderr} {
		assert.NotContains(t, text, "secret-key", args)
	}
	return r
}

// transcript writes down commands and what they did, with placeholders for what differs from run to
// run.
type transcript struct {
	text strings.Builder
	url  string
}

func (tr *transcript) add(args []string, r result) {
	tr.text.WriteString("$ arr " + strings.Join(args, " ") + "\n" + r.stdout)
	if r.stderr != "" {
		tr.text.WriteString("-- stderr --\n" + r.stderr)
	}
	tr.text.WriteString("-- exit " + string(rune('0'+r.code)) + " --\n\n")
}

// compare holds the transcript against a golden file. ARR_GOLDEN=1 rewrites the file.
func (tr *transcript) compare(t *testing.T, name string) {
	t.Helper()
	text := steady(tr.text.String(), tr.url)
	golden := filepath.Join("testdata", name)
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "if this is meant, set ARR_GOLDEN=1")
}

// steady puts placeholders for what differs from run to run.
func steady(text, url string) string {
	if url != "" {
		text = strings.ReplaceAll(text, strings.TrimPrefix(url, "http://"), "HOST")
	}
	for _, variable := range []struct{ pattern, placeholder string }{
		{`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "UUID"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "TIME"},
		{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( [+-]\d\d:\d\d)?`, "TIME"},
		{`(MS-CV *|correlationVector":")[A-Za-z0-9+/]{22}\.0`, "${1}CV"},
		{`arrwesteuro(standard|premium)[0-9a-f]{32}\.remoterendering\.vm` +
			`\.westeurope\.mixedreality\.azure\.com`, "SERVER"},
		{`((?:handshake|inspector) port  |"(?:handshake|arrInspector)Port":)\d+`, "${1}PORT"},
		{`eyJ[A-Za-z0-9_.-]+`, "TOKEN"},
		{`  \d+s(  lease|\n)`, "  ELAPSED$1"},
		{`lease \S+ to \S+`, "lease LEAST to MOST"},
		{`(Milliseconds":)[0-9.]+`, "${1}N"},
		{`\d+\.\d ms`, "N ms"},
	} {
		text = regexp.MustCompile(variable.pattern).ReplaceAllString(text, variable.placeholder)
	}
	return text
}
