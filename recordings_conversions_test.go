// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/recordings"
)

const recordedContainer = "https://sdktest.blob.core.windows.net/test"

// recordedSettings are those that the recorded clients sent for a model.
func recordedSettings(model, sas string) arr.ConversionSettings {
	return arr.ConversionSettings{
		Input: arr.ConversionInput{
			StorageContainerURL:         recordedContainer,
			StorageContainerReadListSAS: sas,
			BlobPrefix:                  "Input",
			RelativeInputAssetPath:      model + ".fbx",
		},
		Output: arr.ConversionOutput{
			StorageContainerURL:      recordedContainer,
			StorageContainerWriteSAS: sas,
			BlobPrefix:               "Output",
		},
	}
}

// recordedConversion is what the service made of them.
func recordedConversion(id, model string, created time.Time) arr.Conversion {
	settings := recordedSettings(model, "")
	settings.Input.BlobPrefix, settings.Output.BlobPrefix = "Input/", "Output/"
	settings.Output.OutputAssetFilename = model + ".arrAsset"
	return arr.Conversion{
		ID:           id,
		Settings:     settings,
		Status:       arr.ConversionStatusNotStarted,
		CreationTime: created,
	}
}

func playConversionWithKey(t *testing.T, file string) {
	client := keyClient(t, file).NewConversionsClient()
	want := recordedConversion(
		"conversionId161979083179608548",
		"testBox",
		time.Date(2021, 4, 30, 13, 53, 53, 963_195_000, time.UTC),
	)
	playToSuccess(t, client, want, "arr_sas_token", []string{
		"DDi+ubROTEu0aE1SNhJD3A.0", "MvGf6F9Nz0m4i15pE1M+wQ.0", "jgxsOMIX1kix9UpTTpQ7IQ.0",
		"Xg0RBqUtaEeSeI/LC49TIw.0", "Gn3enW/73EyOxMcoUWPaIw.0", "xS7ApSxOCUK/Q6PDoVDisg.0",
		"EniRq3UL00WusW1BElYY4w.0", "ycUTD3OImUitbOwJ9Nb++Q.0", "heKLRAtPw0u1YXF2YNWs9Q.0",
		"/znX+vvagUqPszc5AZNohg.0",
	}, "NotStarted NotStarted NotStarted NotStarted Running Running Running Running Running Succeeded")
	list := checkConversionList(t, client, file, "/Vs8TjEAAEagOBhmF6bWuA.0")
	assert.Equal(t, want.ID, list[len(list)-1].ID, "the newest is the last")
}

func playConversionWithToken(t *testing.T, file string) {
	client := tokenClient(t, file).NewConversionsClient()
	want := recordedConversion(
		"e82aeb36-4e40-1ddc-9f58-99cb4310706b",
		"testBox",
		time.Date(2021, 1, 29, 15, 54, 31, 39_184_600, time.UTC),
	)
	succeeded := playToSuccess(t, client, want, "Sanitized", []string{
		"ZYQOysUDHEeWoUr1YBzycg.0", "RohKxnRFvUOorCEzrU3tKA.0", "3hCg7X/9A02aUBxtQ+opSw.0",
		"3cIaQxrtgEmtl7fqH1bdTA.0", "tn6e6qQjPUu/bKYcn2apdw.0", "h9yMFR2HAUKBKeEl66RLhQ.0",
		"RjUb6F1h40SdtK7hLnxQGA.0",
	}, "NotStarted NotStarted NotStarted Running Running Running Succeeded")
	failed := recordedConversion(
		"78c4ad59-21e6-74b1-0339-c23bfe785096",
		"boxWhichDoesNotExist",
		time.Date(2021, 1, 29, 15, 50, 24, 931_576_000, time.UTC),
	)
	failed.Status, failed.Error = arr.ConversionStatusFailed, recordedFailure()
	list := checkConversionList(t, client, file, "yy0kxcCwmkS5BubKW+/EmA.0")
	assert.Equal(t, []arr.Conversion{failed, succeeded}, list)
}

// playToSuccess creates a conversion and waits for it. vectors are those of the answers, the create
// first, and statuses what they say.
func playToSuccess(
	t *testing.T,
	client *arr.ConversionsClient,
	want arr.Conversion,
	sas string,
	vectors []string,
	statuses string,
) arr.Conversion {
	t.Helper()
	ctx, vector := capturing(t.Context())
	poller, err := client.BeginCreate(ctx, want.ID, recordedSettings("testBox", sas), nil)
	require.NoError(t, err)
	assert.True(t, poller.Created())
	assert.Equal(t, want, poller.Conversion())

	var seen, answers []string
	begun := time.Now()
	done, err := poller.PollUntilDone(ctx, &arr.PollConversionOptions{
		Frequency: 10 * time.Second,
		Progress: func(c arr.Conversion) {
			seen, answers = append(seen, string(c.Status)), append(answers, vector())
		},
	})
	require.NoError(t, err)
	assert.Equal(t, vectors, answers)
	assert.Equal(t, strings.Fields(statuses), seen)
	assert.Equal(t, time.Duration(len(vectors)-1)*10*time.Second, time.Since(begun))

	want.Status = arr.ConversionStatusSucceeded
	want.OutputAssetURL = recordedContainer + "/Output/testBox.arrAsset"
	assert.Equal(t, arr.CreateConversionResponse{
		Conversion:        want,
		CorrelationVector: vectors[len(vectors)-1],
	}, done)
	return done.Conversion
}

