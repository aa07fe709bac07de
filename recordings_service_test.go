// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/recordings"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// servicePlays says what each recording of the hosted service must yield.
var servicePlays = map[string]func(t *testing.T, file string){
	"js-session-start.yaml":              playSessionWithKey,
	"js-session-invalid-properties.yaml": playInvalidLeaseWithKey,
	"js-sts-get-token.yaml":              playTokens,
	"net-session-simple.yaml":            playSessionWithToken,
	"net-session-failed-request.yaml":    playInvalidLeaseWithToken,
	"js-conversion-success.yaml":         playConversionWithKey,
	"js-conversion-missing-asset.yaml":   playMissingAssetWithKey,
	"js-conversion-no-access.yaml":       playNoAccessWithKey,
	"net-conversion-simple.yaml":         playConversionWithToken,
	"net-conversion-missing-asset.yaml":  playMissingAssetWithToken,
	"net-conversion-no-access.yaml":      playNoAccessWithToken,
}

// TestRecordingsOfTheService replays answers that the hosted service gave to other clients. They
// are no part of this repository: ARR_RECORDINGS names their folder.
func TestRecordingsOfTheService(t *testing.T) {
	folder := os.Getenv("ARR_RECORDINGS")
	if folder == "" {
		t.Skip("ARR_RECORDINGS does not name a folder with recordings of the hosted service")
	}
	for _, file := range recordings.Files(t, folder, "*.yaml") {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			play := servicePlays[name]
			require.NotNil(t, play, "nothing says what this recording must yield")
			synctest.Test(t, func(t *testing.T) { play(t, file) })
		})
	}
}

// keyAccount is the account of the recordings that begin with an exchange. Its domain is the older
// one of East US 2.
var keyAccount = arr.Account{
	ID:     "00000000-1111-2222-3333-444455556666",
	Domain: "eastus2.mixedreality.azure.com",
}

// keyClient plays a cassette to a client with an account key. Its token is no JWT, so nothing can
// be read from it.
func keyClient(t *testing.T, file string) *arr.SessionsClient {
	t.Helper()
	p := recordings.NewPlayer(t, file, testkit.Key, "")
	t.Cleanup(func() { assert.Equal(t, []string{"<access_token>"}, p.Issued()) })
	options := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: p}}
	client, err := arr.NewSessionsClientWithKeyCredential(
		arr.RegionEastUS2.Endpoint(),
		keyAccount,
		azcore.NewKeyCredential(testkit.Key),
		options,
	)
	require.NoError(t, err)
	return client
}

// tokenClient plays a cassette that has no exchange to a client with a ready-made access token.
func tokenClient(t *testing.T, file string) *arr.SessionsClient {
	t.Helper()
	token, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(t, err)
	options := &arr.SessionsClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: recordings.NewPlayer(t, file, "", testkit.Token)},
	}
	client, err := arr.NewSessionsClientWithAccessToken(
		arr.RegionWestEurope.Endpoint(),
		"1b405859-8af9-47e6-941d-9205163c0f63",
		token,
		options,
	)
	require.NoError(t, err)
	return client
}

