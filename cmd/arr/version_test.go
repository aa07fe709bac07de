// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/module"
)

// startupGoal is what arr version should take on two cores. It is reported and no gate: other work
// on the machine slows it down.
const startupGoal = 50 * time.Millisecond

func TestVersion(t *testing.T) {
	noted := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}}
	}
	assert.Equal(t, "v1.2.3", versionOf(noted("v1.2.3")))
	const commit = "v0.1.1-0.20260101000000-0123456789ab"
	assert.Equal(t, commit, versionOf(noted(commit)))
	for _, info := range []*debug.BuildInfo{nil, noted(""), noted("(devel)")} {
		assert.Equal(t, module.Version, versionOf(info))
	}
}

// A program that is built without data of the version control knows the version of its source.
func TestVersionWithoutVersionControl(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arr")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, ".")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	printed, err := exec.CommandContext(t.Context(), path, "version").Output()
	require.NoError(t, err)
	assert.Contains(t, string(printed), "arr version "+module.Version+" go1.")
}

func TestStartupIsReported(t *testing.T) {
	var times []time.Duration
	for range 11 {
		began := time.Now()
		require.NoError(
			t,
			exec.CommandContext(t.Context(), os.Getenv(binaryVariable), "version").Run(),
		)
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	t.Logf(
		"arr version on %d cores: median %v, slowest %v; the goal is %v",
		runtime.NumCPU(),
		times[len(times)/2],
		times[len(times)-1],
		startupGoal,
	)
}

func BenchmarkStartup(b *testing.B) {
	for b.Loop() {
		if err := exec.CommandContext(b.Context(), os.Getenv(binaryVariable), "version").
			Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// The program is one static binary on every system.
func TestBuildsEverywhere(t *testing.T) {
	if os.Getenv("ARR_BUILD_ALL") == "" {
		t.Skip("set ARR_BUILD_ALL=1: it compiles everything six times, which takes minutes")
	}
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, architecture := range []string{"amd64", "arm64"} {
			cmd := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, ".")
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
			output, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s/%s: %s", system, architecture, output)
		}
	}
}
