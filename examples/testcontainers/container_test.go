// SPDX-License-Identifier: MIT

//go:build container && linux

package arrcontainer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"

	"github.com/arr-go/azremoterendering"
	arrcontainer "github.com/arr-go/azremoterendering/examples/testcontainers"
	"github.com/arr-go/azremoterendering/internal/testkit/podman"
)

// A session in the container is created, becomes Ready, expires as the clock goes, and another one is
// stopped.
func TestEmulatorInAContainer(t *testing.T) {
	p := podman.New(t)
	image := p.BuildImage()
	t.Setenv("DOCKER_HOST", p.Serve())
	// Ryuk removes what a killed test leaves. Its image would be pulled, and there may be no network.
	t.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")

	ctx := t.Context()
	e, err := arrcontainer.Run(ctx, image)
	require.NoError(t, err)
	testcontainers.CleanupContainer(t, e)
	client, err := e.Client()
	require.NoError(t, err)

	settings := azremoterendering.CreateSessionSettings{
		Size: azremoterendering.SessionSizeStandard, MaxLeaseTime: 30 * time.Minute,
	}
	poller, err := client.BeginCreate(ctx, "expires", settings, nil)
	require.NoError(t, err)
	ready, err := poller.PollUntilDone(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, azremoterendering.SessionStatusReady, ready.Status)

	require.NoError(t, e.Advance(ctx, 31*time.Minute))
	expired, err := client.Get(ctx, "expires", nil)
	require.NoError(t, err)
	assert.Equal(t, azremoterendering.SessionStatusExpired, expired.Status)

	_, err = client.BeginCreate(ctx, "stopped", settings, nil)
	require.NoError(t, err)
	_, err = client.Stop(ctx, "stopped", nil)
	require.NoError(t, err)
	stopped, err := client.Get(ctx, "stopped", nil)
	require.NoError(t, err)
	assert.Equal(t, azremoterendering.SessionStatusStopped, stopped.Status)
}