// playSessionWithKey is May 2021: members without a value are left out.
func playSessionWithKey(t *testing.T, file string) {
	client := keyClient(t, file)
	starting := arr.Session{
		ID:     "sessionId162100057722809393",
		Size:   arr.SessionSizeStandard,
		Status: arr.SessionStatusStarting,
		CreationTime: time.Date(
			2021,
			5,
			14,
			13,
			56,
			19,
			782_603_800,
			time.UTC,
		),
		MaxLeaseTime: 4 * time.Minute,
	}
	extended := starting
	extended.MaxLeaseTime = 5 * time.Minute
	ready := extended
	ready.Status = arr.SessionStatusReady
	ready.Hostname = "1362320837-4b5f741c-707f-43fd-87dc-3e048677f9b8.remoterendering.vm.eastus2.mixedreality.azure.com"
	ready.HandshakePort, ready.ArrInspectorPort, ready.Teraflops = 61353, 50830, 8.1

	poller := checkCreate(t, client, starting, "v/hmx7jChUekfRnVpoUcvA.0")
	checkGet(t, client, starting, "NwwLFYnb8kGLLuWCZe1cwg.0")
	ctx, vector := capturing(t.Context())
	updated, err := client.Update(
		ctx,
		starting.ID,
		arr.UpdateSessionSettings{MaxLeaseTime: 5 * time.Minute},
		nil,
	)
	require.NoError(t, err)
	assert.Equal(
		t,
		arr.UpdateSessionResponse{Session: extended, CorrelationVector: "rjw2qlWGKUCwlg+i+P2Hfg.0"},
		updated,
	)

	// The poller was made before the update, and is polled after it, as in the recording.
	var sessions []arr.Session
	var vectors []string
	begun := time.Now()
	done, err := poller.PollUntilDone(
		ctx,
		&arr.PollUntilDoneOptions{Frequency: 10 * time.Second, Progress: func(s arr.Session) {
			sessions, vectors = append(sessions, s), append(vectors, vector())
		}},
	)
	require.NoError(t, err)
	assert.Equal(
		t,
		arr.CreateSessionResponse{Session: ready, CorrelationVector: "w+ckxqtEPkOyRAm+4uq6Rg.0"},
		done,
	)
	assert.Equal(t, []arr.Session{starting, extended, extended, ready}, sessions)
	require.Len(t, vectors, 4)
	assert.Equal(
		t,
		[]string{
			"649zDlT9Y0uItMTv2mQeKQ.0",
			"7uCLGpQpS0mJfSX3mT3XKA.0",
			"w+ckxqtEPkOyRAm+4uq6Rg.0",
		},
		vectors[1:],
	)
	assert.Equal(t, 30*time.Second, time.Since(begun))

	checkOnlyPage(
		t,
		client,
		arr.ListSessionsResponse{
			Sessions:          []arr.Session{ready},
			CorrelationVector: "iXCkt2k7zkeXydGX34/J1A.0",
		},
	)

	stopped, err := client.Stop(ctx, starting.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, arr.StopSessionResponse{CorrelationVector: "H9Zlro+/A02pHNmVJtrnJg.0"}, stopped)
}

// playSessionWithToken is January 2021: members without a value are null, 0 or 0.0. Each look at
// the session is asked for by itself.
func playSessionWithToken(t *testing.T, file string) {
	client := tokenClient(t, file)
	starting := arr.Session{
		ID:     "a2b38ff2-fbf4-78e5-6702-b52fc9f12a1d",
		Size:   arr.SessionSizeStandard,
		Status: arr.SessionStatusStarting,
		CreationTime: time.Date(
			2021,
			1,
			29,
			16,
			4,
			29,
			156_921_900,
			time.UTC,
		),
		MaxLeaseTime: 4 * time.Minute,
	}
	extended := starting
	extended.MaxLeaseTime = 5 * time.Minute
	ready := extended
	ready.Status = arr.SessionStatusReady
	ready.Hostname = "977007394-13adf859-28b6-4b7f-a0c2-13f4497c15ef" +
		".remoterendering.vm.westeurope.mixedreality.azure.com"
	ready.HandshakePort, ready.ArrInspectorPort, ready.Teraflops = 53197, 55669, 10.6
	stopped := extended
	// the power stays, host and ports go
	stopped.Status, stopped.Teraflops = arr.SessionStatusStopped, 10.6

	ctx := t.Context()
	poller := checkCreate(t, client, starting, "cMGAhl1++ECkmWIec9Ht/w.0")
	checkGet(t, client, starting, "yyrIVkSp1kKMimi+6kxmLw.0")
	updated, err := client.Update(
		ctx,
		starting.ID,
		arr.UpdateSessionSettings{MaxLeaseTime: 5 * time.Minute},
		nil,
	)
	require.NoError(t, err)
	assert.Equal(
		t,
		arr.UpdateSessionResponse{Session: extended, CorrelationVector: "EWbFKvVrH0OnGb3W5XGhSQ.0"},
		updated,
	)
	checkGet(t, client, extended, "iy0z1fUbt0OyppwyvkVSgg.0")

	for _, look := range []struct {
		session arr.Session
		vector  string
	}{
		{extended, "WiAf1YaFbEmGfnt8JpfCwQ.0"}, {extended, "g6f3qsfY40iOJleX5wYimQ.0"},
		{ready, "OXkPmwuzP0+/Eu4fIEAZDw.0"},
	} {
		assert.False(t, poller.Done())
		resp, err := poller.Poll(ctx)
		require.NoError(t, err)
		assert.Equal(t, look.session, poller.Session())
		assert.Equal(t, look.vector, resp.Header.Get("MS-CV"))
	}
	assert.True(t, poller.Done())
	result, err := poller.Result(ctx)
	require.NoError(t, err)
	assert.Equal(
		t,
		arr.CreateSessionResponse{Session: ready, CorrelationVector: "OXkPmwuzP0+/Eu4fIEAZDw.0"},
		result,
	)

	checkOnlyPage(
		t,
		client,
		arr.ListSessionsResponse{
			Sessions:          []arr.Session{ready},
			CorrelationVector: "bnjTkQH8nkmpX6DYYOI1zA.0",
		},
	)

	answer, err := client.Stop(ctx, starting.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, arr.StopSessionResponse{CorrelationVector: "wj8FR62lhk6h1ut1QboSgw.0"}, answer)
	checkGet(t, client, stopped, "Pf1D4038c0qKtBX4jFTfgw.0")
}

