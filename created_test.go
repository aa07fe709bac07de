// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

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
