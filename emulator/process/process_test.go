// SPDX-License-Identifier: MIT

package process_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/process"
)

// fixture is a backend, what its programs write, and what it logs.
type fixture struct {
	*process.Backend
	t      *testing.T
	output *output
	log    *output
}

// backend makes a backend that is closed with the test.
func backend(t *testing.T, options process.Options) fixture {
	t.Helper()
	f := fixture{t: t, output: new(output), log: new(output)}
	options.Output = f.output
	options.Logger = slog.New(slog.NewTextHandler(f.log, nil))
	b, err := process.New(options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	f.Backend = b
	return f
}

func spec(session string) emulator.ServerSpec {
	return emulator.ServerSpec{
		AccountID: emulator.DevelopmentAccountID,
		SessionID: session,
		Region:    azremoterendering.RegionEastUS2,
		Size:      azremoterendering.SessionSizePremium,
		Lease:     time.Hour,
	}
}

// ready starts a server and waits until it is ready.
func (f fixture) ready(session string) (emulator.BackendServer, emulator.ServerStatus) {
	f.t.Helper()
	server := f.Start(spec(session))
	eventually(f.t, func() bool { return !server.Status().ReadyAt.IsZero() })
	return server, server.Status()
}

// failed waits until a server has failed.
func failed(t *testing.T, server emulator.BackendServer) emulator.ServerStatus {
	t.Helper()
	eventually(t, func() bool { return server.Status().Failure != nil })
	status := server.Status()
	assert.True(t, status.Settled)
	assert.WithinDuration(t, time.Now(), status.FailedAt, patience)
	return status
}

func connects(port int32) bool {
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		connection.Close()
	}
	return err == nil
}

func TestServerFromStartToStop(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"listen", "listen late"} {
		f := backend(t, process.Options{Command: program(role), Hostname: "renderer.test"})
		before := time.Now()
		server := f.Start(spec("a"))
		assert.Equal(t, emulator.ServerStatus{}, server.Status(), "nothing is known yet")
		eventually(t, func() bool { return !server.Status().ReadyAt.IsZero() })

		status := server.Status()
		assert.WithinRange(t, status.ReadyAt, before, time.Now())
		assert.Equal(t, "renderer.test", status.Hostname)
		assert.NotEqual(t, status.HandshakePort, status.ArrInspectorPort)
		for _, port := range []int32{status.HandshakePort, status.ArrInspectorPort} {
			assert.GreaterOrEqual(t, port, int32(49152))
			assert.LessOrEqual(t, port, int32(65534))
		}
		assert.Nil(t, status.Failure)
		assert.False(t, status.Settled, "it may fail")
		assert.True(t, connects(status.HandshakePort))

		pid := f.output.pids(t, 1)[0]
		server.Stop()
		server.Stop()
		assert.True(t, server.Status().Settled)
		eventually(t, func() bool { return gone(pid) })
		assert.False(t, connects(status.HandshakePort))
		assert.Nil(t, server.Status().Failure, "it was asked to end")
	}
}

func TestStopWhileStarting(t *testing.T) {
	t.Parallel()
	f := backend(t, process.Options{Command: program("never listen")})
	server := f.Start(spec("a"))
	pid := f.output.pids(t, 1)[0]
	server.Stop()
	eventually(t, func() bool { return gone(pid) })
	assert.Equal(t, emulator.ServerStatus{Settled: true}, server.Status())

	f.Start(spec("b")).Stop() // at once
}

func TestFailures(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for name, test := range map[string]struct {
		options       process.Options
		code, message string
	}{
		"exit early": {process.Options{Command: program("exit early")},
			"ServerStartFailed", "The server ended before it accepted connections: exit status 3."},
		"die after ready": {process.Options{Command: program("die after ready")},
			"ServerFailed", "The server ended by itself: exit status 4."},
		"no answer in time": {process.Options{Command: program("never listen"), StartupTimeout: 150 * time.Millisecond},
			"ServerStartFailed", "The server did not accept connections within 150ms."},
		"no such program": {process.Options{Command: []string{missing, "--password=hunter2"}},
			"ServerStartFailed", "The server cannot start: "},
		"not in PATH": {process.Options{Command: []string{"no-such-program-anywhere"}},
			"ServerStartFailed", `The server cannot start: exec: "no-such-program-anywhere": ` +
				`executable file not found in`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := backend(t, test.options)
			status := failed(t, f.Start(spec("a")))
			assert.Equal(t, test.code, status.Failure.Code)
			assert.True(
				t,
				strings.HasPrefix(status.Failure.Message, test.message),
				status.Failure.Message,
			)
			assert.Equal(t, test.code == "ServerFailed", !status.ReadyAt.IsZero())
			require.NoError(t, f.Close())
			log := strings.Join(f.log.lines(), "\n")
			assert.Contains(t, log, "code="+test.code)
			assert.NotContains(t, log, "hunter2")
		})
	}
}

func TestStatusIsACopy(t *testing.T) {
	t.Parallel()
	server := backend(
		t,
		process.Options{Command: []string{"no-such-program-anywhere"}},
	).Start(spec("a"))
	failed(t, server).Failure.Code = "changed"
	assert.Equal(t, "ServerStartFailed", server.Status().Failure.Code)
}

