// SPDX-License-Identifier: MIT

// Package podman runs containers in tests, with Debian's podman and a storage of its own. It needs
// root, Linux, runc, netavark and iptables, and pulls no image.
package podman

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Image is the name of the image that [Podman.BuildImage] builds.
const Image = "localhost/arr-emulator:test"

const (
	commandTimeout = time.Minute
	serveTimeout   = 30 * time.Second
)

// Podman is podman for one test.
type Podman struct {
	t     *testing.T
	dir   string
	flags []string
}

// New returns podman with a storage of its own. At the end of the test all its containers are
// removed, which takes the rules of their published ports out of the firewall.
func New(t *testing.T) *Podman {
	t.Helper()
	dir := t.TempDir()
	p := &Podman{t, dir, []string{
		"--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"),
		"--tmpdir", filepath.Join(dir, "tmp"),
		"--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none",
	}}
	runtime := "runc"
	if !mayRaiseLimits(t) {
		runtime = filepath.Join(dir, "ociruntime")
		p.build(runtime, "./internal/testkit/podman/testdata/ociruntime")
	}
	p.flags = append(p.flags, "--runtime", runtime)
	t.Cleanup(func() {
		_, err := p.Try("rm", "-f", "-a", "-t", "1")
		assert.NoError(t, err, "containers may be left")
	})
	return p
}

// mayRaiseLimits reports whether this process has CAP_SYS_RESOURCE.
func mayRaiseLimits(t *testing.T) bool {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "CapEff:")
	require.True(t, found)
	set, err := strconv.ParseUint(strings.Fields(rest)[0], 16, 64)
	require.NoError(t, err)
	return set>>24&1 == 1
}

// root returns the folder of the module, also for tests of other modules that use it.
func (p *Podman) root() string {
	p.t.Helper()
	output, err := exec.CommandContext(p.t.Context(),
		"go", "list", "-m", "-f", "{{.Dir}}", "github.com/arr-go/azremoterendering").Output()
	require.NoError(p.t, err)
	return strings.TrimSpace(string(output))
}

// build builds a static program from a package of the module.
func (p *Podman) build(target, pkg string) {
	p.t.Helper()
	cmd := exec.CommandContext(
		p.t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target, pkg)
	cmd.Dir = p.root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "PWD="+cmd.Dir)
	output, err := cmd.CombinedOutput()
	require.NoError(p.t, err, string(output))
}

// Try runs podman, for at most a minute, and returns what it prints.
func (p *Podman) Try(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "podman", append(p.flags, arguments...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		p.t.Log("podman", arguments, stderr.String())
	}
	return strings.TrimSpace(string(output)), err
}

// Run is Try in a test that fails if podman does.
func (p *Podman) Run(arguments ...string) string {
	p.t.Helper()
	output, err := p.Try(arguments...)
	require.NoError(p.t, err)
	return output
}

// BuildImage builds the image of the module's Dockerfile, and returns its name.
func (p *Podman) BuildImage() string {
	p.t.Helper()
	dir := p.t.TempDir()
	dockerfile, err := os.ReadFile(filepath.Join(p.root(), "Dockerfile"))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, "Dockerfile"), dockerfile, 0o600))
	require.NoError(p.t, os.MkdirAll(filepath.Join(dir, "dist", "volume", "data"), 0o755))
	p.build(filepath.Join(dir, "dist", "arr"), "./cmd/arr")
	p.Run("build", "--format", "docker", "-q", "-t", Image, dir)
	return Image
}

// Serve serves the interface of Docker until the end of the test, and returns the value of
// DOCKER_HOST for its clients. The name of the socket tells them that it is podman's.
func (p *Podman) Serve() (dockerHost string) {
	p.t.Helper()
	socket := filepath.Join(p.dir, "podman.sock")
	address := "unix://" + socket
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	cmd := exec.CommandContext(ctx, "podman",
		append(p.flags, "system", "service", "--time", "0", address)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = serveTimeout
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if p.t.Failed() {
			p.t.Log("podman system service: " + output.String())
		}
	})
	require.Eventually(p.t, func() bool {
		connection, err := net.Dial("unix", socket)
		return err == nil && connection.Close() == nil
	}, serveTimeout, 20*time.Millisecond, "podman does not listen")
	return address
}
