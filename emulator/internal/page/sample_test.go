// SPDX-License-Identifier: MIT

package page

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/connect"
)

const accountID = "00000000-1111-2222-3333-444455556666"

const otherAccountID = "7d0a3f52-4c1b-4e0e-9a51-2f6f3f0c8a77"

// pageSample is a page with something of everything, at a fixed time.
func pageSample() Page {
	p := Page{State: sampleState(), Answered: 2020, Older: 3, Token: "TOKEN"}
	p.Connection.Connection = connect.Connection{
		Endpoint: "http://127.0.0.1:20210", STSEndpoint: "http://127.0.0.1:20210", AccountID: accountID,
		AccountKey: "key", AccountDomain: "westeurope.mixedreality.azure.com",
	}
	var living, ended []Session
	for _, s := range slices.Backward(p.Sessions) {
		if s.EndedAt.IsZero() {
			living = append(living, s)
		} else {
			ended = append(ended, s)
		}
	}
	p.Living, p.Ended, p.Sessions = len(living), len(ended), append(living, ended...)
	slices.Reverse(p.Conversions)
	p.AllConversions, p.MatchingConversions = len(p.Conversions), len(p.Conversions)
	p.Matching = len(p.Sessions)
	p.Accounts[0].Living, p.Accounts[0].Ended = 3, 4
	p.Accounts[1].Living = 1
	return p
}

