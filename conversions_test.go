// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// pavilion is a conversion of a model between two containers.
var pavilion = arr.ConversionSettings{
	Input: arr.ConversionInput{
		StorageContainerURL:         "https://demo.blob.core.windows.net/input",
		StorageContainerReadListSAS: "?sv=2024&sp=rl&sig=input-signature",
		BlobPrefix:                  "models",
		RelativeInputAssetPath:      "pavilion.glb",
	},
	Output: arr.ConversionOutput{
		StorageContainerURL:      "https://demo.blob.core.windows.net/output",
		StorageContainerWriteSAS: "sv=2024&sp=w&sig=output-signature",
	},
}

// converter returns a conversions client of an emulator, and its network.
func converter(
	t testing.TB,
	options emulator.Options,
	configure ...func(*arr.SessionsClientOptions),
) (*arr.ConversionsClient, *testkit.Wire) {
	t.Helper()
	sessions, w := newClient(t, newEmulator(t, options), configure...)
	return sessions.NewConversionsClient(), w
}

// Each constructor makes a client that signs in on its own, without a client for sessions.
func TestConstructorsOfConversionsClients(t *testing.T) {
	service := newEmulator(t, emulator.Options{AcceptIdentity: func(string) error { return nil }})
	options := &arr.ConversionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: service.Transport()}}
	identity := testkit.Credential(func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
		return azcore.AccessToken{Token: "entra-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
	})
	key := azcore.NewKeyCredential(service.Key())
	tokens, err := arr.NewTokenClientWithKeyCredential(service.Account(), key,
		&arr.TokenClientOptions{ClientOptions: options.ClientOptions})
	require.NoError(t, err)
	for name, construct := range map[string]func() (*arr.ConversionsClient, error){
		"identity": func() (*arr.ConversionsClient, error) {
			return arr.NewConversionsClient(endpoint, service.Account(), identity, options)
		},
		"account key": func() (*arr.ConversionsClient, error) {
			return arr.NewConversionsClientWithKeyCredential(endpoint, service.Account(), key, options)
		},
		"access token": func() (*arr.ConversionsClient, error) {
			return arr.NewConversionsClientWithAccessToken(endpoint, service.Account().ID, tokens, options)
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := construct()
			require.NoError(t, err)
			assert.Equal(t, endpoint, client.Endpoint())
			for _, err := range client.All(t.Context(), nil) {
				require.NoError(t, err)
			}
		})
	}
}

func TestLifeOfAConversion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := converter(t, emulator.Options{Conversions: emulator.ConversionOptions{
			Times: emulator.FixedConversion(5*time.Second, time.Minute),
		}})
		poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		assert.True(t, poller.Created())
		assert.Equal(t, arr.ConversionStatusNotStarted, poller.Conversion().Status)

		var seen []arr.ConversionStatus
		done, err := poller.PollUntilDone(t.Context(), &arr.PollConversionOptions{
			Progress: func(c arr.Conversion) { seen = append(seen, c.Status) },
		})
		require.NoError(t, err)
		assert.Equal(t, arr.ConversionStatusSucceeded, done.Status)
		assert.Equal(t,
			"https://demo.blob.core.windows.net/output/pavilion.arrAsset", done.OutputAssetURL)
		assert.Equal(t, "models/", done.Settings.Input.BlobPrefix, "the service adds the slash")
		assert.Equal(t, "pavilion.arrAsset", done.Settings.Output.OutputAssetFilename)
		assert.Contains(t, seen, arr.ConversionStatusRunning)
		assert.NotEmpty(t, done.CorrelationVector)

		got, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, done.Conversion, got.Conversion)
		for conversion, err := range client.All(t.Context(), nil) {
			require.NoError(t, err)
			assert.Equal(t, done.Conversion, conversion)
		}
	})
}

func TestCreateOfAConversionThatExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := converter(t, emulator.Options{})
		_, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		assert.False(t, poller.Created())

		other := pavilion
		other.Input.RelativeInputAssetPath = "other.glb"
		_, err = client.BeginCreate(t.Context(), "demo", other, nil)
		require.ErrorIs(t, err, arr.ErrConflict)
		_, err = client.Get(t.Context(), "unknown", nil)
		require.ErrorIs(t, err, arr.ErrNotFound)
	})
}

