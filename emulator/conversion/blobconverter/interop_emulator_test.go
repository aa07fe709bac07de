// SPDX-License-Identifier: MIT

//go:build interop

package blobconverter_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
	"github.com/arr-go/azremoterendering/internal/model/sample"
)

// emulated is an emulator over an Azurite, and a client of both.
type emulated struct {
	*store
	client   *azremoterendering.ConversionsClient
	emulator *emulator.Emulator
	log      *bytes.Buffer
}

func newEmulated(t *testing.T, options blobconverter.Options) *emulated {
	s := &emulated{store: newStore(t), log: new(bytes.Buffer)}
	e, err := emulator.New(emulator.Options{
		Storage: blobconverter.New(options), Admin: true,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	sessions, err := e.SessionsClient(nil)
	require.NoError(t, err)
	s.client, s.emulator = sessions.NewConversionsClient(), e
	return s
}

// settings ask for a conversion that succeeds if the asset is there.
func (s *emulated) settings(asset string) azremoterendering.ConversionSettings {
	return azremoterendering.ConversionSettings{
		Input: azremoterendering.ConversionInput{
			StorageContainerURL:         s.in.URL(),
			StorageContainerReadListSAS: s.sas("input", "rl", time.Hour),
			BlobPrefix:                  "Input", RelativeInputAssetPath: asset,
		},
		Output: azremoterendering.ConversionOutput{
			StorageContainerURL:      s.out.URL(),
			StorageContainerWriteSAS: s.sas("output", "w", time.Hour),
			BlobPrefix:               "Output",
		},
	}
}

func (s *emulated) convert(
	t *testing.T, settings azremoterendering.ConversionSettings,
) (azremoterendering.Conversion, error) {
	t.Helper()
	poller, err := s.client.BeginCreate(t.Context(), azremoterendering.NewConversionID(), settings, nil)
	if err != nil {
		return azremoterendering.Conversion{}, err
	}
	done, err := poller.PollUntilDone(t.Context(),
		&azremoterendering.PollConversionOptions{Frequency: 20 * time.Millisecond})
	return done.Conversion, err
}

// TestInteropEmulatorConverts uploads a model, converts it, and reads what the conversion left.
func TestInteropEmulatorConverts(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), // of connections that storage keeps for reuse
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
	t.Run("convert", func(t *testing.T) {
		s := newEmulated(t, blobconverter.Options{})
		s.put("Input/models/box.glb", sample.GLB())
		done, err := s.convert(t, s.settings("models/box.glb"))
		require.NoError(t, err)
		assert.Equal(t, s.out.URL()+"/Output/box.arrAsset", done.OutputAssetURL)
		assert.Equal(t, "Input/", done.Settings.Input.BlobPrefix)
		assert.Equal(t, "box.arrAsset", done.Settings.Output.OutputAssetFilename)
		assert.Nil(t, done.Error)
		assert.Equal(t, sample.GLB(), s.get("Output/box.arrAsset"), "a copy: nothing is converted for real")
		advice, err := azremoterendering.NewSizeAdvice(s.get("Output/box.info.json"))
		require.NoError(t, err)
		assert.Equal(t, uint64(sample.Faces), advice.Polygons)
		var results []map[string]any
		require.NoError(t, json.Unmarshal(s.get("Output/box.result.json"), &results))
		assert.Equal(t, map[string]any{"result": "succeeded"}, results[len(results)-1])
	})
}

// TestInteropEmulatorFailures has what goes wrong with storage, as clients see it.
func TestInteropEmulatorFailures(t *testing.T) {
	s := newEmulated(t, blobconverter.Options{Allow: blobconverter.AllowHosts("127.0.0.1")})
	s.put("Input/box.glb", sample.GLB())
	s.put("Input/notes.fbx", []byte("these are notes"))
	for _, c := range []struct {
		name   string
		change func(*azremoterendering.ConversionSettings)
		code   string
		text   string
	}{
		{"missing asset", func(c *azremoterendering.ConversionSettings) {
			c.Input.RelativeInputAssetPath = "boxWhichDoesNotExist.fbx"
		}, "InputContainerError", "Could not find the asset file in the storage account. "},
		{"prefix that is off", func(c *azremoterendering.ConversionSettings) {
			c.Input.BlobPrefix = "input"
		}, "InputContainerError", "Could not find the asset file in the storage account. "},
		{"wrong SAS", func(c *azremoterendering.ConversionSettings) {
			c.Input.StorageContainerReadListSAS = strings.Replace(
				c.Input.StorageContainerReadListSAS, "sig=", "sig=AAAA", 1)
		}, "InputContainerAccessDenied", "SAS"},
		{"SAS that is too narrow", func(c *azremoterendering.ConversionSettings) {
			c.Input.StorageContainerReadListSAS = s.sas("input", "r", time.Hour)
		}, "InputContainerAccessDenied", "read and list"},
		{"SAS that has expired", func(c *azremoterendering.ConversionSettings) {
			c.Input.StorageContainerReadListSAS = s.sas("input", "rl", -time.Minute)
		}, "InputContainerAccessDenied", "SAS"},
		{"no write", func(c *azremoterendering.ConversionSettings) {
			c.Output.StorageContainerWriteSAS = s.sas("output", "r", time.Hour)
		}, "OutputContainerAccessDenied", "write"},
		{"no model", func(c *azremoterendering.ConversionSettings) {
			c.Input.RelativeInputAssetPath = "notes.fbx"
		}, "ConversionProcessFailed", "Invalid input provided."},
		{"a host that is not allowed", func(c *azremoterendering.ConversionSettings) {
			c.Input.StorageContainerURL = "http://127.0.0.2:1/devstoreaccount1/input"
		}, "InternalServerError", "internal error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings := s.settings("box.glb")
			c.change(&settings)
			_, err := s.convert(t, settings)
			failed, ok := errors.AsType[*azremoterendering.ConversionFailedError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, azremoterendering.ConversionStatusFailed, failed.Conversion.Status)
			assert.Equal(t, c.code, failed.Conversion.Error.Code)
			assert.Contains(t, failed.Conversion.Error.Message, c.text)
			s.hides(t, settings, err.Error(), failed.Conversion.Error.Message)
		})
	}
	assert.Nil(t, s.get("Output/box.arrAsset"), "no failure left an asset")
	assert.NotNil(t, s.get("Output/notes.result.json"), "it says why")
}

