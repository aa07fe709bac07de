// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// What the same client created within the last 30 seconds may be unknown to a read. So 404 passes.
func TestNotFoundIsTransientAfterTheOwnCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		clients := regions.Clients()
		create(t, clients[0], "ours")
		again, err := clients[1].InRegions(threeRegions...)
		assert.NoError(t, err)
		network.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method == http.MethodGet {
				return testkit.Answer(req, http.StatusNotFound, ""), nil
			}
			return forward()
		})
		get := func(client *arr.SessionsClient, id string) error {
			_, err := client.Get(t.Context(), id, nil)
			assert.ErrorIs(t, err, arr.ErrNotFound)
			return err
		}
		assert.True(t, arr.IsTransient(get(clients[0], "ours")))
		assert.ErrorContains(t, get(clients[0], "ours"), "moments ago")
		assert.True(t, arr.IsTransient(get(again.Clients()[0], "ours")), "it shares the sign-in")
		assert.False(t, arr.IsTransient(get(clients[0], "other")))
		assert.False(t, arr.IsTransient(get(clients[1], "ours")), "another region")
		time.Sleep(30 * time.Second)
		assert.False(t, arr.IsTransient(get(clients[0], "ours")))
	})
}

// A session that was created moments ago may not be visible yet in its own region. That the others
// do not know it, or know one that has ended under its id, does not matter.
func TestFindToleratesAReadThatLagsBehindItsCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regions, network := inThreeRegions(t)
		clients := regions.Clients()
		create(t, clients[0], "reused")
		_, err := clients[0].Stop(t.Context(), "reused", nil)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		create(t, clients[1], "demo")
		create(t, clients[1], "reused")
		network.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method == http.MethodGet && req.URL.Host == strings.TrimPrefix(clients[1].Endpoint(), "https://") {
				return testkit.Answer(req, http.StatusNotFound, ""), nil
			}
			return forward()
		})
		for _, id := range []string{"demo", "reused"} {
			_, err := regions.Find(t.Context(), id, nil)
			assert.ErrorIs(t, err, arr.ErrNotFound, id)
			assert.ErrorContains(t, err, "northeurope", id)
			assert.True(t, arr.IsTransient(err), id)
		}
		_, err = regions.Find(t.Context(), "other", nil)
		assert.ErrorIs(t, err, arr.ErrNotFound)
		assert.False(t, arr.IsTransient(err))

		time.Sleep(30 * time.Second)
		_, err = regions.Find(t.Context(), "demo", nil)
		assert.ErrorIs(t, err, arr.ErrNotFound)
		assert.False(t, arr.IsTransient(err))
		network.Handle(nil)
		found, err := regions.Find(t.Context(), "reused", nil)
		require.NoError(t, err)
		assert.Equal(t, arr.RegionNorthEurope, found.Client.Region(), "the one that runs")
	})
}