func checkGet(t *testing.T, client *arr.SessionsClient, want arr.Session, vector string) {
	t.Helper()
	got, err := client.Get(t.Context(), want.ID, nil)
	require.NoError(t, err)
	assert.Equal(t, arr.GetSessionResponse{Session: want, CorrelationVector: vector}, got)
}

func checkOnlyPage(t *testing.T, client *arr.SessionsClient, want arr.ListSessionsResponse) {
	t.Helper()
	pager := client.NewListPager(nil)
	page, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, page)
	assert.False(t, pager.More())
}

func playInvalidLeaseWithKey(t *testing.T, file string) {
	_, err := keyClient(
		t,
		file,
	).BeginCreate(t.Context(), "sessionId161979114585506877", minusFourMinutes(), nil)
	checkRefused(t, err, refused{
		operation: "create",
		session:   "sessionId161979114585506877",
		host:      "remoterendering.eastus2.mixedreality.azure.com",
		status:    400,
		vector:    "yWZb5GN80UC+N/AhYPyjpg.0",
		detail: &arr.ErrorDetail{
			Code:    "BadRequest",
			Message: "The maxLeaseTimeMinutes value cannot be negative.",
		},
	})
}

func playInvalidLeaseWithToken(t *testing.T, file string) {
	_, err := tokenClient(
		t,
		file,
	).BeginCreate(t.Context(), "b9d789d8-f33c-ef5d-1ca8-9ad6bd4f2f89", minusFourMinutes(), nil)
	checkRefused(t, err, refused{
		operation: "create",
		session:   "b9d789d8-f33c-ef5d-1ca8-9ad6bd4f2f89",
		host:      "remoterendering.westeurope.mixedreality.azure.com",
		status:    400,
		vector:    "+4U9n+1jNUS1W/ipHGuszw.0",
		detail: &arr.ErrorDetail{
			Code:    "BadRequest",
			Message: "The maxLeaseTimeMinutes value cannot be negative.",
		},
	})
}

// minusFourMinutes is for the service to refuse: it knows its bounds, and the client does not.
func minusFourMinutes() arr.CreateSessionSettings {
	return arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: -4 * time.Minute}
}

// playTokens exchanges twice. The tokens ended years before; their lifetime counts from when they
// are received.
func playTokens(t *testing.T, file string) {
	account := arr.Account{
		ID:     "68321d5a-7978-4ceb-b880-0f49751daae9",
		Domain: arr.RegionEastUS2.AccountDomain(),
	}
	answers := &answered{}
	options := &arr.TokenClientOptions{ClientOptions: azcore.ClientOptions{
		Transport:       recordings.NewPlayer(t, file, testkit.Key, ""),
		PerCallPolicies: []policy.Policy{answers},
	}}
	client, err := arr.NewTokenClientWithKeyCredential(
		account,
		azcore.NewKeyCredential(testkit.Key),
		options,
	)
	require.NoError(t, err)
	for _, want := range []string{
		"fake.eyJuYmYiOjE2NzQwNzc3NzQsImV4cCI6MTY3NDE2NDE3NCwiaWF0IjoxNjc0MDc3Nzc0fQ.fake",
		"fake.eyJuYmYiOjE2NzQwODI5NzcsImV4cCI6MTY3NDE2OTM3NywiaWF0IjoxNjc0MDgyOTc3fQ.fake",
	} {
		token, err := client.GetToken(t.Context(), policy.TokenRequestOptions{})
		require.NoError(t, err)
		received := time.Now()
		assert.Equal(t, want, token.Token)
		assert.Equal(t, received.Add(24*time.Hour), token.ExpiresOn)
		assert.Equal(t, received.Add(24*time.Hour-5*time.Minute), token.RefreshOn)
		time.Sleep(87 * time.Minute)
	}
	assert.Equal(
		t,
		[]string{"9rzbJp7axE6v7wmMuz0PvA.0", "Eqf+maCsbkSiPhUhTVbRJQ.0"},
		answers.vectors,
	)
}

// answered is a policy of a caller. Nothing else shows the correlation vector of an exchange that
// went well.
type answered struct{ vectors []string }

func (a *answered) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err == nil {
		a.vectors = append(a.vectors, resp.Header.Get("Ms-Cv"))
	}
	return resp, err
}