func TestLease(t *testing.T) {
	t.Parallel()
	f := backend(t, process.Options{Command: program("listen")})
	server, status := f.ready("a")
	pid := f.output.pids(t, 1)[0]

	const lease = 200 * time.Millisecond
	server.SetLease(lease)
	server.SetLease(2 * lease) // extended: the first one no longer counts
	time.Sleep(time.Until(status.ReadyAt.Add(lease + lease/2)))
	assert.False(t, gone(pid))
	eventually(t, func() bool { return gone(pid) })
	assert.GreaterOrEqual(t, time.Since(status.ReadyAt), 2*lease)
	eventually(t, func() bool { return server.Status().Settled })
	assert.Nil(t, server.Status().Failure, "that is how sessions end")

	server.SetLease(2 * lease)
	assert.Nil(t, server.Status().Failure, "that is no extension")
	server.SetLease(time.Hour)
	assert.Equal(
		t,
		"ServerFailed",
		server.Status().Failure.Code,
		"a session cannot go on without its server",
	)
}

func TestLeaseCountsFromReady(t *testing.T) {
	t.Parallel()
	f := backend(t, process.Options{Command: program("listen late")})
	late := spec("a")
	late.Lease = 100 * time.Millisecond // over before it listens, if counted from the start
	server := f.Start(late)
	eventually(t, func() bool { return server.Status().Settled })
	assert.Nil(t, server.Status().Failure)
	assert.False(t, server.Status().ReadyAt.IsZero())
}

func TestClose(t *testing.T) {
	t.Parallel()
	f := backend(t, process.Options{Command: program("listen")})
	const count = 8
	ports := make(map[int32]bool)
	for i := range count {
		f.Start(spec(fmt.Sprint("early ", i)))
	}
	var servers []emulator.BackendServer
	for i := range count {
		server, status := f.ready(fmt.Sprint(i))
		ports[status.HandshakePort], ports[status.ArrInspectorPort] = true, true
		servers = append(servers, server)
	}
	assert.Len(t, ports, 2*count, "each has ports of its own")
	pids := f.output.pids(t, 2*count)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { assert.NoError(t, f.Close()) })
	}
	group.Wait()
	for _, pid := range pids {
		assert.True(t, gone(pid))
	}
	for _, server := range servers {
		assert.Nil(t, server.Status().Failure)
	}
	status := f.Start(spec("late")).Status()
	assert.Equal(t, "ServerStartFailed", status.Failure.Code)
	require.NoError(t, f.Close())
}

// Whatever happens when, everything ends.
func TestStorm(t *testing.T) {
	t.Parallel()
	f := backend(t, process.Options{Command: program("listen")})
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			server := f.Start(spec(fmt.Sprint(i)))
			time.Sleep(time.Duration(i) * 10 * time.Millisecond)
			server.SetLease(time.Duration(i) * 20 * time.Millisecond)
			server.Status()
			if i%2 == 0 {
				server.Stop()
			}
		})
	}
	time.Sleep(120 * time.Millisecond)
	require.NoError(t, f.Close())
	group.Wait()
	for _, pid := range f.output.pids(t, 0) {
		assert.True(t, gone(pid))
	}
}

func TestWhatTheProgramIsTold(t *testing.T) {
	for _, name := range []string{
		"ARR_ACCOUNT_KEY", "ARR_PORT", "AZURE_CLIENT_SECRET", "Azure_Password", "IDENTITY_HEADER",
		"MSI_SECRET",
	} {
		t.Setenv(name, "hunter2")
	}
	t.Setenv("RENDERER_HOME", "somewhere")
	f := backend(
		t,
		process.Options{Command: program("show", "--session={session}", "{account}/{region}/{size}",
			"{port} {inspector-port}", "{lease-minutes}", "{{port}}", "$HOME;*", "")},
	)
	_, status := f.ready("a-b_c")
	port, inspector := fmt.Sprint(status.HandshakePort), fmt.Sprint(status.ArrInspectorPort)
	require.NoError(t, f.Close())
	lines := f.output.lines()
	for _, want := range []string{
		"argument --session=a-b_c",
		"argument " + emulator.DevelopmentAccountID + "/eastus2/Premium",
		"argument " + port + " " + inspector,
		"argument 60",
		"argument {port}",
		"argument $HOME;*",
		"argument ",
		"variable RENDERER_HOME=somewhere",
		"variable ARR_SESSION_ID=a-b_c",
		"variable ARR_ACCOUNT_ID=" + emulator.DevelopmentAccountID,
		"variable ARR_REGION=eastus2",
		"variable ARR_SIZE=Premium",
		"variable ARR_PORT=" + port,
		"variable ARR_INSPECTOR_PORT=" + inspector,
	} {
		assert.Contains(t, lines, "[a-b_c] "+want)
	}
	assert.NotContains(t, strings.Join(lines, "\n"), "hunter2")
}

func TestOutput(t *testing.T) {
	t.Parallel()
	f := backend(t, process.Options{Command: program("exit early")})
	failed(t, f.Start(spec("a")))
	require.NoError(t, f.Close())
	assert.Equal(t, []string{"[a] no licence", "[a] found"}, f.output.lines()[1:])

	silent, err := process.New(process.Options{Command: program("listen")})
	require.NoError(t, err)
	server := silent.Start(spec("a"))
	eventually(t, func() bool { return !server.Status().ReadyAt.IsZero() })
	require.NoError(t, silent.Close())
}

// A writer that blocks cannot be helped, but Close comes back, and says so.
func TestOutputThatBlocks(t *testing.T) {
	t.Parallel()
	unblock := make(chan struct{})
	wrote := make(chan struct{}, 1)
	b, err := process.New(
		process.Options{Command: program("listen"), Output: writer(func(_ []byte) {
			wrote <- struct{}{}
			<-unblock
		})},
	)
	require.NoError(t, err)
	b.Start(spec("a"))
	<-wrote
	require.EqualError(t, b.Close(), "process: 1 of 1 servers could not be ended completely")
	close(unblock)
}

type writer func([]byte)

func (w writer) Write(data []byte) (int, error) {
	w(bytes.Clone(data))
	return len(data), nil
}
