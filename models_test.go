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
		`7`, `"demo"`, `[]`, `{`, `{"id":7}`, `{"id":"demo","status":["Ready"]}`,
	} {
		session := arr.Session{ID: "before"}
		require.Error(t, json.Unmarshal([]byte(text), &session), text)
		assert.Equal(t, "before", session.ID, "what cannot be read changes nothing")
	}
}

// Whatever is wrong with any other member, the rest of the session is read.
func TestOddMembersCountAsAbsent(t *testing.T) {
	const usual = `"id":"demo","status":"Ready","maxLeaseTimeMinutes":30,"elapsedTimeMinutes":4`
	want := arr.Session{
		ID: "demo", Status: "Ready", MaxLeaseTime: 30 * time.Minute, ElapsedTime: 4 * time.Minute,
	}
	for _, odd := range []string{
		`"creationTime":"yesterday"`, `"creationTime":7`, `"size":{}`, `"hostname":["a"]`,
		`"handshakePort":1e300`, `"arrInspectorPort":"none"`, `"teraflops":{}`, `"error":7`,
	} {
		var session arr.Session
		require.NoError(t, json.Unmarshal([]byte("{"+usual+","+odd+"}"), &session), odd)
		assert.Equal(t, want, session, odd)
	}
	for _, minutes := range []string{`99999999999`, `200000000`, `-200000000`, `"soon"`, `true`} {
		var session arr.Session
		text := `{"id":"demo","status":"Ready","maxLeaseTimeMinutes":30,"elapsedTimeMinutes":` + minutes + `}`
		require.NoError(t, json.Unmarshal([]byte(text), &session), minutes)
		assert.Zero(t, session.ElapsedTime, minutes)
		assert.Equal(t, 30*time.Minute, session.MaxLeaseTime, minutes)
	}
}

func TestSpellingsThatOtherProgramsMayUse(t *testing.T) {
	created := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, spelling := range []string{
		"2026-03-04T05:06:07", "2026-03-04 05:06:07", "2026-03-04 05:06:07Z", "2026-03-04t05:06:07z",
		"2026-03-04T05:06:07.000000000000Z", "2026-03-04T06:06:07+0100", " 2026-03-04T05:06:07Z ",
		"2026-03-04 06:06:07 +01:00",
	} {
		var session arr.Session
		text := `{"id":"demo","status":"Ready","creationTime":"` + spelling + `"}`
		require.NoError(t, json.Unmarshal([]byte(text), &session))
		assert.Equal(t, created, session.CreationTime, spelling)
	}
	for _, minutes := range []string{`30.0`, `30.9`, `3e1`, `"30"`, `" 30.0 "`, `3.05e+1`} {
		var session arr.Session
		text := `{"id":"demo","status":"Ready","maxLeaseTimeMinutes":` + minutes + `}`
		require.NoError(t, json.Unmarshal([]byte(text), &session))
		assert.Equal(t, 30*time.Minute, session.MaxLeaseTime, minutes)
	}
	for spelling, want := range map[string]arr.SessionStatus{
		"Ready": arr.SessionStatusReady, "ready": arr.SessionStatusReady, "READY ": arr.SessionStatusReady,
		"stopped": arr.SessionStatusStopped, "Defrosting": "Defrosting", "defrosting": "defrosting",
	} {
		var session arr.Session
		text := `{"ID":"demo","Status":"` + spelling + `","size":"premium"}`
		require.NoError(t, json.Unmarshal([]byte(text), &session))
		assert.Equal(t, want, session.Status)
		assert.Equal(t, arr.SessionSizePremium, session.Size)
	}
	var session arr.Session
	text := `{"id":"demo","status":"Error","error":"no server is free","size":"Standard"}`
	require.NoError(t, json.Unmarshal([]byte(text), &session))
	assert.Equal(t, &arr.ErrorDetail{Message: "no server is free"}, session.Error)
	text = `{"id":"demo","status":"Error","error":{"code":"A","message":"B","details":7}}`
	require.NoError(t, json.Unmarshal([]byte(text), &session))
	assert.Equal(t, &arr.ErrorDetail{Code: "A", Message: "B"}, session.Error)
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

	conversions := arr.PossibleConversionStatusValues()
	assert.Equal(
		t,
		[]arr.ConversionStatus{"NotStarted", "Running", "Cancelled", "Failed", "Succeeded"},
		conversions,
	)
	conversions = slices.DeleteFunc(
		conversions,
		func(s arr.ConversionStatus) bool { return !s.Ended() },
	)
	assert.Equal(t, []arr.ConversionStatus{"Cancelled", "Failed", "Succeeded"}, conversions)
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
