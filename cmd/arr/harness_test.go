// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// patience bounds whatever a test waits for.
const patience = 30 * time.Second

// binaryVariable names the program under test.
const binaryVariable = "ARR_TEST_BINARY"

func TestMain(m *testing.M) {
	handOnNoIgnoredSignals()
	os.Exit(testBinary(m))
}

// handOnNoIgnoredSignals makes programs under test start with the default action of each signal,
// also when the tests themselves were started with some ignored, as by nohup or as a background job
// of a script: a signal with a handler is reset in a new program, and an ignored one is not.
func handOnNoIgnoredSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, os.Interrupt} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// testBinary builds the program, and runs the tests.
func testBinary(m *testing.M) int {
	folder, err := os.MkdirTemp("", "arr-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "arr")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, output)
		return 1
	}
	os.Setenv(binaryVariable, path)
	return m.Run()
}

// program is a running arr.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *output
	ended  chan struct{}
}

// output is what was written so far.
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

// command returns arr with arguments, and with an environment in which only what the test gives is
// set.
func command(t *testing.T, environment []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Getenv(binaryVariable), args...)
	home := t.TempDir()
	cmd.Env = append(
		[]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AppData=" + home},
		environment...)
	cmd.WaitDelay = time.Second
	return cmd
}

// start starts arr; it is ended with the test.
func start(t *testing.T, environment []string, args ...string) *program {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a program cannot be sent SIGTERM here")
	}
	return startCommand(t, command(t, environment, args...))
}

// startCommand starts a command that is prepared.
func startCommand(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, stderr: new(output), ended: make(chan struct{})}
	reader, writer := io.Pipe()
	p.stdout = bufio.NewReader(reader)
	p.cmd.Stdout, p.cmd.Stderr = writer, p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // what it returns is in ProcessState
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = reader.Close()
		<-p.ended
		if t.Failed() {
			t.Logf("log of arr %s:\n%s", strings.Join(cmd.Args[1:], " "), p.stderr)
		}
	})
	return p
}

// startEmulator starts an emulator at any free port, and returns what it tells clients.
func startEmulator(t *testing.T, environment []string, args ...string) (*program, connection) {
	t.Helper()
	p := start(
		t,
		environment,
		append([]string{"emulator", "--listen", "127.0.0.1:0", "--output", "json"}, args...)...)
	return p, p.connection()
}

// connection reads the JSON line.
func (p *program) connection() connection {
	p.t.Helper()
	line, err := p.stdout.ReadString('\n')
	require.NoError(p.t, err, p.stderr)
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	var c connection
	require.NoError(p.t, decoder.Decode(&c))
	return c
}

// signal sends a signal.
func (p *program) signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// wait waits for the end and returns the exit code, -1 after a signal that was not handled.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(p.t, "arr does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop ends the program gracefully.
func (p *program) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	require.Equal(p.t, failure.OK, p.wait(), p.stderr)
}

// client returns a client of the emulator.
func (c connection) client(t *testing.T, transport *http.Client) *arr.SessionsClient {
	t.Helper()
	options := &arr.SessionsClientOptions{STSEndpoint: c.STSEndpoint}
	options.InsecureAllowCredentialWithHTTP = strings.HasPrefix(c.Endpoint, "http:")
	if transport != nil {
		options.Transport = transport
	}
	account := arr.Account{ID: c.AccountID, Domain: c.AccountDomain}
	client, err := arr.NewSessionsClientWithKeyCredential(
		c.Endpoint,
		account,
		azcore.NewKeyCredential(c.AccountKey),
		options,
	)
	require.NoError(t, err)
	return client
}

// create creates a session and waits until it is Ready.
func create(t *testing.T, client *arr.SessionsClient) arr.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	settings := arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: 10 * time.Minute,
	}
	poller, err := client.BeginCreate(ctx, arr.NewSessionID(), settings, nil)
	require.NoError(t, err)
	ready, err := poller.PollUntilDone(
		ctx,
		&arr.PollUntilDoneOptions{Frequency: 50 * time.Millisecond},
	)
	require.NoError(t, err)
	require.Equal(t, arr.SessionStatusReady, ready.Status)
	return ready.Session
}