func TestStorageThatIsNotLinkedIsForbidden(t *testing.T) {
	client, _ := converter(t, emulator.Options{})
	settings := pavilion
	settings.Input.StorageContainerReadListSAS = ""
	settings.Output.StorageContainerWriteSAS = ""
	_, err := client.BeginCreate(t.Context(), "demo", settings, nil)
	var refused *arr.ServiceError
	require.ErrorAs(t, err, &refused)
	assert.ErrorIs(t, err, arr.ErrForbidden)
	assert.Equal(t, "DelegatedResourceAccessError", refused.Code)
	assert.Contains(t, refused.Message, "permissions")
	assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
	assert.Contains(t, refused.Advice(), "SAS")
}

// A lost answer leaves no doubt if the repeat of the create meets its own conversion.
func TestARepeatedCreateMeetsItsOwnConversion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := converter(t, emulator.Options{})
		lost := false
		w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method == http.MethodPut && !lost {
				lost = true
				return testkit.LoseAnswer(req, forward)
			}
			return forward()
		})
		poller, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		assert.False(t, poller.Created())
	})
}

func TestOutcomeOfACreateWithoutAnswer(t *testing.T) {
	refuse := func(status int) testkit.Handler {
		return func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, status, ""), nil
		}
	}
	answer := func(body string) testkit.Handler {
		return func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, 201, body), nil
		}
	}
	for name, c := range map[string]struct {
		handle  testkit.Handler
		unknown bool
	}{
		"lost":                       {testkit.LoseAnswer, true},
		"504":                        {refuse(504), true},
		"400":                        {refuse(400), false},
		"429":                        {refuse(429), false},
		"no JSON":                    {answer("<html>"), true},
		"about another":              {answer(testkit.ConversionJSON("other", "", "NotStarted")), true},
		"without an id":              {answer(`{"status":"NotStarted"}`), true},
		"with odd members otherwise": {answer(`{"id":"demo","status":"NotStarted","settings":7}`), false},
	} {
		client, w := converter(t, emulator.Options{}, noRetries)
		w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method != http.MethodPut {
				return forward()
			}
			return c.handle(req, forward)
		})
		_, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
		assert.Equal(t, c.unknown, errors.Is(err, arr.ErrOutcomeUnknown), "%s: %v", name, err)
	}
}

// What the emulator cannot show: states that are not the service's, and odd members.
func TestConversionsAreReadLeniently(t *testing.T) {
	var read arr.Conversion
	require.NoError(t, json.Unmarshal([]byte(`{"id":"demo","status":"SUCCEEDED",`+
		`"creationTime":"2021-04-30 10:11:12","settings":{"inputLocation":7,`+
		`"outputLocation":{"blobPrefix":"out/"}},"output":{"outputAssetUri":7},"error":"odd"}`), &read))
	assert.Equal(t, arr.ConversionStatusSucceeded, read.Status)
	assert.Equal(t, time.Date(2021, 4, 30, 10, 11, 12, 0, time.UTC), read.CreationTime)
	assert.Equal(t, "out/", read.Settings.Output.BlobPrefix)
	assert.Empty(t, read.OutputAssetURL)
	for _, body := range []string{`7`, `{"id":7}`, `{"id":"demo","status":{}}`} {
		assert.Error(t, json.Unmarshal([]byte(body), &read), body)
	}
}

func TestOneOddConversionHidesNoOther(t *testing.T) {
	client, w := converter(t, emulator.Options{})
	pages := []string{
		`{"conversions":[` + testkit.ConversionJSON("a", "", "Running") + `,7,{"status":"Failed"}],` +
			`"@nextLink":"?skiptoken=2"}`,
		`{"conversions":[` + testkit.ConversionJSON("b", "", "Failed") + `],"@nextLink":null}`,
	}
	w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if testkit.IsExchange(req) {
			return forward()
		}
		page := pages[0]
		pages = pages[1:]
		return testkit.Answer(req, 200, page), nil
	})
	var ids []string
	for conversion, err := range client.All(t.Context(), nil) {
		require.NoError(t, err)
		ids = append(ids, conversion.ID)
	}
	assert.Equal(t, []string{"a", "b"}, ids)
}