// hides sees that no signature is in texts, the log, the page and the state.
func (s *emulated) hides(t *testing.T, settings azremoterendering.ConversionSettings, texts ...string) {
	t.Helper()
	texts = append(texts, s.log.String())
	for _, address := range []string{"http://localhost/", "http://localhost/_emulator/state"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		resp, err := s.emulator.Transport().Do(req)
		require.NoError(t, err)
		var body bytes.Buffer
		_, err = body.ReadFrom(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		texts = append(texts, body.String())
	}
	for _, sas := range []string{
		settings.Input.StorageContainerReadListSAS, settings.Output.StorageContainerWriteSAS,
	} {
		query, err := url.ParseQuery(strings.TrimPrefix(sas, "?"))
		require.NoError(t, err)
		signature := query.Get("sig")
		require.NotEmpty(t, signature)
		for _, text := range texts {
			assert.NotContains(t, text, signature)
			assert.NotContains(t, text, url.QueryEscape(signature))
		}
	}
}

// TestInteropEmulatorAndLinkedStorage converts without a SAS where storage is linked, and is
// refused by PUT where it is not.
func TestInteropEmulatorAndLinkedStorage(t *testing.T) {
	var linked *store
	for _, c := range []struct {
		name    string
		options blobconverter.Options
		denied  bool
	}{
		{"not linked", blobconverter.Options{}, true},
		{"linked", blobconverter.Options{Open: func(address string) (*container.Client, error) {
			return container.NewClientWithSharedKeyCredential(address, linked.key, nil)
		}}, false},
		{"another account is linked", blobconverter.Options{Open: func(string) (*container.Client, error) {
			return nil, errors.New("that account is not linked")
		}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newEmulated(t, c.options)
			linked = s.store
			s.put("Input/box.glb", sample.GLB())
			settings := s.settings("box.glb")
			settings.Input.StorageContainerReadListSAS, settings.Output.StorageContainerWriteSAS = "", ""
			_, err := s.convert(t, settings)
			if !c.denied {
				require.NoError(t, err)
				assert.NotNil(t, s.get("Output/box.arrAsset"))
				return
			}
			refused, ok := errors.AsType[*azremoterendering.ServiceError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, http.StatusForbidden, refused.StatusCode)
			assert.Equal(t, "DelegatedResourceAccessError", refused.Code)
			assert.Contains(t, refused.Message, "storage account due to insufficient permissions")
		})
	}
}
