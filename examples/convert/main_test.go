// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

var pavilion = filepath.Join("..", "..", "testdata", "models", "pavilion.glb")

func TestWithoutAnything(t *testing.T) {
	t.Setenv("ARR_ENDPOINT", "")
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "")
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out, pavilion, time.Second))
		assert.Contains(t, out.String(), "Succeeded\n"+
			"A session loads https://example.blob.core.windows.net/example-output/assets/pavilion.arrAsset\n")
	})
}

func TestAModelThatIsMissing(t *testing.T) {
	var out bytes.Buffer
	assert.Error(t, run(t.Context(), &out, "nowhere.glb", time.Second))
	assert.ErrorContains(t, run(t.Context(), &out, "", time.Second), "root folder of the module")
}

func TestTheEnvironmentNamesTheService(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	server, err := e.Listen("")
	require.NoError(t, err)
	defer server.Close()
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "")
	t.Setenv("ARR_ENDPOINT", server.URL)
	t.Setenv("ARR_STS_ENDPOINT", server.URL)
	t.Setenv("ARR_ACCOUNT_ID", e.Account().ID)
	t.Setenv("ARR_ACCOUNT_KEY", e.Key())
	var out bytes.Buffer
	err = run(t.Context(), &out, pavilion, time.Second)
	assert.ErrorContains(t, err, "link the storage account")
}
