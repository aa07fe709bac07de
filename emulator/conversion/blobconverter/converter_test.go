// SPDX-License-Identifier: MIT

package blobconverter_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
	"github.com/arr-go/azremoterendering/internal/model/sample"
)

// memory is as much of Blob storage as a conversion uses: list, properties, ranges, and writing
// whole blobs. The SAS must be the one that is expected, for reading or for writing.
type memory struct {
	mu       sync.Mutex
	blobs    map[string][]byte
	requests []string
}

func (m *memory) Do(req *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, req.Method+" "+req.URL.Path)
	query := req.URL.Query()
	name, _ := url.PathUnescape(strings.TrimPrefix(req.URL.Path, "/"))
	content, found := m.blobs[name]
	want := "read"
	if req.Method == http.MethodPut {
		want = "write"
	}
	switch {
	case query.Get("sig") != want:
		return answer(req, 403, "AuthorizationPermissionMismatch", nil), nil
	case query.Get("comp") == "list":
		return answer(req, 200, "", []byte("<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>")), nil
	case req.Method == http.MethodPut:
		body, err := io.ReadAll(req.Body)
		m.blobs[name] = body
		return answer(req, 201, "", nil), err
	case !found:
		return answer(req, 404, "BlobNotFound", nil), nil
	}
	status := 200
	if from, to, ok := ranged(req); ok {
		content, status = content[from:to+1], 206
	}
	return answer(req, status, "", content), nil
}

// ranged returns the range that is asked for. azblob writes the name of its header in lower case.
func ranged(req *http.Request) (from, to int, ok bool) {
	for name, values := range req.Header {
		if strings.EqualFold(name, "x-ms-range") {
			n, _ := fmt.Sscanf(values[0], "bytes=%d-%d", &from, &to)
			return from, to, n == 2
		}
	}
	return 0, 0, false
}

func answer(req *http.Request, status int, code string, body []byte) *http.Response {
	header := http.Header{"Etag": {`"1"`}, "Content-Length": {strconv.Itoa(len(body))}}
	if code != "" {
		header.Set("x-ms-error-code", code)
	}
	if req.Method == http.MethodHead {
		body = nil
	}
	return &http.Response{StatusCode: status, Header: header, Request: req, Body: io.NopCloser(bytes.NewReader(body))}
}

func newMemory() *memory {
	return &memory{
		blobs: map[string][]byte{"input/models/box.glb": sample.GLB(), "input/models/no.glb": []byte("no")},
	}
}

func (m *memory) options() blobconverter.Options {
	return blobconverter.Options{ClientOptions: azcore.ClientOptions{
		Transport: m, Retry: policy.RetryOptions{MaxRetries: -1},
	}}
}

func memoryRequest() conversion.Request {
	return conversion.Request{
		Input: conversion.Location{
			ContainerURL: "https://a.blob.core.windows.net/input",
			SAS:          "?sig=read",
			Prefix:       "models",
		},
		Output: conversion.Location{
			ContainerURL: "https://a.blob.core.windows.net/output",
			SAS:          "sig=write",
			Prefix:       "out",
		},
		Asset: "box.glb",
	}
}

func TestConversionLeavesThreeFiles(t *testing.T) {
	m := newMemory()
	result, err := blobconverter.New(m.options()).Convert(t.Context(), memoryRequest())
	require.NoError(t, err)
	assert.Equal(t, "https://a.blob.core.windows.net/output/out/box.arrAsset", result.AssetURL)
	assert.Equal(t, sample.GLB(), m.blobs["output/out/box.arrAsset"])
	assert.Contains(t, string(m.blobs["output/out/box.info.json"]), `"numFaces": 42`)
	assert.Contains(t, string(m.blobs["output/out/box.result.json"]), `"result": "succeeded"`)
	assert.Len(t, m.blobs, 5)
}

func TestConversionFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*conversion.Request)
		want   string
	}{
		{"missing asset", func(r *conversion.Request) { r.Asset = "DoesNotExist.glb" }, conversion.InputContainerError},
		{"wrong input SAS", func(r *conversion.Request) {
			r.Input.SAS = "sig=x"
		}, conversion.InputContainerAccessDenied},
		{"wrong output SAS", func(r *conversion.Request) {
			r.Output.SAS = "sig=x"
		}, conversion.OutputContainerAccessDenied},
		{"no SAS", func(r *conversion.Request) { r.Output.SAS = "" }, conversion.OutputContainerAccessDenied},
		{"both wrong", func(r *conversion.Request) {
			r.Input.SAS, r.Output.SAS = "", ""
		}, conversion.InputContainerAccessDenied},
		{"no address", func(r *conversion.Request) { r.Output.ContainerURL = "a b" }, conversion.InternalServerError},
		{"no model", func(r *conversion.Request) { r.Asset = "no.glb" }, conversion.ConversionProcessFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, request := newMemory(), memoryRequest()
			c.change(&request)
			_, err := blobconverter.New(m.options()).Convert(t.Context(), request)
			failed, ok := errors.AsType[*conversion.Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, c.want, failed.Code)
			assert.NotEmpty(t, failed.Message)
			assert.NotContains(t, m.blobs, "output/out/box.arrAsset")
		})
	}
}

func TestModelsThatAreNoneLeaveAResultFile(t *testing.T) {
	m, request := newMemory(), memoryRequest()
	request.Asset = "no.glb"
	_, err := blobconverter.New(m.options()).Convert(t.Context(), request)
	require.Error(t, err)
	assert.Contains(t, string(m.blobs["output/out/no.result.json"]), `"reason": "the content is not GLB"`)
	assert.Contains(t, string(m.blobs["output/out/no.result.json"]), `"result": "failed"`)
}

func TestAddressesThatAreNotAllowedGetNoRequest(t *testing.T) {
	m := newMemory()
	options := m.options()
	options.Allow = func(container *url.URL) error {
		if strings.HasSuffix(container.Hostname(), ".example") {
			return nil
		}
		return errors.New("only .example")
	}
	_, err := blobconverter.New(options).Convert(t.Context(), memoryRequest())
	require.ErrorContains(t, err, "InternalServerError: only .example")
	assert.Empty(t, m.requests)
}

// endless is storage that serves a point cloud of any size and keeps nothing of what is written.
type endless struct {
	*memory
	size int
}

func (e *endless) Do(req *http.Request) (*http.Response, error) {
	const line = "1.25 2.5 3.75 8\n" // 16 bytes
	from, to, part := ranged(req)
	switch {
	case req.Method == http.MethodPut:
		_, err := io.Copy(io.Discard, req.Body)
		return answer(req, 201, "", nil), err
	case strings.HasSuffix(req.URL.Path, "cloud.xyz") && !part:
		resp := answer(req, 200, "", nil)
		resp.Header.Set("Content-Length", strconv.Itoa(e.size))
		return resp, nil
	case strings.HasSuffix(req.URL.Path, "cloud.xyz"):
		return answer(req, 206, "", bytes.Repeat([]byte(line), (to+1-from)/len(line))), nil
	}
	return e.memory.Do(req)
}

func TestMemoryDoesNotGrowWithTheAsset(t *testing.T) {
	const size = 64 << 20
	options := newMemory().options()
	options.ClientOptions.Transport = &endless{newMemory(), size}
	request := memoryRequest()
	request.Asset = "cloud.xyz"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := blobconverter.New(options).Convert(t.Context(), request)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	grown := (after.Sys - before.Sys) >> 20
	t.Logf("the process grew by %d MB", grown)
	assert.Less(t, grown, uint64(100), "of memory; the test's own answers are some of it")
}
