// SPDX-License-Identifier: MIT

package conversion_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/conversion"
)

func TestRequestsDoNotShowTheSAS(t *testing.T) {
	request := conversion.Request{
		Input: conversion.Location{ContainerURL: "https://a/in?sig=secret", SAS: "?sig=secret", Prefix: "p"},
		Asset: "box.glb",
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		assert.NotContains(t, fmt.Sprintf(verb, request), "secret")
		assert.NotContains(t, fmt.Sprintf(verb, &request), "secret")
	}
	text, err := json.Marshal(request)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "secret")
}

func TestDefaultOutputName(t *testing.T) {
	for asset, want := range map[string]string{
		"box.fbx": "box.arrAsset", "a/b.c/box.v2.glb": "box.v2.arrAsset", `a\box.glb`: "box.arrAsset",
		"box": "box.arrAsset",
	} {
		assert.Equal(t, want, conversion.DefaultOutputName(asset))
	}
}

func TestErrorsOfConvertersHaveACode(t *testing.T) {
	assert.Equal(t, "InternalServerError", conversion.AsError(context.Canceled).Code)
	failed := conversion.AsError(fmt.Errorf("wrapped: %w", conversion.Fail(conversion.InputContainerError, nil)))
	assert.Equal(t, "InputContainerError", failed.Code)
	assert.Contains(t, failed.Message, "Could not find the asset file in the storage account")
}
