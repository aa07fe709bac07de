// SPDX-License-Identifier: MIT

//go:build container && linux

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/connect"
	"github.com/arr-go/azremoterendering/internal/testkit/podman"
)

const maxImageSize = 25 << 20

// startImage starts a container with a published port, and returns the address of the emulator.
func startImage(
	t *testing.T, p *podman.Podman, image string, arguments ...string,
) (id, address string) {
	t.Helper()
	run := append([]string{
		"run", "-d", "-p", "127.0.0.1::20210", "-e", keyVariable + "=" + emulator.DevelopmentKey,
		"--health-interval", "disable", "--read-only", "--cap-drop", "all", image,
	}, arguments...)
	id = p.Run(run...)
	address = "http://" + p.Run("port", id, "20210/tcp")
	require.Eventually(t, func() bool {
		resp, err := http.Get(address + "/readyz")
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, patience, 50*time.Millisecond)
	return id, address
}

// The image is built, started, probed over a published port, used, and stopped.
func TestContainer(t *testing.T) {
	p := podman.New(t)
	image := p.BuildImage()
	size, err := strconv.Atoi(p.Run("image", "inspect", image, "--format", "{{.Size}}"))
	require.NoError(t, err)
	t.Logf("the image has %.1f MB", float64(size)/1e6)
	assert.Less(t, size, maxImageSize)

	id, address := startImage(t, p, image, "emulator", "--listen", "0.0.0.0:20210", "--allow-host", "emulator",
		"--external-url", "http://arr.example", "--log-level", "warn")
	create(t, connection{Connection: connect.Connection{
		Endpoint: address, STSEndpoint: address, AccountID: emulator.DevelopmentAccountID,
		AccountKey: emulator.DevelopmentKey, AccountDomain: "westeurope.mixedreality.azure.com",
	}}.client(t, http.DefaultClient))
	assert.Equal(t, "65532:65532", p.Run("inspect", id, "--format", "{{.Config.User}}"))
	pid := p.Run("inspect", id, "--format", "{{.State.Pid}}")
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	require.NoError(t, err)
	assert.Contains(t, string(status), "Uid:\t65532\t65532\t65532\t65532", "it is not root")
	assert.Contains(t, p.Run("inspect", id, "--format", "{{.Config.Healthcheck}}"), "/arr emulator health")
	p.Run("healthcheck", "run", id)

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
	p.Run("stop", "-t", "10", id)
	assert.Equal(t, "0", p.Run("inspect", id, "--format", "{{.State.ExitCode}}"))
}
