// SPDX-License-Identifier: MIT

//go:build container && linux

package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const maxImageSize = 25 << 20

// podman is Debian's podman with storage of its own. It needs root, runc and netavark.
type podman struct {
	t     *testing.T
	flags []string
}

func newPodman(t *testing.T) podman {
	t.Helper()
	dir := t.TempDir()
	p := podman{t, []string{
		"--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"),
		"--tmpdir", filepath.Join(dir, "tmp"),
		"--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none",
	}}
	runtime := "runc"
	if !mayRaiseLimits(t) {
		runtime = filepath.Join(dir, "ociruntime")
		build(t, runtime, "./testdata/ociruntime")
	}
	p.flags = append(p.flags, "--runtime", runtime)
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

// build builds a static program.
func build(t *testing.T, target, pkg string) {
	t.Helper()
	cmd := exec.CommandContext(
		t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
}

// try runs podman and returns what it prints.
func (p podman) try(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), time.Minute)
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

func (p podman) run(arguments ...string) string {
	p.t.Helper()
	output, err := p.try(arguments...)
	require.NoError(p.t, err)
	return output
}

// buildImage builds the image of the Dockerfile.
func (p podman) buildImage() string {
	p.t.Helper()
	dir := p.t.TempDir()
	dockerfile, err := os.ReadFile("../../Dockerfile")
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, "Dockerfile"), dockerfile, 0o600))
	require.NoError(p.t, os.MkdirAll(filepath.Join(dir, "dist", "volume", "data"), 0o755))
	build(p.t, filepath.Join(dir, "dist", "arr"), ".")
	const image = "localhost/arr-emulator:test"
	p.run("build", "--format", "docker", "-q", "-t", image, dir)
	return image
}

// start starts a container with a published port, and returns the address of the emulator.
func (p podman) start(image string, arguments ...string) (id, address string) {
	p.t.Helper()
	run := append([]string{
		"run", "-d", "-p", "127.0.0.1::20210", "-e", keyVariable + "=" + emulator.DevelopmentKey,
		"--health-interval", "disable", "--read-only", "--cap-drop", "all", image,
	}, arguments...)
	id = p.run(run...)
	p.t.Cleanup(func() { _, _ = p.try("rm", "-f", "-t", "1", id) })
	address = "http://" + p.run("port", id, "20210/tcp")
	require.Eventually(p.t, func() bool {
		resp, err := http.Get(address + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, patience, 50*time.Millisecond)
	return id, address
}

// The image is built, started, probed over a published port, used, and stopped.
func TestContainer(t *testing.T) {
	p := newPodman(t)
	image := p.buildImage()
	size, err := strconv.Atoi(p.run("image", "inspect", image, "--format", "{{.Size}}"))
	require.NoError(t, err)
	t.Logf("the image has %.1f MB", float64(size)/1e6)
	assert.Less(t, size, maxImageSize)

	id, address := p.start(image, "emulator", "--listen", "0.0.0.0:20210", "--allow-host", "emulator",
		"--external-url", "http://arr.example", "--log-level", "warn")
	create(t, connection{
		Endpoint: address, STSEndpoint: address, AccountID: emulator.DevelopmentAccountID,
		AccountKey: emulator.DevelopmentKey, AccountDomain: "westeurope.mixedreality.azure.com",
	}.client(t, http.DefaultClient))
	assert.Equal(t, "65532:65532", p.run("inspect", id, "--format", "{{.Config.User}}"))
	pid := p.run("inspect", id, "--format", "{{.State.Pid}}")
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	require.NoError(t, err)
	assert.Contains(t, string(status), "Uid:\t65532\t65532\t65532\t65532", "it is not root")
	assert.Contains(t, p.run("inspect", id, "--format", "{{.Config.Healthcheck}}"), "/arr emulator health")
	p.run("healthcheck", "run", id)

	for host, want := range map[string]int{
		"emulator:20210": http.StatusNotFound, "attacker.example": http.StatusMisdirectedRequest,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/", nil)
		require.NoError(t, err)
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode, host)
	}
	p.run("stop", "-t", "10", id)
	assert.Equal(t, "0", p.run("inspect", id, "--format", "{{.State.ExitCode}}"))
}
