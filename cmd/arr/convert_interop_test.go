// SPDX-License-Identifier: MIT

//go:build interop

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
	"github.com/arr-go/azremoterendering/internal/azurite"
)

// Everything that arr convert does, with signatures that are checked.
func TestInteropConvertWithAzurite(t *testing.T) {
	server := azurite.Start(t, azurite.Options{InMemory: true})
	service := newTestService(t, emulator.Options{Storage: blobconverter.New(blobconverter.Options{})})
	service.environment = append(service.environment, "AZURE_STORAGE_CONNECTION_STRING="+server.ConnectionString())
	folder := pavilion(t)
	info := filepath.Join(t.TempDir(), "info.json")
	flags := []string{"--create-containers", "--use-sas", "--read-sas", "1h", "--info", info}

	r := service.arr(convertArgs(folder, flags...)...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, server.Endpoint+"/assets/converted/pavilion.arrAsset?")
	assert.Contains(t, r.stdout, "42 polygons: a session of size Standard")
	assert.Contains(t, r.stderr, "Uploaded 2 of 2 files, 7.4 kB\n")
	assert.NotContains(t, r.stderr, "sig=")
	assert.FileExists(t, info)

	r = service.arr(convertArgs(folder, "--use-sas", "--output", "json")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Uploaded 0 of 2 files, 0 B")

	for code, variable := range map[int]string{
		failure.Refused: "AZURE_STORAGE_CONNECTION_STRING=BlobEndpoint=" + server.Endpoint +
			";SharedAccessSignature=sv=2024-11-04&sp=rl&sig=" + wrongSignature,
		failure.Ended: "ARR_INPUT_SAS=sv=2024-11-04&sp=rl&sig=" + wrongSignature,
	} {
		environment := append(service.environment[:len(service.environment):len(service.environment)], variable)
		r = runArr(t, environment, "", convertArgs(folder, "--use-sas")...)
		assert.Equal(t, code, r.code, r.stderr)
		assert.NotContains(t, r.stdout+r.stderr, "sig=")
	}
}
