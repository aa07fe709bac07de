// SPDX-License-Identifier: MIT

package process_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/process"
)

// patience bounds every wait. It is reached in failing tests only.
const patience = 10 * time.Second

// The test binary is also the program behind the sessions: a first argument says which role it
// plays.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "role=") {
		play(strings.TrimPrefix(os.Args[1], "role="))
		return
	}
	goleak.VerifyTestMain(m)
}

// play is the main function of the programs.
func play(role string) {
	time.AfterFunc(time.Minute, func() { os.Exit(99) }) // should all else fail
	fmt.Println("pid", os.Getpid())
	switch role {
	case "listen":
		serve()
	case "listen late":
		time.Sleep(250 * time.Millisecond)
		serve()
	case "never listen", "sleep":
		select {}
	case "exit early":
		fmt.Fprint(os.Stderr, "no licence\r\nfound")
		os.Exit(3)
	case "die after ready":
		_, _ = listen().Accept()
		os.Exit(4)
	case "ignore SIGTERM":
		signal.Ignore(syscall.SIGTERM)
		serve()
	case "spawn a grandchild":
		grandchild := exec.Command(os.Args[0], "role=sleep")
		grandchild.Stdout = os.Stdout // as a shell would: the pipe stays open with it
		_ = grandchild.Start()
		serve()
	case "spawn and die":
		spawnAndDie()
	case "ignore and sleep":
		signal.Ignore(syscall.SIGTERM)
		os.NewFile(3, "ready").Close()
		select {}
	case "show":
		for _, word := range os.Args[2:] {
			fmt.Println("argument", word)
		}
		for _, variable := range os.Environ() {
			fmt.Println("variable", variable)
		}
		serve()
	case "own a backend":
		own()
	default:
		os.Exit(98)
	}
}

// spawnAndDie ends as soon as its child ignores SIGTERM and has written its process id. The child
// says so by closing file 3.
func spawnAndDie() {
	ready, childReady, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	grandchild := exec.Command(os.Args[0], "role=ignore and sleep")
	grandchild.Stdout = os.Stdout
	grandchild.ExtraFiles = []*os.File{childReady}
	if err := grandchild.Start(); err != nil {
		panic(err)
	}
	childReady.Close()
	_, _ = ready.Read(make([]byte, 1))
	os.Exit(5)
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("ARR_PORT"))
	if err != nil {
		fmt.Println(err)
		os.Exit(97)
	}
	return listener
}

func serve() {
	for listener := listen(); ; {
		if connection, err := listener.Accept(); err == nil {
			connection.Close()
		}
	}
}

// own is what an emulator does that is killed later on.
func own() {
	backend, err := process.New(process.Options{Command: program("listen"), Output: os.Stdout})
	if err != nil {
		panic(err)
	}
	backend.Start(emulator.ServerSpec{SessionID: "orphan", Lease: time.Hour})
	select {}
}

// program is the command that plays a role.
func program(role string, arguments ...string) []string {
	return append([]string{executable(), "role=" + role}, arguments...)
}

func executable() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// output collects what programs write.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(data)
}

func (o *output) lines() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Split(strings.TrimSuffix(o.text.String(), "\n"), "\n")
}

// pids waits until n process ids were written, and returns them in this order.
func (o *output) pids(t *testing.T, n int) []int {
	t.Helper()
	var pids []int
	eventually(t, func() bool {
		pids = nil
		for _, line := range o.lines() {
			if _, number, ok := strings.Cut(line, "pid "); ok {
				pid, err := strconv.Atoi(number)
				require.NoError(t, err)
				pids = append(pids, pid)
			}
		}
		return len(pids) >= n
	})
	return pids
}

// eventually waits for a condition. It is faster than testify's, which waits for the first tick of
// a clock.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.FailNow(t, "what was expected did not happen")
		}
	}
}
