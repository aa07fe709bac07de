// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// pavilion returns a folder with the model of the tests and the file that it needs.
func pavilion(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"pavilion.gltf", "pavilion.bin"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "testdata", "models", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	return folder
}

// containers are the flags of the containers of the tests.
var containers = []string{
	"--input-container", "models", "--input-folder", `sets\pavilion`,
	"--output-container", "assets", "--output-folder", "converted", "--interval", "20ms",
}

func convertArgs(path string, flags ...string) []string {
	return append(append([]string{"convert", path}, containers...), flags...)
}

func TestConvertUploadsConvertsAndAdvises(t *testing.T) {
	for name, flags := range map[string][]string{"linked": nil, "with a SAS": {"--use-sas"}} {
		t.Run(name, func(t *testing.T) {
			blobs := newTestStorage(t, "models", "assets")
			service := blobs.service(name == "linked")
			info := filepath.Join(t.TempDir(), "info.json")
			args := convertArgs(pavilion(t), append(flags, "--output", "json", "--info", info)...)
			r := service.arr(args...)
			require.Equal(t, failure.OK, r.code, r.stderr)
			var result map[string]any
			require.NoError(t, json.Unmarshal([]byte(r.stdout), &result))
			assert.Equal(t, blobs.endpoint()+"/assets/converted/pavilion.arrAsset", result["outputAssetUri"])
			assert.Equal(t, map[string]any{
				"files": 2., "filesUnchanged": 0., "bytes": 7433., "bytesUnchanged": 0.,
			}, result["upload"])
			assert.Equal(t, map[string]any{
				"size": "Standard", "certain": true, "polygons": 42., "polygonsDrawnAtMost": 142.,
			}, result["sessionSize"])
			assert.NotContains(t, result, "outputAssetUriWithSas")
			assert.NotContains(t, r.stdout+r.stderr, "sig=")
			assert.Contains(t, r.stderr, "pavilion.gltf: glTF 2.0, 102 polygons drawn: a session of size Standard\n")
			assert.Contains(t, r.stderr, "Uploaded 2 of 2 files, 7.4 kB\n")
			saved, err := os.ReadFile(info)
			require.NoError(t, err)
			assert.Equal(t, blobs.blob("assets", "converted/pavilion.info.json"), string(saved))
			assert.NotEmpty(t, blobs.blob("assets", "converted/pavilion.arrAsset"))
		})
	}
}

func TestConvertUploadsOnlyWhatChanged(t *testing.T) {
	blobs := newTestStorage(t)
	service, folder := blobs.service(true), pavilion(t)
	r := service.arr(convertArgs(folder, "--quiet")...)
	assert.Equal(t, failure.NotFound, r.code)
	assert.Contains(t, r.stderr, "ContainerNotFound")

	r = service.arr(convertArgs(folder, "--create-containers", "--quiet")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, blobs.endpoint()+"/assets/converted/pavilion.arrAsset\n", r.stdout)
	assert.Empty(t, r.stderr)
	assert.Len(t, blobs.uploaded(), 5)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "note.txt"), []byte("new"), 0o644))
	r = service.arr(convertArgs(folder, "--id", "again")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Uploaded 1 of 3 files, 3 B; storage has the others already\n")
	assert.Equal(t, "models/sets/pavilion/note.txt", blobs.uploaded()[3])
}

// The stages of the script: upload alone, which needs no service, then convert what is there.
func TestUploadAndConversionAreStages(t *testing.T) {
	blobs := newTestStorage(t, "models", "assets")
	folder := pavilion(t)
	where := blobs.endpoint() + "/models/sets/pavilion/pavilion.gltf"
	r := runArr(t, blobs.environment(), "", convertArgs(folder, "--upload-only")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, where+"\n", r.stdout)
	assert.Contains(t, r.stderr, "Uploaded 2 of 2 files, 7.4 kB\n")

	r = runArr(t, blobs.environment(), "", convertArgs(folder, "--upload-only", "--output", "json")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.JSONEq(t, `{"inputAssetUri": "`+where+`", "upload":
		{"files": 2, "filesUnchanged": 2, "bytes": 7433, "bytesUnchanged": 7433}}`, r.stdout)

	args := append([]string{"conversion", "create", "staged", "--asset", "pavilion.gltf"}, containers...)
	r = blobs.service(true).arr(args...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, blobs.endpoint()+"/assets/converted/pavilion.arrAsset\n")
}

func TestAnInfoFileThatIsNotSavedIsAFailure(t *testing.T) {
	blobs := newTestStorage(t, "models", "assets")
	nowhere := filepath.Join(t.TempDir(), "none", "info.json")
	r := blobs.service(true).arr(convertArgs(pavilion(t), "--info", nowhere, "--id", "demo")...)
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, `arr: conversion "demo" has succeeded, but its info file was not saved: `)
	assert.Contains(t, r.stderr, "The result is "+blobs.endpoint()+"/assets/converted/pavilion.arrAsset; ")
}

