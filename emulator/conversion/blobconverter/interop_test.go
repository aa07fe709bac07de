// SPDX-License-Identifier: MIT

//go:build interop

package blobconverter_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
	"github.com/arr-go/azremoterendering/internal/azurite"
	"github.com/arr-go/azremoterendering/internal/model/sample"
	"github.com/arr-go/azremoterendering/internal/sizeadvice"
)

// store is an Azurite with the containers "in" and "out".
type store struct {
	t       *testing.T
	key     *service.SharedKeyCredential
	client  *service.Client
	in, out *container.Client
}

func newStore(t *testing.T) *store {
	server := azurite.Start(t, azurite.Options{InMemory: true})
	key, err := service.NewSharedKeyCredential(azurite.Account, server.Key)
	require.NoError(t, err)
	client, err := service.NewClientWithSharedKeyCredential(server.Endpoint, key, nil)
	require.NoError(t, err)
	s := &store{t, key, client, client.NewContainerClient("input"), client.NewContainerClient("output")}
	for _, c := range []*container.Client{s.in, s.out} {
		_, err := c.Create(t.Context(), nil)
		require.NoError(t, err)
	}
	return s
}

func (s *store) put(name string, content []byte) {
	_, err := s.in.NewBlockBlobClient(name).UploadBuffer(s.t.Context(), content, nil)
	require.NoError(s.t, err)
}

// get returns a blob of the output, or nothing.
func (s *store) get(name string) []byte {
	var content bytes.Buffer
	resp, err := s.out.NewBlobClient(name).DownloadStream(s.t.Context(), nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	require.NoError(s.t, err)
	_, err = content.ReadFrom(resp.Body)
	require.NoError(s.t, err)
	return content.Bytes()
}

func (s *store) sas(containerName, permissions string, validity time.Duration) string {
	query, err := sas.BlobSignatureValues{
		ContainerName: containerName, Permissions: permissions, Protocol: sas.ProtocolHTTPSandHTTP,
		StartTime: time.Now().Add(-time.Hour).UTC(), ExpiryTime: time.Now().Add(validity).UTC(),
	}.SignWithSharedKey(s.key)
	require.NoError(s.t, err)
	return "?" + query.Encode()
}

// request is a conversion that succeeds if the asset is there.
func (s *store) request(asset string) conversion.Request {
	return conversion.Request{
		Input: conversion.Location{ContainerURL: s.in.URL(), SAS: s.sas("input", "rl", time.Hour), Prefix: "Input"},
		Output: conversion.Location{
			ContainerURL: s.out.URL() + "/",
			SAS:          s.sas("output", "w", time.Hour),
			Prefix:       "Output/",
		},
		Asset: asset,
	}
}

func code(err error) string {
	if failed, ok := errors.AsType[*conversion.Error](err); ok {
		return failed.Code
	}
	return ""
}

func TestInteropConversionLeavesThreeFiles(t *testing.T) {
	s := newStore(t)
	text, buffer := sample.GLTF()
	s.put("Input/models/pavilion.gltf", text)
	s.put("Input/models/"+sample.BufferName, buffer)
	s.put("Input/models/pavilion.ConversionSettings.json", []byte(`{"recenterToOrigin":true}`))

	result, err := blobconverter.New(blobconverter.Options{}).Convert(t.Context(), s.request(`models\pavilion.gltf`))
	require.NoError(t, err)
	assert.Equal(t, conversion.Result{AssetURL: s.out.URL() + "/Output/pavilion.arrAsset"}, result)
	assert.Equal(t, text, s.get("Output/pavilion.arrAsset"), "a copy: nothing is converted for real")

	var results []map[string]string
	require.NoError(t, json.Unmarshal(s.get("Output/pavilion.result.json"), &results))
	require.Len(t, results, 2)
	assert.Len(t, results[0]["conversionId"], 36)
	assert.Equal(t, map[string]string{"result": "succeeded"}, results[1])

	info := s.get("Output/pavilion.info.json")
	advice, err := sizeadvice.FromInfo(info)
	require.NoError(t, err)
	assert.Equal(t, "Standard", advice.Size)
	assert.Equal(t, uint64(sample.Faces), advice.Polygons)
	assert.Contains(t, string(info), `"recenteringOffset"`)
	assert.NotContains(t, string(info), `"output":`)
	assert.Regexp(t, `"conversionHash": "[0-9A-F]{16}"`, string(info))
}

func TestInteropConversionWithAMissingTexture(t *testing.T) {
	s := newStore(t)
	s.put("Input/a.gltf", []byte(`{"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],
		"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],"accessors":[{"count":3}],
		"images":[{"uri":"wood%20.png"},{"uri":"../up.png"},{"uri":"https://elsewhere/x.png"},{"uri":"there.png"}]}`))
	s.put("Input/there.png", []byte("png"))
	request := s.request("a.gltf")
	request.OutputName = "house.arrAsset"
	result, err := blobconverter.New(blobconverter.Options{}).Convert(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, 3, result.Warnings)
	assert.NotNil(t, s.get("Output/house.arrAsset"))
	assert.Contains(t, string(s.get("Output/a.info.json")), `"output": "house.arrAsset"`)
	text := string(s.get("Output/a.result.json"))
	assert.Contains(t, text, `"warning": "4004"`)
	assert.Contains(t, text, `"result": "succeeded with warnings"`)
}

// TestInteropConversionFailures has everything that goes wrong with storage, and the service's code
// for it.
func TestInteropConversionFailures(t *testing.T) {
	s := newStore(t)
	s.put("Input/box.glb", sample.GLB())
	s.put("Input/notes.glb", []byte("these are notes"))
	text, _ := sample.GLTF()
	s.put("Input/nobuffer.gltf", text)
	wrong := strings.Replace(s.sas("input", "rl", time.Hour), "sig=", "sig=AAAA", 1)
	for _, c := range []struct {
		name   string
		change func(*conversion.Request)
		want   string
	}{
		{"nothing", func(*conversion.Request) {}, ""},
		{"missing asset", func(r *conversion.Request) { r.Asset = "boxWhichDoesNotExist.fbx" }, "InputContainerError"},
		{"asset in another case", func(r *conversion.Request) { r.Asset = "Box.glb" }, "InputContainerError"},
		{"prefix that is off", func(r *conversion.Request) { r.Input.Prefix = "input" }, "InputContainerError"},
		{"no prefix", func(r *conversion.Request) { r.Input.Prefix = "" }, "InputContainerError"},
		{"asset out of the prefix", func(r *conversion.Request) {
			r.Asset = "../Input/box.glb"
		}, "InputContainerError"},
		{"whole path without prefix", func(r *conversion.Request) {
			r.Input.Prefix, r.Asset = "", "Input/box.glb"
		}, ""},
		{"missing container", func(r *conversion.Request) {
			r.Input.ContainerURL = s.client.NewContainerClient("nowhere").URL()
			r.Input.SAS = s.sas("nowhere", "rl", time.Hour)
		}, "InputContainerError"},
		{"wrong SAS", func(r *conversion.Request) { r.Input.SAS = wrong }, "InputContainerAccessDenied"},
		{"SAS that is none", func(r *conversion.Request) { r.Input.SAS = "secret" }, "InputContainerAccessDenied"},
		{"expired SAS", func(r *conversion.Request) {
			r.Input.SAS = s.sas("input", "rl", -time.Minute)
		}, "InputContainerAccessDenied"},
		{"SAS without list", func(r *conversion.Request) {
			r.Input.SAS = s.sas("input", "r", time.Hour)
		}, "InputContainerAccessDenied"},
		{"SAS without read", func(r *conversion.Request) {
			r.Input.SAS = s.sas("input", "l", time.Hour)
		}, "InputContainerAccessDenied"},
		{"SAS of the other container", func(r *conversion.Request) {
			r.Input.SAS = r.Output.SAS
		}, "InputContainerAccessDenied"},
		{"no SAS", func(r *conversion.Request) { r.Input.SAS = "" }, "InputContainerAccessDenied"},
		{"output SAS without write", func(r *conversion.Request) {
			r.Output.SAS = s.sas("output", "rl", time.Hour)
		}, "OutputContainerAccessDenied"},
		{"missing output container", func(r *conversion.Request) {
			r.Output.ContainerURL = s.client.NewContainerClient("nowhere").URL()
			r.Output.SAS = s.sas("nowhere", "w", time.Hour)
		}, "OutputContainerError"},
		{"address that is none", func(r *conversion.Request) {
			r.Input.ContainerURL = "storagetest01"
		}, "InternalServerError"},
		{"address with a query", func(r *conversion.Request) {
			r.Output.ContainerURL += r.Output.SAS
		}, "InternalServerError"},
		{"no model", func(r *conversion.Request) { r.Asset = "notes.glb" }, "ConversionProcessFailed"},
		{"glTF without its buffer", func(r *conversion.Request) {
			r.Asset = "nobuffer.gltf"
		}, "ConversionProcessFailed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := s.request("box.glb")
			c.change(&request)
			_, err := blobconverter.New(blobconverter.Options{}).Convert(t.Context(), request)
			assert.Equal(t, c.want, code(err), "%v", err)
			if err != nil {
				for _, sas := range []string{request.Input.SAS, request.Output.SAS, s.request("").Output.SAS} {
					query, _ := url.ParseQuery(strings.TrimPrefix(sas, "?"))
					assert.NotContains(t, err.Error(), cmp.Or(query.Get("sig"), "secret"))
				}
				assert.NotContains(t, err.Error(), "%2")
				t.Log(err)
			}
		})
	}
	assert.Contains(t, string(s.get("Output/notes.result.json")), "the content is not GLB")
	assert.Contains(t, string(s.get("Output/nobuffer.result.json")), `\"pavilion.bin\"`)
	assert.Nil(t, s.get("Output/notes.arrAsset"))
}

