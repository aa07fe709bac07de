// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// linkedService takes conversions of any container, and makes them up.
func linkedService(t *testing.T) *testService {
	t.Helper()
	return newTestService(t, emulator.Options{Conversions: emulator.ConversionOptions{
		Linked: func(string) bool { return true },
	}})
}

// createArgs create a conversion of an asset in containers of an account.
func createArgs(id, asset string, flags ...string) []string {
	return append([]string{
		"conversion", "create", id, "--asset", asset,
		"--input-container", "https://mine.blob.core.windows.net/models", "--input-folder", "sets",
		"--output-container", "https://mine.blob.core.windows.net/assets", "--interval", "20ms",
	}, flags...)
}

// The commands about conversions, as their user sees them.
func TestConversionsInTextJSONAndQuiet(t *testing.T) {
	for name, flags := range map[string][]string{
		"conversion-text.txt":  nil,
		"conversion-json.txt":  {"--output", "json"},
		"conversion-quiet.txt": {"--quiet"},
	} {
		service := linkedService(t)
		record := transcript{url: service.url}
		for _, args := range [][]string{
			{"conversion", "list"},
			createArgs("arm", "arm.fbx"),
			createArgs("arm", "arm.fbx"),
			createArgs("arm", "leg.fbx"),
			createArgs("lost", "DoesNotExist.fbx"),
			createArgs("later", "arm.fbx", "--no-wait", "--output-name", "later.arrAsset"),
			{"conversion", "wait", "later", "--interval", "20ms"},
			{"conversion", "get", "arm"},
			{"conversion", "get", "lost", "--wait"},
			{"conversion", "get", "nobody"},
			{"conversion", "list"},
			{"conversion", "list", "--prefix", "la"},
		} {
			args = append(args, flags...)
			record.add(args, service.arr(args...))
		}
		record.compare(t, name)
	}
}

func TestConversionsThatCannotBeCreated(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for want, args := range map[string][]string{
		"DelegatedResourceAccessError":        createArgs("arm", "arm.fbx"),
		"--use-sas needs the storage account": createArgs("arm", "arm.fbx", "--use-sas"),
		"--output-name does not end in":       createArgs("arm", "arm.fbx", "--output-name", "arm.glb"),
		"the conversion id":                   createArgs("a/b", "arm.fbx"),
		"there is no asset: set ARR_ASSET or --asset": {
			"conversion", "create", "--input-container", "https://mine.blob.core.windows.net/models",
		},
		"there is no storage account": {
			"conversion", "create", "--asset", "a.fbx", "--input-container", "models", "--output-container", "assets",
		},
		"--input-container has a ?, = or &: a SAS does not belong there": {
			"conversion", "create", "--asset", "a.fbx",
			"--output-container", "https://mine.blob.core.windows.net/assets",
			"--input-container", "https://mine.blob.core.windows.net/models?sig=the-secret-key",
		},
	} {
		r := service.arr(args...)
		assert.Contains(t, r.stderr, want)
		assert.Contains(t, []int{failure.Usage, failure.Refused}, r.code, r.stderr)
		assert.Empty(t, r.stdout)
	}
}

func TestAnInterruptedWaitSaysHowToGoOn(t *testing.T) {
	service := newTestService(t, emulator.Options{Conversions: emulator.ConversionOptions{
		Linked: func(string) bool { return true },
		Times:  emulator.FixedConversion(0, patience),
	}})
	r := service.arr(createArgs("arm", "arm.fbx", "--timeout", "300ms")...)
	assert.Equal(t, failure.Timeout, r.code, r.stderr)
	assert.Contains(t, r.stderr, "\nThe conversion goes on. Wait for it: arr conversion wait arm\n")
}

func TestConversionsWithoutAService(t *testing.T) {
	r := runArr(t, nil, "", "conversion", "get", "sample", "--emulator", "--quiet")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "sample\n", r.stdout)
	folder := pavilion(t)
	r = runArr(t, nil, "", "convert", folder, "--emulator", "--quiet", "--interval", "50ms")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "https://example.blob.core.windows.net/output/pavilion.arrAsset\n", r.stdout)
	blobs := newTestStorage(t, "models", "assets")
	r = runArr(t, blobs.environment(), "", convertArgs(folder, "--emulator", "--quiet")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.NotEmpty(t, blobs.blob("assets", "converted/pavilion.arrAsset"))
}

func TestConversionIDsAreCompleted(t *testing.T) {
	service := linkedService(t)
	require.Equal(t, failure.OK, service.arr(createArgs("arm", "arm.fbx")...).code)
	r := service.arr("__complete", "conversion", "get", "a")
	assert.Contains(t, r.stdout, "arm\n")
}
