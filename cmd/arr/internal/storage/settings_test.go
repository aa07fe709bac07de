// SPDX-License-Identifier: MIT

package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
)

const key = "c2VjcmV0c2VjcmV0c2VjcmV0" // in Base64

func TestSettingsFromTheEnvironment(t *testing.T) {
	environment := map[string]string{
		"AZURE_STORAGE_ACCOUNT": "a", "AZURE_STORAGE_KEY": "k", "AZURE_STORAGE_SAS_TOKEN": "s",
		"AZURE_STORAGE_CONNECTION_STRING": "c", "AZURE_STORAGE_SERVICE_ENDPOINT": "e",
	}
	assert.Equal(t, storage.Settings{Account: "a", Key: "k", SAS: "s", ConnectionString: "c", Endpoint: "e"},
		storage.FromEnvironment(func(name string) string { return environment[name] }))
}

func TestContainersHaveTheirAddress(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings storage.Settings
		account  string
		want     string
	}{
		{
			"account and key", storage.Settings{Account: "models01", Key: key}, "models01",
			"https://models01.blob.core.windows.net/in",
		},
		{
			"account and SAS", storage.Settings{Account: "models01", SAS: "?sp=rl&sig=x"}, "models01",
			"https://models01.blob.core.windows.net/in",
		},
		{
			"Entra in another cloud", storage.Settings{Endpoint: "https://models01.blob.core.chinacloudapi.cn/"},
			"models01",
			"https://models01.blob.core.chinacloudapi.cn/in",
		},
		{
			"connection string",
			storage.Settings{
				ConnectionString: "AccountName=m01;AccountKey=" + key + ";EndpointSuffix=x.y",
			},
			"m01", "https://m01.blob.x.y/in",
		},
		{
			"connection string with a SAS",
			storage.Settings{
				ConnectionString: "BlobEndpoint=https://m01.blob.x.y/;SharedAccessSignature=sp=rl&sig=a%3D",
			},
			"m01", "https://m01.blob.x.y/in",
		},
		{
			"development storage", storage.Settings{ConnectionString: "UseDevelopmentStorage=true"}, "devstoreaccount1",
			"http://127.0.0.1:10000/devstoreaccount1/in",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := storage.New(c.settings)
			require.NoError(t, err)
			assert.Equal(t, c.account, a.Name())
			assert.Equal(t, c.want, a.ContainerURL("in"))
			assert.Equal(t, c.want+"/a/b%20c%23.glb", a.BlobURL("in", "a/b c#.glb"))
		})
	}
}

func TestSettingsThatDoNotWork(t *testing.T) {
	for want, settings := range map[string]storage.Settings{
		"there is no storage account":      {Key: key},
		"3 to 24 lower-case":               {Account: "https://models01", Key: key},
		"set AZURE_STORAGE_KEY or":         {Account: "models01", Key: key, SAS: "sig=c2VjcmV0"},
		"leave AZURE_STORAGE_KEY":          {ConnectionString: "AccountName=m", Key: key},
		"neither AccountKey nor":           {ConnectionString: "AccountName=c2VjcmV0"},
		"a part without =":                 {ConnectionString: "c2VjcmV0"},
		"not Base64":                       {Account: "models01", Key: "c2VjcmV0!"},
		"the SAS has no signature":         {Account: "models01", SAS: "c2VjcmV0"},
		"not a URL of http or https":       {Endpoint: "models01"},
		"set a SAS by AZURE_STORAGE_SAS":   {Endpoint: "https://m.blob.x.y?sig=c2VjcmV0"},
		"only emulators may be":            {Endpoint: "http://m.blob.x.y", Key: key},
		"the SAS is an address; give only": {Account: "models01", SAS: "https://a/b?sig=c2VjcmV0"},
	} {
		_, err := storage.New(settings)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "c2VjcmV0")
	}
}

