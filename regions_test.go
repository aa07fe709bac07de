// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
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

var threeRegions = []string{
	arr.RegionWestEurope.Endpoint(), arr.RegionNorthEurope.Endpoint(), arr.RegionUKSouth.Endpoint(),
}

// inThreeRegions returns clients of an emulator that serves all regions, and their network.
func inThreeRegions(t *testing.T) (*arr.RegionsClient, *testkit.Wire) {
	t.Helper()
	e := newEmulator(t, emulator.Options{})
	network := &testkit.Wire{Next: e.Transport()}
	first, err := arr.NewSessionsClientWithKeyCredential(
		threeRegions[0],
		e.Account(),
		azcore.NewKeyCredential(e.Key()),
		&arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{
			Transport: network,
			Retry:     policy.RetryOptions{MaxRetries: -1},
		}},
	)
	require.NoError(t, err)
	regions, err := first.InRegions(threeRegions...)
	require.NoError(t, err)
	return regions, network
}

// failing makes the requests to one region fail.
func failing(region arr.Region, err error) testkit.Handler {
	return func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if strings.Contains(req.URL.Host, string(region)) &&
			strings.HasPrefix(req.URL.Host, "remoterendering.") {
			return nil, err
		}
		return forward()
	}
}

func create(t *testing.T, client *arr.SessionsClient, id string) {
	t.Helper()
	_, err := client.BeginCreate(t.Context(), id, halfHour, nil)
	require.NoError(t, err)
}

// listed returns the ids of the sessions with their regions, sorted, and the errors.
func listed(ctx context.Context, r *arr.RegionsClient) (sessions []string, failures []error) {
	for session, err := range r.All(ctx, nil) {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		sessions = append(sessions, session.ID+" in "+string(session.Client.Region()))
	}
	slices.Sort(sessions)
	return sessions, failures
}

func TestRegionsShareOneTokenExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		for i, client := range regions.Clients() {
			create(t, client, []string{"a", "b", "c"}[i])
		}
		sessions, failures := listed(t.Context(), regions)
		assert.Empty(t, failures)
		assert.Equal(t,
			[]string{"a in westeurope", "b in northeurope", "c in uksouth"}, sessions)
		assert.Equal(t, 1, network.Count("STS"))
	})
}

func TestARegionThatFailsHidesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		for i, client := range regions.Clients() {
			create(t, client, []string{"a", "b", "c"}[i])
		}
		network.Handle(failing(arr.RegionWestEurope, errors.New("the region is away")))
		sessions, failures := listed(t.Context(), regions)
		assert.Equal(t, []string{"b in northeurope", "c in uksouth"}, sessions)
		require.Len(t, failures, 1)
		var failure *arr.RegionError
		require.ErrorAs(t, failures[0], &failure)
		assert.Equal(t, threeRegions[0], failure.Endpoint)
		assert.ErrorContains(t, failure, "the region is away")
		assert.ErrorContains(t, failure, "westeurope")
	})
}

func TestARegionThatHangsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		create(t, regions.Clients()[1], "b")
		network.Handle(func(
			req *http.Request, forward testkit.Forward,
		) (*http.Response, error) {
			if !testkit.IsExchange(req) && strings.Contains(req.URL.Host, "westeurope") {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return forward()
		})
		for session, err := range regions.All(t.Context(), nil) {
			require.NoError(t, err)
			assert.Equal(t, "b", session.ID)
			break // which ends the request that hangs: a goroutine left behind fails the test
		}
		found, err := regions.Find(t.Context(), "b", nil)
		require.NoError(t, err)
		assert.Equal(t, arr.RegionNorthEurope, found.Client.Region())
	})
}

func TestFindPrefersASessionThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, _ := inThreeRegions(t)
		clients := regions.Clients()
		for _, client := range clients {
			create(t, client, "demo")
		}
		stop := func(client *arr.SessionsClient) {
			_, err := client.Stop(t.Context(), "demo", nil)
			require.NoError(t, err)
		}
		stop(clients[0])
		stop(clients[1])
		found, err := regions.Find(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, arr.RegionUKSouth, found.Client.Region())
		stop(clients[2])
		found, err = regions.Find(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, arr.RegionWestEurope, found.Client.Region(), "all ended: the preferred one")
		assert.Equal(t, arr.SessionStatusStopped, found.Status)
	})
}

func TestFindTellsNotFoundFromNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		_, err := regions.Find(t.Context(), "demo", nil)
		assert.ErrorIs(t, err, arr.ErrNotFound)

		network.Handle(failing(arr.RegionUKSouth, errors.New("the region is away")))
		_, err = regions.Find(t.Context(), "demo", nil)
		assert.NotErrorIs(t, err, arr.ErrNotFound, "it may live in the region that is away")
		var failure *arr.RegionError
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, threeRegions[2], failure.Endpoint)
	})
}

func TestAllRegionsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		network.Handle(func(
			req *http.Request, forward testkit.Forward,
		) (*http.Response, error) {
			if testkit.IsExchange(req) {
				return forward()
			}
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, failures := listed(ctx, regions)
		assert.Len(t, failures, 3)
		assert.ErrorIs(t, errors.Join(failures...), context.DeadlineExceeded)
	})
}

func TestRegionsMustBelongTogether(t *testing.T) {
	regions, _ := inThreeRegions(t)
	clients := regions.Clients()
	static, err := arr.NewStaticAccessToken("opaque")
	require.NoError(t, err)
	stranger, err := arr.NewSessionsClientWithAccessToken(
		threeRegions[1], "99999999-1111-2222-3333-444455556666", static, nil)
	require.NoError(t, err)
	for reason, clients := range map[string][]*arr.SessionsClient{
		"has no client":   nil,
		"nil client":      {clients[0], nil},
		"given twice":     {clients[0], clients[1], clients[0]},
		"another account": {clients[0], stranger},
	} {
		_, err := arr.NewRegionsClient(clients...)
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		assert.ErrorContains(t, err, reason)
	}
	for _, endpoints := range [][]string{nil, {"westeurope"}, {threeRegions[0], threeRegions[0] + "/"}} {
		_, err := clients[0].InRegions(endpoints...)
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
	}
}

func TestFindChecksBeforeItAsks(t *testing.T) {
	regions, network := inThreeRegions(t)
	_, err := regions.Find(t.Context(), "a/b", nil)
	assert.ErrorIs(t, err, arr.ErrInvalidArgument)
	assert.Empty(t, network.Sent())
	_, err = (&arr.RegionsClient{}).Find(t.Context(), "demo", nil)
	assert.ErrorIs(t, err, arr.ErrInvalidArgument)
}

func TestRegionOfAClient(t *testing.T) {
	regions, _ := inThreeRegions(t)
	assert.Equal(t, arr.RegionNorthEurope, regions.Clients()[1].Region())
	assert.Equal(t, regions.Clients()[1:2], regions.Clients()[1].Clients())
	local, err := regions.Clients()[0].InRegions("https://127.0.0.1:8443")
	require.NoError(t, err)
	assert.Empty(t, local.Clients()[0].Region())
}
