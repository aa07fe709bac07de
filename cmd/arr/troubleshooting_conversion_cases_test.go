// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// converting starts a service that converts in storage. Containers, folders and the way to sign in to
// storage are settings; the working folder has the models of the names.
func (tr *trouble) converting(linked bool, models ...string) {
	tr.t.Helper()
	blobs := newTestStorage(tr.t, "models", "assets")
	tr.service = blobs.service(linked)
	tr.service.environment = append(tr.service.environment,
		"ARR_INPUT_CONTAINER=models", "ARR_OUTPUT_CONTAINER=assets")
	tr.hosts = append(tr.hosts, strings.TrimPrefix(blobs.server.URL, "http://"), "STORAGE")
	tr.folder = tr.t.TempDir()
	content, err := os.ReadFile(filepath.Join("..", "..", "testdata", "models", "pavilion.glb"))
	require.NoError(tr.t, err)
	for _, name := range models {
		if strings.HasPrefix(name, "damaged") {
			content = content[:100]
		}
		path := filepath.Join(tr.folder, name)
		require.NoError(tr.t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(tr.t, os.WriteFile(path, content, 0o644))
	}
}

// conversionTroubles are those of models, of storage and of conversions.
func conversionTroubles() map[string]func(*trouble) {
	return map[string]func(*trouble){
		"storage-not-named": func(tr *trouble) {
			tr.with(emulator.Options{})
			tr.run("convert", "set")
		},
		"several-models": func(tr *trouble) {
			tr.converting(true, "set/hall.glb", "set/pavilion.glb")
			tr.run("convert", "set")
		},
		"damaged-model": func(tr *trouble) {
			tr.converting(true, "damaged.glb")
			tr.run("convert", "damaged.glb")
			tr.run("convert", "damaged.glb", "--no-check", "--id", "demo", "--interval", "20ms", "--quiet")
		},
		"storage-denied": func(tr *trouble) {
			tr.converting(true, "pavilion.glb")
			tr.service.environment = append(tr.service.environment,
				"AZURE_STORAGE_CONNECTION_STRING=", "AZURE_STORAGE_ACCOUNT=mine",
				"AZURE_STORAGE_SERVICE_ENDPOINT=http://"+tr.hosts[0]+"/mine",
				"AZURE_STORAGE_SAS_TOKEN=sv=2024-11-04&sp=r&sig="+secretSignature)
			tr.run("convert", "pavilion.glb")
		},
		"container-missing": func(tr *trouble) {
			tr.converting(true, "pavilion.glb")
			tr.run("convert", "pavilion.glb", "--input-container", "modles")
		},
		"storage-not-linked": func(tr *trouble) {
			tr.converting(false, "pavilion.glb")
			tr.run("convert", "pavilion.glb", "--id", "demo")
		},
		"asset-missing": func(tr *trouble) {
			tr.converting(true)
			tr.run("conversion", "create", "demo", "--asset", "Pavilion.glb", "--interval", "20ms", "--quiet")
		},
		"sas-refused": func(tr *trouble) {
			tr.converting(false, "pavilion.glb")
			tr.service.environment = append(tr.service.environment,
				"ARR_INPUT_SAS=sv=2024-11-04&sp=rl&sig="+wrongSignature,
				"ARR_OUTPUT_SAS=sv=2024-11-04&sp=w&sig="+secretSignature)
			tr.run("convert", "pavilion.glb", "--id", "demo", "--interval", "20ms", "--quiet")
		},
		"conversion-not-found": func(tr *trouble) {
			tr.with(emulator.Options{})
			tr.run("conversion", "get", "nobody")
		},
	}
}
