// SPDX-License-Identifier: MIT

//go:build interop

package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/azurite"
)

func TestInteropWithAzurite(t *testing.T) {
	server := azurite.Start(t, azurite.Options{InMemory: true})
	t.Setenv("ARR_ENDPOINT", "")
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", server.ConnectionString())
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, pavilion, 50*time.Millisecond))
	assert.Contains(t, out.String(), "A session loads "+server.Endpoint+"/example-output/assets/pavilion.arrAsset\n"+
		"It has 42 polygons: create a session of size Standard\n")
	assert.NotContains(t, out.String(), "sig=")
}
