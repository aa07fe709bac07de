// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

// pyConversion is a conversion as the Python client shows it. Nil is None.
type pyConversion struct {
	ID, Status    string
	CreatedOn     time.Time `json:"created_on"`
	Input, Output []string  // container, prefix, file
	Signatures    []*string
	AssetURI      *string `json:"asset_uri"`
	Error         *struct{ Code, Message string }
}

const interopContainer = "https://interop.blob.core.windows.net/"

// conversionExpectations returns what must be the result of the steps with conversions. kind is
// that of the client, "sync" or "async". An async client comes second and finds the conversions of
// both.
func (r *interopRun) conversionExpectations(kind string) []interopExpectation {
	conversions := r.rendering + "/accounts/"
	asset := interopContainer + "output/Output/box.arrAsset"
	succeeded := pyConversion{
		ID: kind + "-1", Status: "Succeeded", AssetURI: &asset,
		Input:      []string{interopContainer + "input", "Input/", "box.fbx"},
		Output:     []string{interopContainer + "output", "Output/", "box.arrAsset"},
		Signatures: []*string{nil, nil},
	}
	missing := succeeded
	missing.ID, missing.Status, missing.AssetURI = kind+"-3", "Failed", nil
	missing.Input = []string{interopContainer + "input", "Input/", "boxWhichDoesNotExist.fbx"}
	missing.Output = []string{interopContainer + "output", "Output/", "boxWhichDoesNotExist.arrAsset"}
	listed := []string{"sync-1", "sync-3", "sync-4"}
	pages := []int{200, 200}
	if kind == "async" {
		listed = append(listed, "async-1", "async-3", "async-4")
		pages = append(pages, 200)
	}
	const denied = "Error accessing connected storage account due to insufficient permissions. " +
		"Check if the Mixed Reality resource has correct permissions assigned."
	const toLink = " Documentation on how to link Remote Rendering Accounts to storage can be found here: " +
		"https://docs.microsoft.com/azure/remote-rendering/how-tos/create-an-account#link-storage-accounts."
	deniedMessage := denied + toLink
	if r.absent == emulator.AbsentNull { // January 2021
		deniedMessage = denied
	}
	expectations := []interopExpectation{
		{"convert", returns("NotStarted", 201)},
		{"wait for conversion", r.converts(succeeded, "")},
		{"get conversion", r.converts(succeeded, "", 200)},
		{"repeat conversion", returns("Succeeded", 200)},
		{"conflicting conversion", raises("ResourceExistsError", 409, "Conflict", "", conversions)},
		{"convert without access", raises("HttpResponseError", 403,
			"DelegatedResourceAccessError", deniedMessage, conversions)},
		{"get conversion without access", raises("ResourceNotFoundError", 404, "", "", conversions)},
		{"convert missing asset", returns("NotStarted", 201)},
		{"wait for missing asset", raises("HttpResponseError", 0, "InputContainerError", "", "")},
		{"get missing asset", r.converts(missing, "InputContainerError", 200)},
		{"convert another", returns("NotStarted", 201)},
		{"list conversions", lists(pages, listed...)},
	}
	for i := range expectations {
		expectations[i].step = kind + " " + expectations[i].step
	}
	return expectations
}

// converts expects that a call returns a conversion, with an error of that code, if any.
func (r *interopRun) converts(
	wanted pyConversion, code string, statuses ...int,
) func(*testing.T, interopOutcome) {
	return func(t *testing.T, o interopOutcome) {
		var got pyConversion
		o.result(t, statuses, &got)
		assert.WithinDuration(t, r.started, got.CreatedOn, interopTimeout)
		if code != "" && assert.NotNil(t, got.Error) {
			assert.Equal(t, code, got.Error.Code)
			assert.NotEmpty(t, got.Error.Message)
		}
		wanted.CreatedOn = got.CreatedOn
		if code != "" {
			wanted.Error = got.Error
		}
		assert.Equal(t, wanted, got)
		assert.NotContains(t, string(o.Result), "secret")
	}
}