func TestNextLinksOfConversionsStayInTheAccount(t *testing.T) {
	client, w := converter(t, emulator.Options{})
	w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if testkit.IsExchange(req) {
			return forward()
		}
		return testkit.Answer(req, 200, `{"conversions":[],"@nextLink":"https://evil.example/"}`), nil
	})
	pager := client.NewListPager(nil)
	_, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	_, err = pager.NextPage(t.Context())
	require.ErrorContains(t, err, "leaves this account")
}

func TestBothClientsShareOneSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conversions, w := converter(t, emulator.Options{})
		sessions := conversions.NewSessionsClient()
		_, err := sessions.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		_, err = conversions.BeginCreate(t.Context(), "demo", pavilion, nil)
		require.NoError(t, err)
		assert.Equal(t, 1, w.Count("STS"))
	})
}

func TestSettingsOfConversionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*arr.ConversionSettings){
		"Input.StorageContainerURL": func(s *arr.ConversionSettings) {
			s.Input.StorageContainerURL += "?sig=leaked"
		},
		"Output.StorageContainerURL": func(s *arr.ConversionSettings) {
			s.Output.StorageContainerURL = "https://u:leaked@demo.blob.core.windows.net/output"
		},
		"Input.StorageContainerReadListSAS": func(s *arr.ConversionSettings) {
			s.Input.StorageContainerReadListSAS = "https://demo.blob.core.windows.net/input?sig=leaked"
		},
		"Input.RelativeInputAssetPath": func(s *arr.ConversionSettings) {
			s.Input.RelativeInputAssetPath = ""
		},
		"Input.BlobPrefix":           func(s *arr.ConversionSettings) { s.Input.BlobPrefix = "a?sig=leaked" },
		"Output.OutputAssetFilename": func(s *arr.ConversionSettings) { s.Output.OutputAssetFilename = "leaked" },
	} {
		client, w := converter(t, emulator.Options{})
		settings := pavilion
		change(&settings)
		_, err := client.BeginCreate(t.Context(), "demo", settings, nil)
		var invalid *arr.InvalidArgumentError
		require.ErrorAs(t, err, &invalid, name)
		assert.Equal(t, name, invalid.Name)
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "leaked")
		assert.Empty(t, w.Sent(), "nothing is sent")
	}
	for _, id := range []string{"", "a/b", strings.Repeat("a", 257)} {
		client, _ := converter(t, emulator.Options{})
		_, err := client.Get(t.Context(), id, nil)
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
	}
}

// The service gets the SAS without its question mark, whatever was given.
func TestTheSASGoesToTheService(t *testing.T) {
	client, w := converter(t, emulator.Options{})
	var body string
	w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if req.Method == http.MethodPut {
			data, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			assert.Equal(t, int64(len(data)), req.ContentLength)
			body = string(data)
			return testkit.Answer(req, 201, testkit.ConversionJSON("demo", "", "NotStarted")), nil
		}
		return forward()
	})
	_, err := client.BeginCreate(t.Context(), "demo", pavilion, nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"settings":{"inputLocation":{
		"storageContainerUri":"https://demo.blob.core.windows.net/input",
		"storageContainerReadListSas":"sv=2024&sp=rl&sig=input-signature",
		"blobPrefix":"models","relativeInputAssetPath":"pavilion.glb"},
		"outputLocation":{"storageContainerUri":"https://demo.blob.core.windows.net/output",
		"storageContainerWriteSas":"sv=2024&sp=w&sig=output-signature"}}}`, body)
}

// FuzzConversionJSON: what can be read can be written, holds no SAS, and is then read the same.
func FuzzConversionJSON(f *testing.F) {
	f.Add(testkit.ConversionJSON("demo", `"error":null,`, "Running"))
	f.Add(testkit.ConversionJSON("demo", `"output":{"outputAssetUri":"https://h/c/a.arrAsset?sig=x"},`, "Succeeded"))
	f.Add(`{"id":"demo","status":"Failed","error":{"code":7},"settings":{"inputLocation":[]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var first, second arr.Conversion
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		data, err := json.Marshal(first)
		if err != nil {
			return // a year beyond 9999
		}
		if err := json.Unmarshal(data, &second); err != nil {
			t.Fatalf("%s cannot be read: %v", data, err)
		}
		again, err := json.Marshal(second)
		if err != nil || string(again) != string(data) {
			t.Fatalf("%s became %s: %v", data, again, err)
		}
	})
}
