// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func TestSessionReadsBothSpellingsOfAbsentValues(t *testing.T) {
	want := arr.Session{
		ID:           "demo",
		Size:         arr.SessionSizeStandard,
		Status:       arr.SessionStatusStarting,
		CreationTime: time.Date(2021, 1, 29, 16, 4, 29, 156921900, time.UTC),
		MaxLeaseTime: 4 * time.Minute,
	}
	for name, text := range map[string]string{
		"null and zero": `{"id":"demo","creationTime":"2021-01-29T16:04:29.1569219+00:00",` +
			`"arrInspectorPort":0,"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null,` +
			`"maxLeaseTimeMinutes":4,"size":"Standard","status":"Starting","teraflops":0.0,"error":null}`,
		"left out": `{"id":"demo","creationTime":"2021-01-29T16:04:29.1569219+00:00",` +
			`"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":4,"size":"Standard","status":"Starting"}`,
		"other offset": `{"id":"demo","creationTime":"2021-01-29T17:04:29.1569219+01:00",` +
			`"maxLeaseTimeMinutes":4,"size":"Standard","status":"Starting"}`,
		"unknown too": `{"id":"demo","creationTime":"2021-01-29T16:04:29.1569219Z",` +
			`"maxLeaseTimeMinutes":4,"size":"Standard","status":"Starting","colour":{"a":[1]}}`,
	} {
		session := arr.Session{Hostname: "left over", Error: &arr.ErrorDetail{}, Teraflops: 1}
		require.NoError(t, json.Unmarshal([]byte(text), &session), name)
		assert.Equal(t, want, session, name)
	}
}

func TestSessionGoesToTheWireAndBack(t *testing.T) {
	session := arr.Session{
		ID:               "demo",
		Size:             "Gigantic",
		Status:           "Defrosting",
		CreationTime:     time.Date(2021, 5, 14, 13, 56, 19, 782603800, time.FixedZone("", 3600)),
		ElapsedTime:      7 * time.Minute,
		MaxLeaseTime:     time.Hour,
		Hostname:         "server.example",
		HandshakePort:    61353,
		ArrInspectorPort: 50830,
		Teraflops:        8.1,
		Error: &arr.ErrorDetail{
			Code:       "A",
			Message:    "B",
			Target:     "C",
			Details:    []arr.ErrorDetail{{Code: "D"}},
			InnerError: &arr.ErrorDetail{Code: "E"},
		},
	}
	data, err := json.Marshal(session)
	require.NoError(t, err)
	assert.Equal(
		t,
		`{"id":"demo","creationTime":"2021-05-14T12:56:19.7826038+00:00","arrInspectorPort":50830,`+
			`"handshakePort":61353,"elapsedTimeMinutes":7,`+
			`"hostname":"server.example","maxLeaseTimeMinutes":60,"size":"Gigantic",`+
			`"status":"Defrosting","teraflops":8.1,`+
			`"error":{"code":"A","message":"B","target":"C","details":[{"code":"D","message":""}],`+
			`"innerError":{"code":"E","message":""}}}`,
		string(data),
	)
	var back arr.Session
	require.NoError(t, json.Unmarshal(data, &back))
	session.CreationTime = session.CreationTime.UTC()
	assert.Equal(t, session, back)

	data, err = json.Marshal(
		arr.GetSessionResponse{Session: arr.Session{ID: "a", Size: "Standard", Status: "Starting"}},
	)
	require.NoError(t, err)
	assert.Equal(
		t,
		`{"id":"a","elapsedTimeMinutes":0,"maxLeaseTimeMinutes":0,"size":"Standard","status":"Starting"}`,
		string(data),
	)
}

func TestSessionsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{
		`7`, `"demo"`, `[]`, `{"id":7}`, `{"creationTime":"yesterday"}`, `{"creationTime":7}`,
		`{"elapsedTimeMinutes":"4"}`,
		`{"maxLeaseTimeMinutes":4.5}`, `{"maxLeaseTimeMinutes":99999999999}`, `{"maxLeaseTimeMinutes":200000000}`,
		`{"elapsedTimeMinutes":-200000000}`, `{"handshakePort":1e300}`, `{"error":"text"}`, `{"teraflops":"8.1"}`,
	} {
		session := arr.Session{ID: "before"}
		require.Error(t, json.Unmarshal([]byte(text), &session), text)
		assert.Equal(t, "before", session.ID, "what cannot be read changes nothing")
	}
}

