// SPDX-License-Identifier: MIT

//go:build unix

package emulator_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const (
	killsVariable = "ARR_KILLS"      // how often to kill: 5 times without it
	stateVariable = "ARR_TEST_STATE" // tells a child of this test its state file
	killClients   = 64
)

// TestEmulatorToBeKilled is the process that TestKill kills.
func TestEmulatorToBeKilled(t *testing.T) {
	path := os.Getenv(stateVariable)
	if path == "" {
		t.Skip("run by TestKill")
	}
	e, err := emulator.New(emulator.Options{
		StateFile: path,
		Accounts:  []emulator.AccountOptions{{PrimaryKey: emulator.DevelopmentKey}},
	})
	require.NoError(t, err)
	server, err := e.Listen("127.0.0.1:0")
	require.NoError(t, err)
	fmt.Println("address " + server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // to be killed, or the parent has ended
}

// TestKill kills an emulator with a state file while 64 clients create, extend and stop sessions,
// starts it again, and looks whether everything is there that a client was told.
func TestKill(t *testing.T) {
	kills := 5
	if text := os.Getenv(killsVariable); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	k := &killing{
		T:      t,
		path:   filepath.Join(t.TempDir(), "state"),
		told:   make(map[string]told),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: killClients}},
	}
	var slowest time.Duration
	for round := range kills {
		slowest = max(slowest, k.start())
		k.check(k.touched)
		k.touched = nil
		k.write(round)
		if t.Failed() {
			return
		}
	}
	slowest = max(slowest, k.start())
	var all []string
	for id := range k.told {
		all = append(all, id)
	}
	k.check(all)
	k.end()
	assert.Positive(t, k.writes)
	info, err := os.Stat(k.path)
	require.NoError(t, err)
	t.Logf("%d kills, %d sessions, %d acknowledged writes, slowest start %v, file %d KB",
		kills, len(k.told), k.writes, slowest.Round(time.Millisecond), info.Size()>>10)
}

// told is what the clients were told of a session.
type told struct {
	lease   int // at least
	maybe   int // a lease that was asked for without an answer; 0 if none
	stopped bool
	ending  bool // a stop has no answer
}

type killing struct {
	*testing.T
	path, token, address string
	client               *http.Client
	command              *exec.Cmd

	mu      sync.Mutex
	told    map[string]told
	touched []string
	writes  int
}

// start starts the emulator, and returns how long that took.
func (k *killing) start() time.Duration {
	k.Helper()
	begin := time.Now()
	k.command = exec.CommandContext(k.Context(), os.Args[0], "-test.run=^TestEmulatorToBeKilled$")
	k.command.Env = append(os.Environ(), stateVariable+"="+k.path)
	_, err := k.command.StdinPipe()
	require.NoError(k, err)
	out, err := k.command.StdoutPipe()
	require.NoError(k, err)
	require.NoError(k, k.command.Start())
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		require.NoError(k, err, "the emulator did not start")
		if address, found := strings.CutPrefix(strings.TrimSpace(line), "address "); found {
			k.address = address
			took := time.Since(begin)
			if k.token == "" {
				k.signIn()
			}
			return took
		}
	}
}

// signIn gets the token that is used all the time.
func (k *killing) signIn() {
	path := "/accounts/" + emulator.DevelopmentAccountID + "/token"
	req, err := http.NewRequestWithContext(k.Context(), http.MethodGet, k.address+path, nil)
	require.NoError(k, err)
	credential := emulator.DevelopmentAccountID + ":" + emulator.DevelopmentKey
	req.Header.Set("Authorization", "Bearer "+credential)
	resp, err := k.client.Do(req)
	require.NoError(k, err)
	defer resp.Body.Close()
	var body struct{ AccessToken string }
	require.NoError(k, json.NewDecoder(resp.Body).Decode(&body))
	k.token = body.AccessToken
}

func (k *killing) end() {
	_ = k.command.Process.Kill()
	_ = k.command.Wait()
	k.client.CloseIdleConnections()
}

// do returns the status and the body of an answer, 0 if there was none.
func (k *killing) do(method, id, action, body string) (int, string) {
	url := k.address + "/accounts/" + emulator.DevelopmentAccountID + "/sessions/" + id + action + apiVersion
	req, err := http.NewRequestWithContext(k.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	resp, err := k.client.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(data)
}

// write has clients write until the emulator is killed.
func (k *killing) write(round int) {
	var clients sync.WaitGroup
	for client := range killClients {
		clients.Go(func() {
			for n, answered := 0, true; answered; n++ {
				answered = k.session(fmt.Sprintf("r%d-c%d-%d", round, client, n), n)
			}
		})
	}
	time.Sleep(time.Duration(20+rand.IntN(200)) * time.Millisecond)
	k.end()
	clients.Wait()
}

// session creates a session, extends it, and stops every second one. It reports whether the
// emulator has answered all.
func (k *killing) session(id string, n int) bool {
	status, _ := k.do(http.MethodPut, id, "", standard5)
	if status != http.StatusCreated {
		return false
	}
	k.note(id, told{lease: 5, maybe: 7}, 1)
	if status, _ = k.do(http.MethodPatch, id, "", `{"maxLeaseTimeMinutes":7}`); status != http.StatusOK {
		return false
	}
	if n%2 == 0 {
		k.note(id, told{lease: 7}, 1)
		return true
	}
	k.note(id, told{lease: 7, ending: true}, 1)
	if status, _ = k.do(http.MethodPost, id, "/:stop", ""); status != http.StatusNoContent {
		return false
	}
	k.note(id, told{lease: 7, stopped: true}, 1)
	return true
}

func (k *killing) note(id string, what told, writes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.told[id]; !known {
		k.touched = append(k.touched, id)
	}
	k.told[id] = what
	k.writes += writes
}

// check compares sessions with what clients were told of them.
func (k *killing) check(ids []string) {
	k.Helper()
	for _, id := range ids {
		status, body := k.do(http.MethodGet, id, "", "")
		if !assert.Equal(k, http.StatusOK, status, "%s is lost", id) {
			continue
		}
		s := reply{status: status, body: body}.session(k.T)
		want := k.told[id]
		assert.True(k, s.MaxLeaseTimeMinutes == want.lease || s.MaxLeaseTimeMinutes == want.maybe,
			"%s: lease %d, not %d", id, s.MaxLeaseTimeMinutes, want.lease)
		if want.stopped || s.Status == "Stopped" && !want.ending {
			assert.Equal(k, want.stopped, s.Status == "Stopped", "%s is %s", id, s.Status)
		}
	}
}