func sampleState() State {
	now := time.Date(2021, time.May, 4, 12, 30, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const m = time.Minute
	host := "vmss000001.5f3c2a.westeurope.mixedreality.azure.com"
	sample := func(id string, status azremoterendering.SessionStatus, created, lease time.Duration) Session {
		return Session{
			Account: accountID,
			Region:  "westeurope",
			Since:   ago(created),
			Session: azremoterendering.Session{
				ID:           id,
				Status:       status,
				Size:         "Standard",
				CreationTime: ago(created),
				MaxLeaseTime: lease,
			},
		}
	}
	ready := func(s Session, at time.Time) Session {
		s.ReadyAt, s.Since, s.LeaseEnd = at, at, at.Add(s.Session.MaxLeaseTime)
		return s
	}
	over := func(s Session, at time.Time) Session {
		s.EndedAt, s.Since = at, at
		return s
	}
	rendering := ready(
		sample("showroom-7f3b", azremoterendering.SessionStatusReady, 8*m, 10*m),
		ago(6*m+20*time.Second),
	)
	rendering.Session.Hostname, rendering.Session.HandshakePort, rendering.Session.ArrInspectorPort = host, 50051, 50052
	long := ready(
		sample("review_board", azremoterendering.SessionStatusReady, 17*m, 4*time.Hour+30*m),
		ago(15*m),
	)
	long.Session.Hostname, long.Session.HandshakePort, long.Session.Size = host, 50051, "Premium"
	long.Region, long.Account = "eastus", otherAccountID
	starting := sample(
		"c1f0f6ae-8d53-4a4c-9f2b-1d5a0f3f7c10",
		azremoterendering.SessionStatusStarting,
		70*time.Second,
		5*m,
	)
	starting.LeaseEnd = now.Add(100*time.Second + 5*m)
	unknown := ready(sample("moved", "Migrating", 11*m, 20*m), ago(9*m))
	unknown.Since = ago(2 * m)
	failed := over(
		sample("too-many", azremoterendering.SessionStatusError, 12*m, 30*m),
		ago(9*m+30*time.Second),
	)
	failed.Session.Error = &azremoterendering.ErrorDetail{
		Code:    "CapacityExceeded",
		Message: "No server of this size is free in the region.",
	}
	sessions := []Session{
		over(
			ready(
				sample("yesterday", azremoterendering.SessionStatusExpired, 26*time.Hour, 15*m),
				ago(26*time.Hour-2*m),
			),
			ago(26*time.Hour-17*m),
		),
		over(
			ready(
				sample("night-build-114", azremoterendering.SessionStatusExpired, 19*m, 5*m),
				ago(17*m),
			),
			ago(12*m),
		),
		long,
		failed,
		unknown,
		over(
			ready(
				sample("showroom-7f3a", azremoterendering.SessionStatusStopped, 10*m, 10*m),
				ago(9*m),
			),
			ago(4*m),
		),
		rendering,
		starting,
	}
	return State{
		Time: now,
		Accounts: []Account{
			{ID: accountID, Domain: "westeurope.mixedreality.azure.com", Region: "westeurope"},
			{ID: otherAccountID, Domain: "eastus.mixedreality.azure.com", Region: "eastus"},
		},
		Sessions:    sessions,
		Conversions: sampleConversions(now),
		Requests:    sampleRequests(now),
		Faults: []Fault{
			{
				ID: 1, Matched: 9, Affected: 3, Name: "busy",
				What: "operation=GetSession session=c1f0* probability=0.3 status=503 retry-after=2s",
			},
			{ID: 2, What: "operation=CreateSession drop=after"},
		},
	}
}

func sampleConversions(now time.Time) []Conversion {
	sample := func(id string, status azremoterendering.ConversionStatus, created time.Duration) Conversion {
		at := now.Add(-created)
		return Conversion{Account: accountID, Region: "westeurope", Since: at,
			Conversion: azremoterendering.Conversion{
				ID: id, Status: status, CreationTime: at,
				Settings: azremoterendering.ConversionSettings{
					Input: azremoterendering.ConversionInput{
						StorageContainerURL: "https://models.blob.core.windows.net/arrinput",
						BlobPrefix:          "showroom/", RelativeInputAssetPath: "engine/engine v6.fbx",
					},
					Output: azremoterendering.ConversionOutput{
						StorageContainerURL: "https://models.blob.core.windows.net/arroutput",
						BlobPrefix:          "showroom/", OutputAssetFilename: "engine v6.arrAsset",
					},
				},
			}}
	}
	started := func(c Conversion) Conversion {
		c.StartedAt = c.Conversion.CreationTime.Add(11 * time.Second)
		c.Since = c.StartedAt
		return c
	}
	over := func(c Conversion, after time.Duration) Conversion {
		c.EndedAt = c.Conversion.CreationTime.Add(after)
		c.Since = c.EndedAt
		return c
	}
	failed := over(started(sample("box-2", azremoterendering.ConversionStatusFailed, 21*time.Minute)), time.Minute)
	failed.Conversion.Error = &azremoterendering.ErrorDetail{
		Code:    "InputContainerError",
		Message: "Could not find the asset file in the storage account.",
	}
	other := started(sample("line_7", "Verifying", 2*time.Minute))
	other.Account, other.Region = otherAccountID, "eastus"
	return []Conversion{
		over(started(sample("engine-v6", azremoterendering.ConversionStatusSucceeded, 25*time.Hour)), 74*time.Second),
		failed,
		over(sample("box-3", azremoterendering.ConversionStatusCancelled, 20*time.Minute), 5*time.Second),
		started(sample("0c0e9bd4-3b8e-4f0e-a3c8-2f6a54a3d5aa",
			azremoterendering.ConversionStatusRunning, 50*time.Second)),
		sample("engine-v7", azremoterendering.ConversionStatusNotStarted, 4*time.Second),
		other,
	}
}

func sampleRequests(now time.Time) []Request {
	var requests []Request
	add := func(before time.Duration, operation, method, id string, status int, took time.Duration) {
		n := len(requests)
		requests = append(requests, Request{
			Sequence: uint64(n + 1),
			Time: now.Add(
				-before,
			),
			Operation:         operation,
			Method:            method,
			Account:           accountID,
			Region:            "westeurope",
			Session:           id,
			Status:            status,
			CorrelationVector: strings.Repeat(string(rune('A'+n)), 22) + ".0",
			Duration:          took,
		})
	}
	add(time.Hour*14, "GetToken", "GET", "", 200, 2310*time.Microsecond)
	add(95*time.Second, "CreateSession", "PUT", "too-many", 409, 310*time.Microsecond)
	add(71*time.Second, "GetToken", "GET", "", 401, 90*time.Microsecond)
	add(
		70*time.Second,
		"CreateSession",
		"PUT",
		"c1f0f6ae-8d53-4a4c-9f2b-1d5a0f3f7c10",
		201,
		420*time.Microsecond,
	)
	add(
		40*time.Second,
		"GetSession",
		"GET",
		"c1f0f6ae-8d53-4a4c-9f2b-1d5a0f3f7c10",
		503,
		12*time.Millisecond,
	)
	add(
		38*time.Second,
		"GetSession",
		"GET",
		"c1f0f6ae-8d53-4a4c-9f2b-1d5a0f3f7c10",
		200,
		3*time.Second,
	)
	add(20*time.Second, "ListSessions", "GET", "", 0, 1500*time.Millisecond)
	add(5*time.Second, "unknown", "BREW", "", 404, 50*time.Microsecond)
	add(3*time.Second, "StopSession", "POST", "showroom-7f3a", 204, 130*time.Microsecond)
	add(2*time.Second, "GetConversion", "GET", "", 200, 90*time.Microsecond)
	requests[len(requests)-1].Conversion = "engine-v7"
	requests[4].Faults = []string{"busy"}
	requests[4].ErrorCode = "ServiceUnavailable"
	requests[6].Faults = []string{"busy", "drop=after"}
	return requests
}

// storySample is the story of a session that a fault has struck.
func storySample() Page {
	p := pageSample()
	starting := slices.IndexFunc(p.Sessions, func(s Session) bool { return s.Session.ID == sampleStory })
	story := &Story{Session: p.Sessions[starting], Earlier: 1}
	for _, r := range p.Requests {
		if r.Session == sampleStory {
			r.UserAgent = "azsdk-go-azremoterendering/v0.1.0"
			r.ResponseBody = `{"id":"` + sampleStory + `","status":"Starting","numbers":[1.0,null]}`
			if r.Method == http.MethodPut {
				r.RequestBody = `{"maxLeaseTimeMinutes":5,"size":"Standard"}`
			}
			story.Requests = append(story.Requests, r)
		}
	}
	story.Requests[1].ResponseBody = "(33 bytes, not JSON)"
	p.Query.Session, p.Query.Account, p.Query.Region = sampleStory, accountID, "westeurope"
	p.Story = story
	return p
}

const sampleStory = "c1f0f6ae-8d53-4a4c-9f2b-1d5a0f3f7c10"