// checkConversionList gets the list of a recording, and compares each conversion with the text that
// the service sent.
func checkConversionList(
	t *testing.T,
	client *arr.ConversionsClient,
	file, vector string,
) []arr.Conversion {
	t.Helper()
	pager := client.NewListPager(nil)
	page, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	assert.False(t, pager.More(), "a next link of null is none")
	assert.Empty(t, page.NextLink)
	assert.Equal(t, vector, page.CorrelationVector)

	exchanges := recordings.Load(t, file)
	var recorded struct{ Conversions []json.RawMessage }
	body := exchanges[len(exchanges)-1].Response.Body
	require.NoError(t, json.Unmarshal([]byte(body), &recorded))
	require.Len(t, page.Conversions, len(recorded.Conversions))
	for i, conversion := range page.Conversions {
		written, err := json.Marshal(conversion)
		require.NoError(t, err)
		assert.Equal(t, string(recorded.Conversions[i]), string(written))
	}
	return page.Conversions
}

func recordedFailure() *arr.ErrorDetail {
	return &arr.ErrorDetail{
		Code:    "ConversionProcessFailed",
		Message: "Invalid input provided. Check logs in output container for details.",
	}
}

func playMissingAssetWithKey(t *testing.T, file string) {
	playMissingAsset(t, keyClient(t, file).NewConversionsClient(), recordedConversion(
		"conversionId161979089851105096",
		"boxWhichDoesNotExist",
		time.Date(2021, 4, 30, 13, 54, 58, 578_215_000, time.UTC),
	), "arr_sas_token", "xnmxgHrsRUW0RnQ2tYczRg.0")
}

func playMissingAssetWithToken(t *testing.T, file string) {
	playMissingAsset(t, tokenClient(t, file).NewConversionsClient(), recordedConversion(
		"78c4ad59-21e6-74b1-0339-c23bfe785096",
		"boxWhichDoesNotExist",
		time.Date(2021, 1, 29, 15, 50, 24, 931_576_000, time.UTC),
	), "Sanitized", "Kn4vCLxnVU+BcLBefmY3NQ.0")
}

func playMissingAsset(
	t *testing.T,
	client *arr.ConversionsClient,
	want arr.Conversion,
	sas, vector string,
) {
	t.Helper()
	settings := recordedSettings("boxWhichDoesNotExist", sas)
	poller, err := client.BeginCreate(t.Context(), want.ID, settings, nil)
	require.NoError(t, err)
	assert.Equal(t, want, poller.Conversion())
	_, err = poller.PollUntilDone(t.Context(), nil)
	want.Status, want.Error = arr.ConversionStatusFailed, recordedFailure()
	var failed *arr.ConversionFailedError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, &arr.ConversionFailedError{
		Conversion:        want,
		Code:              want.Error.Code,
		Message:           want.Error.Message,
		CorrelationVector: vector,
	}, failed)
	assert.True(t, poller.Done())
}

const recordedNoAccess = "Error accessing connected storage account due to insufficient permissions. " +
	"Check if the Mixed Reality resource has correct permissions assigned."

func playNoAccessWithKey(t *testing.T, file string) {
	const id = "conversionId161979089668904294"
	client := keyClient(t, file).NewConversionsClient()
	_, err := client.BeginCreate(t.Context(), id, recordedSettings("testBox", ""), nil)
	checkRefused(t, err, refused{
		operation:  "create-conversion",
		conversion: id,
		host:       "remoterendering.eastus2.mixedreality.azure.com",
		status:     403,
		vector:     "r8XnpG1A40uqRYi4xrhhZg.0",
		is:         arr.ErrForbidden,
		detail: &arr.ErrorDetail{
			Code: "DelegatedResourceAccessError",
			Message: recordedNoAccess + " Documentation on how to link Remote Rendering Accounts to " +
				"storage can be found here: https://docs.microsoft.com/azure/remote-rendering/" +
				"how-tos/create-an-account#link-storage-accounts.",
		},
	})
	assert.ErrorContains(t, err, "; pass a SAS for both containers")
}

func playNoAccessWithToken(t *testing.T, file string) {
	const id = "6a27bf37-5009-7103-745a-5ed572f66c08"
	client := tokenClient(t, file).NewConversionsClient()
	_, err := client.BeginCreate(t.Context(), id, recordedSettings("testBox", ""), nil)
	checkRefused(t, err, refused{
		operation:  "create-conversion",
		conversion: id,
		host:       "remoterendering.westeurope.mixedreality.azure.com",
		status:     403,
		vector:     "1ZKa7etFS02Ejuo3kLRV/g.0",
		is:         arr.ErrForbidden,
		detail:     &arr.ErrorDetail{Code: "DelegatedResourceAccessError", Message: recordedNoAccess},
	})
}