func TestConvertShowsAReadSASOnlyOnRequest(t *testing.T) {
	blobs := newTestStorage(t, "models", "assets")
	r := blobs.service(true).arr(convertArgs(pavilion(t), "--read-sas", "1h", "--quiet")...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	address, sas, found := strings.Cut(strings.TrimSpace(r.stdout), "?")
	require.True(t, found)
	assert.Equal(t, blobs.endpoint()+"/assets/converted/pavilion.arrAsset", address)
	assert.Contains(t, sas, "sp=r&")
	assert.Contains(t, sas, "sr=b&")
	assert.Empty(t, r.stderr)
}

func TestConvertTakesAllSettingsFromArrconfig(t *testing.T) {
	blobs := newTestStorage(t, "models", "assets")
	service, folder := blobs.service(true), pavilion(t)
	script := file(t, "arrconfig.json", `{"assetConversionSettings": {
  "localAssetDirectoryPath": "`+strings.ReplaceAll(filepath.ToSlash(folder), "/", `\\`)+`",
  "resourceGroup": "mine",
  "storageAccountName": "mine",
  "blobInputContainerName": "models",
  "inputFolderPath": "Input\\Set",
  "inputAssetPath": "pavilion.gltf",
  "blobOutputContainerName": "assets",
  "outputFolderPath": "Output",
  "outputAssetFileName": "house.arrAsset"
}}`)
	r := service.arr("convert", "--arrconfig", script, "--interval", "20ms", "--quiet")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, blobs.endpoint()+"/assets/Output/house.arrAsset\n", r.stdout)
	r = service.arr("conversion", "create", "again", "--arrconfig", script, "--interval", "20ms")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, blobs.endpoint()+"/models/Input/Set/pavilion.gltf\n")
	r = service.arr("config", "--arrconfig", script)
	assert.Contains(t, r.stderr, "assetConversionSettings.resourceGroup\n")
}

func TestConvertRefusesWhatItCannotConvert(t *testing.T) {
	folder := pavilion(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "damaged.glb"), []byte("glTF?"), 0o644))
	empty := t.TempDir()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{empty}, "there is no model in folder"},
		{[]string{folder}, folder + ": damaged.glb, pavilion.gltf; choose one with --asset"},
		{[]string{folder, "--asset", "other.glb"}, "there is no file other.glb in folder"},
		{[]string{folder, "--asset", "../x.glb"}, "is not a path in a folder"},
		{[]string{folder, "--asset", "damaged.glb"}, "damaged.glb: "},
		{[]string{filepath.Join(folder, "pavilion.bin")}, "is not a model"},
		{[]string{filepath.Join(folder, "pavilion.gltf")}, "pavilion.gltf needs pavilion.bin"},
		{[]string{filepath.Join(folder, "nowhere.glb")}, "nowhere.glb"},
		{[]string{folder, "--no-wait", "--read-sas", "1h"}, "--no-wait excludes --read-sas"},
		{[]string{folder, "--no-wait", "--upload-only"}, "--upload-only excludes --id, --no-wait"},
		{[]string{folder, "--read-sas", "200h"}, "--read-sas is at most 168h"},
		{[]string{folder, "--id", "a/b"}, "the conversion id"},
		{[]string{folder, "--parallel", "65"}, "--parallel is a number from 1 to 64"},
	} {
		blobs := newTestStorage(t, "models", "assets")
		r := blobs.service(true).arr(convertArgs(test.args[0], test.args[1:]...)...)
		assert.Equal(t, failure.Usage, r.code, "%v: %s", test.args, r.stderr)
		assert.Contains(t, r.stderr, test.want)
		assert.Empty(t, blobs.queries, "nothing was sent")
	}
}

func TestWhatStorageOrTheServiceRefusesHasACode(t *testing.T) {
	folder := pavilion(t)
	blobs := newTestStorage(t, "models", "assets")
	denied := "AZURE_STORAGE_CONNECTION_STRING=BlobEndpoint=" + blobs.endpoint() +
		";SharedAccessSignature=sv=2024-11-04&sp=rl&sig=" + wrongSignature
	for name, test := range map[string]struct {
		linked      bool
		environment []string
		flags       []string
		code        int
		want        string
	}{
		"storage not linked": {
			code: failure.Refused, want: "DelegatedResourceAccessError",
		},
		"wrong SAS for the service": {
			environment: []string{"ARR_INPUT_SAS=?sv=2024-11-04&sp=rl&sig=" + wrongSignature, "ARR_USE_SAS=true"},
			code:        failure.Ended, want: "InputContainerAccessDenied",
		},
		"wrong SAS of one's own": {
			linked: true, environment: []string{denied}, code: failure.Refused, want: "AuthenticationFailed",
		},
		"damaged model": {
			linked: true, flags: []string{"--asset", "damaged.glb", "--no-check"}, code: failure.Ended,
			want: "the result file says: ",
		},
		"no account key": {
			linked: true, environment: []string{"AZURE_STORAGE_CONNECTION_STRING=AccountName=mine"},
			code: failure.Usage, want: "neither AccountKey nor SharedAccessSignature",
		},
		"two ways to sign in": {
			linked: true, environment: []string{"AZURE_STORAGE_KEY=" + testStorageKey}, code: failure.Usage,
			want: "exclude each other",
		},
		"another account": {
			linked: true, flags: []string{"--storage-account", "theirs"}, code: failure.Usage,
			want: "--storage-account names storage account theirs, and AZURE_STORAGE_CONNECTION_STRING is for",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "damaged") {
				require.NoError(t, os.WriteFile(filepath.Join(folder, "damaged.glb"), []byte("glTF?"), 0o644))
				defer os.Remove(filepath.Join(folder, "damaged.glb"))
			}
			service := blobs.service(test.linked)
			service.environment = append(service.environment, test.environment...)
			r := service.arr(convertArgs(folder, test.flags...)...)
			assert.Equal(t, test.code, r.code, r.stderr)
			assert.Contains(t, r.stderr, test.want)
			for _, secret := range []string{"sig=", wrongSignature, testStorageKey} {
				assert.NotContains(t, r.stdout+r.stderr, secret)
			}
		})
	}
}
