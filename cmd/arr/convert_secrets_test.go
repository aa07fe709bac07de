// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// secretSignature is in a SAS that a testStorage accepts.
const secretSignature = "dGhlLXNlY3JldC1rZXk="

func secretSAS(rights string) string {
	return "sv=2024-11-04&sr=c&sp=" + rights + "&sig=" + secretSignature
}

// storageSecrets are what must stay out of everything: keys, and parts of every SAS.
func storageSecrets() []string {
	return []string{
		"sig=", secretSignature, strings.TrimSuffix(secretSignature, "="), testStorageKey, wrongSignature,
		"the-secret-key",
	}
}

func assertNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range storageSecrets() {
		assert.NotContains(t, text, secret)
	}
}

// Whatever convert does, successfully or not and with the log of the Azure SDK, it shows no SAS.
func TestConvertShowsNoSAS(t *testing.T) {
	folder := pavilion(t)
	for name, test := range map[string]struct {
		environment []string
		flags       []string
		code        int
	}{
		"made for the service": {flags: []string{"--use-sas"}},
		"ready-made": {environment: []string{
			"ARR_INPUT_SAS=?" + secretSAS("rl"), "ARR_OUTPUT_SAS=" + secretSAS("w"),
		}},
		"too narrow": {environment: []string{
			"ARR_INPUT_SAS=?" + secretSAS("rl"), "ARR_OUTPUT_SAS=" + secretSAS("r"),
		}, code: failure.Ended},
		"of one's own": {
			environment: []string{"AZURE_STORAGE_CONNECTION_STRING=BlobEndpoint=ENDPOINT;SharedAccessSignature=" +
				secretSAS("rwlc")},
			flags: []string{"--use-sas"},
		},
		"of one's own, too narrow": {
			environment: []string{"AZURE_STORAGE_CONNECTION_STRING=BlobEndpoint=ENDPOINT;SharedAccessSignature=" +
				secretSAS("rw")},
			flags: []string{"--use-sas"}, code: failure.Refused,
		},
		"in place of the container": {
			environment: []string{"ARR_INPUT_SAS=https://mine.blob.core.windows.net/models?" + secretSAS("rl")},
			flags:       []string{"--use-sas"}, code: failure.Usage,
		},
		"refused by the service": {
			environment: []string{"ARR_ACCOUNT_KEY=wrong"}, flags: []string{"--use-sas"}, code: failure.Refused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			blobs := newTestStorage(t, "models", "assets")
			service := blobs.service(false)
			service.environment = append(service.environment, "AZURE_SDK_GO_LOGGING=all")
			for _, variable := range test.environment {
				service.environment = append(service.environment,
					strings.ReplaceAll(variable, "ENDPOINT", blobs.endpoint()))
			}
			r := service.arr(convertArgs(folder, append(test.flags, "--output", "json", "--log-level", "debug")...)...)
			assert.Equal(t, test.code, r.code, r.stderr)
			assertNoSecret(t, r.stdout+r.stderr)
			if test.code != failure.Usage {
				assert.Contains(t, r.stderr, "OUTGOING REQUEST", "the log of the SDK is on")
				assert.Contains(t, r.stderr, "level=DEBUG msg=request", "the log of arr is on")
			}
		})
	}
}

// The log of the emulator, at its most talkative, shows no SAS that clients send.
func TestTheLogOfTheEmulatorShowsNoSAS(t *testing.T) {
	p, c := startEmulator(t, nil, "--log-level", "debug")
	client := c.client(t, nil).NewConversionsClient()
	settings := arr.ConversionSettings{
		Input: arr.ConversionInput{
			StorageContainerURL:         "https://mine.blob.core.windows.net/models",
			StorageContainerReadListSAS: secretSAS("rl"), RelativeInputAssetPath: "arm.fbx",
		},
		Output: arr.ConversionOutput{
			StorageContainerURL:      "https://mine.blob.core.windows.net/assets",
			StorageContainerWriteSAS: "?" + secretSAS("w"),
		},
	}
	poller, err := client.BeginCreate(t.Context(), "arm", settings, nil)
	require.NoError(t, err)
	_, err = poller.PollUntilDone(t.Context(), &arr.PollConversionOptions{Frequency: 20 * time.Millisecond})
	require.NoError(t, err)
	p.stop()
	assert.Contains(t, p.stderr.String(), "arm")
	assertNoSecret(t, p.stderr.String())
}

// arr config shows where secrets of storage come from, and no secret, even in the wrong place.
func TestConfigShowsNoSAS(t *testing.T) {
	profile := file(t, "config.toml", "[profiles.default]\nstorage_sas = \""+secretSAS("rl")+"\"\n"+
		"input_folder = \"?"+secretSAS("rl")+"\"\n")
	r := runArr(t, []string{
		"ARR_INPUT_SAS=" + secretSAS("rl"),
		"ARR_OUTPUT_CONTAINER=https://mine.blob.core.windows.net/a?" + secretSAS("w"),
	}, "", "config", "--config", profile)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "(set, not shown)")
	assert.Contains(t, r.stdout, "(hidden: it may hold a SAS or a key)")
	assertNoSecret(t, r.stdout+r.stderr)
}

// A program that arr run starts has no SAS of conversions in its environment. No argument holds
// one, because no flag takes one: see TestNoFlagTakesASecretOfAService.
func TestTheCommandOfARunSeesNoSAS(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no env")
	}
	service := newTestService(t, emulator.Options{})
	service.environment = append(service.environment,
		"ARR_INPUT_SAS="+secretSAS("rl"), "ARR_OUTPUT_SAS="+secretSAS("w"), "ARR_STORAGE_SECRET_FILE=x")
	r := service.arr("run", "--interval", "20ms", "--", "env")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	for _, secret := range []string{secretSignature, "ARR_INPUT_SAS", "ARR_OUTPUT_SAS", "ARR_STORAGE_SECRET"} {
		assert.NotContains(t, r.stdout, secret)
	}
}

// A SAS goes only where its user means it to go: anyone who can write an arrconfig.json into the
// working folder could otherwise get one for the user's storage.
func TestAFoundArrconfigLeadsNoSASAway(t *testing.T) {
	blobs := newTestStorage(t, "models", "assets")
	folder := pavilion(t)
	script := `{"accountSettings": {"arrAccountId": "00000000-1111-2222-3333-444455556666",
"arrAccountKey": "theirs", "arrAccountDomain": "https://arr.example.com"},
"renderingSessionSettings": {"remoteRenderingDomain": "https://arr.example.com"}}`
	require.NoError(t, os.WriteFile(filepath.Join(folder, "arrconfig.json"), []byte(script), 0o644))
	cmd := command(t, blobs.environment(), convertArgs(folder, "--use-sas")...)
	cmd.Dir = folder
	output, _ := cmd.CombinedOutput() // the exit code tells
	assert.Equal(t, failure.Usage, cmd.ProcessState.ExitCode(), string(output))
	assert.Contains(t, string(output), "and the SAS for storage is not from that file: name the file with")
	assert.Empty(t, blobs.queries, "nothing was sent")
	assertNoSecret(t, string(output))
}