func TestRemainingLease(t *testing.T) {
	const lease = 30 * time.Minute
	for _, test := range []struct {
		status          arr.SessionStatus
		elapsed         time.Duration
		atLeast, atMost time.Duration
	}{
		{arr.SessionStatusStarting, 0, lease, lease},
		{arr.SessionStatusReady, 0, 29 * time.Minute, lease},
		{arr.SessionStatusReady, 12 * time.Minute, 17 * time.Minute, 18 * time.Minute},
		{arr.SessionStatusReady, 30 * time.Minute, 0, 0},
		{arr.SessionStatusReady, 31 * time.Minute, 0, 0},
		{arr.SessionStatusExpired, 30 * time.Minute, 0, 0},
		{arr.SessionStatusStopped, 1 * time.Minute, 0, 0},
		{arr.SessionStatusError, 0, 0, 0},
		{"Defrosting", 10 * time.Minute, 0, 20 * time.Minute},
	} {
		atLeast, atMost := arr.Session{
			Status:       test.status,
			ElapsedTime:  test.elapsed,
			MaxLeaseTime: lease,
		}.RemainingLease()
		assert.Equal(t, test.atLeast, atLeast, "%+v", test)
		assert.Equal(t, test.atMost, atMost, "%+v", test)
	}
}

func TestPossibleValues(t *testing.T) {
	assert.Equal(t, []arr.SessionSize{"Standard", "Premium"}, arr.PossibleSessionSizeValues())
	statuses := arr.PossibleSessionStatusValues()
	assert.Equal(
		t,
		[]arr.SessionStatus{"Starting", "Ready", "Expired", "Stopped", "Error"},
		statuses,
	)
	ended := slices.DeleteFunc(
		slices.Clone(statuses),
		func(s arr.SessionStatus) bool { return !s.Ended() },
	)
	assert.Equal(t, []arr.SessionStatus{"Expired", "Stopped", "Error"}, ended)
	assert.False(t, arr.SessionStatus("Defrosting").Ended())
}

func TestNewSessionID(t *testing.T) {
	form := regexp.MustCompile(
		`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	)
	seen := map[string]bool{}
	for range 1000 {
		id := arr.NewSessionID()
		require.Regexp(t, form, id)
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestRegions(t *testing.T) {
	regions := arr.Regions()
	assert.Len(t, regions, 10)
	assert.True(t, slices.IsSorted(regions))
	assert.Equal(
		t,
		"https://remoterendering.westeurope.mixedreality.azure.com",
		arr.RegionWestEurope.Endpoint(),
	)
	assert.Equal(t, "westeurope.mixedreality.azure.com", arr.RegionWestEurope.AccountDomain())
	assert.Equal(
		t,
		"https://remoterendering.eastus2.mixedreality.azure.com",
		arr.RegionEastUS2.Endpoint(),
	)
	assert.Equal(t, "mixedreality.azure.com", arr.RegionEastUS2.AccountDomain())
	for _, region := range regions {
		client, err := arr.NewSessionsClientWithKeyCredential(
			region.Endpoint()+"/",
			arr.Account{ID: testAccount.ID, Domain: region.AccountDomain()},
			keyCredential,
			nil,
		)
		require.NoError(t, err, region)
		assert.Equal(t, region.Endpoint(), client.Endpoint())
		assert.Equal(
			t,
			strings.TrimPrefix(region.Endpoint(), "https://remoterendering."),
			client.RenderingDomain(),
		)
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		"https://RemoteRendering.WestEurope.MixedReality.Azure.com:443/",
		testAccount,
		keyCredential,
		nil,
	)
	require.NoError(t, err)
	assert.Equal(t, "westeurope.mixedreality.azure.com", client.RenderingDomain())
	regions[0] = "changed"
	assert.NotEqual(t, regions[0], arr.Regions()[0], "the caller's copy is the caller's")
}

// FuzzSessionJSON: what can be read can be written, and is then read the same.
func FuzzSessionJSON(f *testing.F) {
	f.Add([]byte(`{"id":"a","creationTime":"2021-01-29T16:04:29.1569219+00:00","arrInspectorPort":0,` +
		`"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null,"maxLeaseTimeMinutes":4,"size":"Standard",` +
		`"status":"Starting","teraflops":0.0,"error":null}`))
	f.Add([]byte(`{"id":"a","arrInspectorPort":50830,"handshakePort":61353,"elapsedTimeMinutes":3,"hostname":"h",` +
		`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":8.1}`))
	f.Add([]byte(`{"status":"Error","error":{"code":"A","details":[{"code":"B"}],` +
		`"innerError":{"code":"C","innerError":{}}}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second arr.Session
		if json.Unmarshal(data, &first) != nil {
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", data, err)
		}
		if err := json.Unmarshal(written, &second); err != nil {
			t.Fatalf("%s was written and cannot be read: %v", written, err)
		}
		again, err := json.Marshal(second)
		if err != nil || string(again) != string(written) {
			t.Fatalf("%s became %s: %v", written, again, err)
		}
		atLeast, atMost := first.RemainingLease()
		if atLeast < 0 || atLeast > atMost {
			t.Fatalf("remaining lease between %v and %v", atLeast, atMost)
		}
	})
}