func TestSettingsDoNotShowSecrets(t *testing.T) {
	settings := storage.Settings{
		Account:          "models01",
		Key:              key,
		SAS:              "sig=" + key,
		ConnectionString: "AccountKey=" + key,
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, settings), key)
		assert.NotContains(t, fmt.Sprintf(verb, &settings), key)
	}
	text, err := json.Marshal(settings)
	require.NoError(t, err)
	assert.NotContains(t, string(text), key)
	a, err := storage.New(storage.Settings{Account: "models01", SAS: "sp=rl&sig=" + key})
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%+v", a), key)
}

func TestSignaturesAreNarrow(t *testing.T) {
	a, err := storage.New(storage.Settings{Account: "models01", Key: key})
	require.NoError(t, err)
	before := time.Now()
	input, err := a.ContainerSAS(t.Context(), "models", storage.InputRights, time.Hour)
	require.NoError(t, err)
	assert.Regexp(t, `(^|&)sp=rl(&|$)`, input.Reveal())
	assert.Regexp(t, `(^|&)sr=c(&|$)`, input.Reveal())
	assert.Regexp(t, `(^|&)spr=https(&|$)`, input.Reveal())
	assert.Contains(t, input.Reveal(), "st=", "it begins before now, because clocks differ")
	assert.WithinDuration(t, before.Add(time.Hour), input.Expiry(), 2*time.Second)
	output, err := a.ContainerSAS(t.Context(), "models", storage.OutputRights, time.Hour)
	require.NoError(t, err)
	assert.True(t, output.Allows("w"))
	assert.False(t, output.Allows("r"))
	read, err := a.BlobSAS(t.Context(), "models", "a/b.arrAsset", time.Hour)
	require.NoError(t, err)
	assert.Regexp(t, `(^|&)sr=b(&|$)`, read.Reveal())
	for _, validity := range []time.Duration{0, time.Second, 8 * 24 * time.Hour} {
		_, err := a.ContainerSAS(t.Context(), "models", storage.InputRights, validity)
		assert.ErrorContains(t, err, "a SAS lasts from a minute to 7 days")
	}
}

func TestASignInBySASCannotMakeOthers(t *testing.T) {
	for sas, want := range map[string]string{
		"sp=rl&se=2099-01-01&sig=c2VjcmV0":           "",
		"sp=r&se=2099-01-01&sig=c2VjcmV0":            `container models needs "rl"`,
		"sp=rl&se=2020-01-01T00:00:00Z&sig=c2VjcmV0": "expired at 2020",
		"si=policy&sig=c2VjcmV0":                     "",
	} {
		a, err := storage.New(storage.Settings{Account: "models01", SAS: sas})
		require.NoError(t, err)
		made, err := a.ContainerSAS(t.Context(), "models", storage.InputRights, time.Hour)
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, sas, made.Reveal())
			continue
		}
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "c2VjcmV0")
	}
}

func TestContainerNames(t *testing.T) {
	a, err := storage.New(storage.Settings{Account: "models01", Key: key})
	require.NoError(t, err)
	for _, name := range []string{"", "ab", "Models", "-ab", "ab-", "a--b", "a/b", "$root", "a.b"} {
		_, err := a.ContainerSAS(t.Context(), name, storage.InputRights, time.Hour)
		assert.ErrorContains(t, err, "not a name of a container", name)
	}
}

var errNobody = errors.New("nobody has signed in")

type noIdentity struct{}

func (noIdentity) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, errNobody
}

// A credential without a token has nothing to do with the network to storage.
func TestAFailedSignInIsToldApart(t *testing.T) {
	a, err := storage.New(storage.Settings{Account: "models01", Credential: noIdentity{}})
	require.NoError(t, err)
	_, err = a.CreateContainer(t.Context(), "models")
	require.ErrorIs(t, err, errNobody)
	assert.EqualError(t, err, "cannot create container models: nobody has signed in")
	assert.Equal(t, failure.Refused, failure.Code(err))
	var report strings.Builder
	failure.Report(&report, err, "arr convert")
	assert.Contains(t, report.String(), "Sign in to Microsoft Entra")
}
