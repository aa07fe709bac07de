// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/model/sample"
)

// storedModel is storage with a model in it.
func storedModel(t *testing.T) *testStorage {
	s := newTestStorage(t, "input", "output")
	s.containers["input"]["models/box.glb"] = sample.GLB()
	return s
}

// conversion asks for the stored model, with signatures.
func (s *testStorage) conversion() arr.ConversionSettings {
	return arr.ConversionSettings{
		Input: arr.ConversionInput{
			StorageContainerURL:         s.endpoint() + "/input",
			StorageContainerReadListSAS: "?sv=1&sp=rl&sig=c2VjcmV0",
			BlobPrefix:                  "models",
			RelativeInputAssetPath:      "box.glb",
		},
		Output: arr.ConversionOutput{
			StorageContainerURL:      s.endpoint() + "/output",
			StorageContainerWriteSAS: "sv=1&sp=w&sig=c2VjcmV0",
		},
	}
}

// convertBy converts, and returns the code of what goes wrong.
func convertBy(t *testing.T, c connection, settings arr.ConversionSettings) string {
	t.Helper()
	poller, err := c.client(t, nil).NewConversionsClient().BeginCreate(
		t.Context(), arr.NewConversionID(), settings, nil)
	if refused, ok := errors.AsType[*arr.ServiceError](err); ok {
		return refused.Code
	}
	require.NoError(t, err)
	_, err = poller.PollUntilDone(t.Context(), &arr.PollConversionOptions{Frequency: 20 * time.Millisecond})
	if failed, ok := errors.AsType[*arr.ConversionFailedError](err); ok {
		require.NotNil(t, failed.Error)
		return failed.Conversion.Error.Code
	}
	require.NoError(t, err)
	return ""
}

func TestEmulatorConvertsInStorage(t *testing.T) {
	s := storedModel(t)
	p, c := startEmulator(t, nil, "--storage")
	assert.Empty(t, convertBy(t, c, s.conversion()))
	assert.Equal(t, string(sample.GLB()), s.blob("output", "box.arrAsset"))
	assert.Contains(t, s.blob("output", "box.info.json"), `"numFaces"`)
	assert.Contains(t, s.blob("output", "box.result.json"), `"succeeded"`)

	wrong := s.conversion()
	wrong.Input.StorageContainerReadListSAS = "sv=1&sp=rl&sig=" + wrongSignature
	assert.Equal(t, "InputContainerAccessDenied", convertBy(t, c, wrong))
	missing := s.conversion()
	missing.Input.RelativeInputAssetPath = "Box.glb"
	assert.Equal(t, "InputContainerError", convertBy(t, c, missing))
	unsigned := s.conversion()
	unsigned.Input.StorageContainerReadListSAS = ""
	assert.Equal(t, "DelegatedResourceAccessError", convertBy(t, c, unsigned))
	foreign := s.conversion()
	foreign.Input.StorageContainerURL = "http://169.254.169.254/metadata/instance"
	assert.Equal(t, "InternalServerError", convertBy(t, c, foreign))
	p.stop()
	assert.Contains(t, p.stderr.String(), "give --storage-host")
	assert.NotContains(t, p.stderr.String(), "c2VjcmV0")
	assert.NotContains(t, p.stderr.String(), wrongSignature)
}

func TestEmulatorWithLinkedStorage(t *testing.T) {
	s := storedModel(t)
	unsigned := s.conversion()
	unsigned.Input.StorageContainerReadListSAS, unsigned.Output.StorageContainerWriteSAS = "", ""

	p, c := startEmulator(t, s.environment(), "--storage", "--linked-storage")
	assert.Empty(t, convertBy(t, c, unsigned))
	assert.Equal(t, string(sample.GLB()), s.blob("output", "box.arrAsset"))
	foreign := unsigned
	foreign.Input.StorageContainerURL = "https://another.blob.core.windows.net/input"
	assert.Equal(t, "DelegatedResourceAccessError", convertBy(t, c, foreign), "of another account")
	p.stop()
	assert.NotContains(t, p.stderr.String(), testStorageKey)

	for _, test := range []struct {
		flags []string
		want  string
	}{
		{nil, "DelegatedResourceAccessError"},
		{[]string{"--linked-storage"}, ""},
	} {
		p, c := startEmulator(t, nil, test.flags...)
		assert.Equal(t, test.want, convertBy(t, c, unsigned), "made up, with %v", test.flags)
		p.stop()
	}
}

// Other machines cannot let the emulator ask servers of this one.
func TestStorageHosts(t *testing.T) {
	s := storedModel(t)
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--storage", "--listen", "0.0.0.0:0"}, "InternalServerError"},
		{[]string{"--storage", "--listen", "0.0.0.0:0", "--storage-host", "127.0.0.1"}, ""},
	} {
		p, c := startEmulator(t, nil, test.flags...)
		assert.Equal(t, test.want, convertBy(t, c, s.conversion()), test.flags)
		p.stop()
	}
	for _, test := range []struct {
		flags []string
		text  string
	}{
		{[]string{"--storage-host", "azurite"}, "--storage-host is for --storage"},
		{[]string{"--storage", "--storage-host", "http://azurite"}, `--storage-host "http://azurite" is neither`},
		{[]string{"--storage", "--linked-storage"}, "--linked-storage: there is no storage account"},
		{[]string{"--conversion-time", "soon"}, "give a time such as 30s, or recorded"},
	} {
		code, _, stderr := runOnce(t, append([]string{"emulator"}, test.flags...)...)
		assert.Equal(t, failure.Usage, code, test.flags)
		assert.Contains(t, stderr, test.text)
	}
}

// The errors of conversions go with the vintage.
func TestErrorsOfConversionsGoWithTheVintage(t *testing.T) {
	missing := storedModel(t).conversion()
	missing.Input.RelativeInputAssetPath = "boxWhichDoesNotExist.fbx"
	for vintage, want := range map[string]string{
		"2023": "InputContainerError", "2021": "ConversionProcessFailed",
	} {
		p, c := startEmulator(t, nil, "--vintage", vintage)
		assert.Equal(t, want, convertBy(t, c, missing))
		p.stop()
	}
}

func TestConversionTime(t *testing.T) {
	s := storedModel(t)
	_, c := startEmulator(t, nil, "--conversion-time", "1h")
	client := c.client(t, nil).NewConversionsClient()
	_, err := client.BeginCreate(t.Context(), "long", s.conversion(), nil)
	require.NoError(t, err)
	got, err := client.Get(t.Context(), "long", nil)
	require.NoError(t, err)
	assert.Equal(t, arr.ConversionStatusRunning, got.Status)
	times, err := parseConversionTimes("recorded")
	require.NoError(t, err)
	notStarted, running := times()
	assert.LessOrEqual(t, notStarted, 11*time.Second)
	assert.GreaterOrEqual(t, notStarted+running, 42*time.Second)
}