func TestInteropLinkedStorage(t *testing.T) {
	s := newStore(t)
	s.put("Input/box.glb", sample.GLB())
	converter := blobconverter.New(blobconverter.Options{Open: func(address string) (*container.Client, error) {
		return container.NewClientWithSharedKeyCredential(address, s.key, nil)
	}})
	request := s.request("box.glb")
	request.Input.SAS, request.Output.SAS = "", ""
	assert.True(t, converter.Linked(request.Input.ContainerURL))
	_, err := converter.Convert(t.Context(), request)
	require.NoError(t, err)
}

func TestInteropConversionEndsWithItsContext(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := blobconverter.New(blobconverter.Options{}).Convert(ctx, s.request("box.glb"))
	assert.ErrorIs(t, err, context.Canceled)
}

// TestInteropLargeAsset converts 32 MB, in windows and blocks.
func TestInteropLargeAsset(t *testing.T) {
	s := newStore(t)
	line := []byte("1.25 2.5 3.75 255 128 0\n")
	content := bytes.Repeat(line, (32<<20)/len(line))
	s.put("Input/cloud.xyz", content)
	start := time.Now()
	_, err := blobconverter.New(blobconverter.Options{}).Convert(t.Context(), s.request("cloud.xyz"))
	require.NoError(t, err)
	t.Logf("32 MB: %v", time.Since(start).Round(10*time.Millisecond))
	assert.True(t, bytes.Equal(content, s.get("Output/cloud.arrAsset")))
}
