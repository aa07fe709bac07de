// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

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
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

const accountKey = "Y2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgISE="

// process is the emulator as a process of its own, which can be killed and started again at the
// same address.
type process struct {
	t       *testing.T
	program string
	flags   []string
	address string // "127.0.0.1:0" before the first start
	url     string
	caFile  string
	history *history
	admin   *http.Client // past the proxy

	mu      sync.Mutex
	command *exec.Cmd
	read    sync.WaitGroup // the goroutines that read its output
	started time.Time
}

// buildProgram builds the command arr.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "arr")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/arr")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// startProcess starts the emulator. It ends with the test. Unless it keeps its state, no session is
// left after a kill.
func startProcess(
	t *testing.T,
	program string,
	secure, keepsState bool,
	h *history,
) *process {
	t.Helper()
	p := &process{
		t:       t,
		program: program,
		address: "127.0.0.1:0",
		history: h,
		flags:   []string{"--startup-time", "200ms-1500ms"},
		admin:   &http.Client{Timeout: 10 * time.Second},
	}
	if secure {
		p.flags = append(p.flags, "--tls", "--ca-dir", t.TempDir())
	}
	if keepsState {
		p.flags = append(p.flags, "--state", filepath.Join(t.TempDir(), "state"))
	}
	require.NoError(t, p.start())
	t.Cleanup(p.kill)
	p.admin.Transport = newTransport(t, p.caFile)
	return p
}

// start starts the process, and returns when it accepts connections.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	command := exec.Command(p.program, append([]string{
		"emulator", "--listen", p.address, "--output", "json", "--log-format", "json",
	}, p.flags...)...)
	command.Env = append(os.Environ(), "ARR_EMULATOR_ACCOUNT_KEY="+accountKey)
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	p.command = command
	var last lastLine
	p.read.Go(func() { p.history.readLog(io.TeeReader(stderr, &last)) })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var told struct{ Endpoint, CaFile string }
	if err == nil {
		err = json.Unmarshal(line, &told)
	}
	if err != nil {
		p.endLocked()
		return fmt.Errorf("the emulator does not start: %w: %s", err, last.text())
	}
	p.started = time.Now()
	p.url, p.caFile = told.Endpoint, told.CaFile
	_, p.address, _ = strings.Cut(told.Endpoint, "://")
	return nil
}

// upSince returns since when the service runs, which is now if it does not.
func (p *process) upSince() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return time.Now()
	}
	return p.started
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endLocked()
}

func (p *process) endLocked() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Kill()
	p.read.Wait()
	_ = p.command.Wait()
	p.command = nil
}

// lastLine keeps the end of a log.
type lastLine struct {
	mu   sync.Mutex
	data []byte
}

func (l *lastLine) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.data = append(l.data, data...)
	if len(l.data) > 1000 {
		l.data = l.data[len(l.data)-1000:]
	}
	return len(data), nil
}

func (l *lastLine) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.data)
}

// running returns the sessions that have not ended, as the service has them.
func (p *process) running(ctx context.Context) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/_emulator/state", nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.admin.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var state struct {
		Sessions []struct {
			Session struct {
				ID     string
				Status arr.SessionStatus
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range state.Sessions {
		if !s.Session.Status.Ended() {
			ids = append(ids, s.Session.ID)
		}
	}
	return ids, nil
}

// setStatus ends a session from outside, as an operator or the service would.
func (p *process) setStatus(ctx context.Context, id string, status arr.SessionStatus) error {
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost,
		p.url+"/_emulator/sessions/"+id, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.admin.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("set status of %s: %s", id, resp.Status)
	}
	return nil
}
