// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

// TestWalksWhileOthersComeAndGo walks over the pages of the list while other clients create and
// stop sessions at the same time.
func TestWalksWhileOthersComeAndGo(t *testing.T) {
	const lasting = 60
	for range 6 {
		size := 1 + rand.IntN(20)
		t.Run(fmt.Sprintf("pages of %d", size), func(t *testing.T) {
			s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: size}})
			var created atomic.Int64
			churn := func() {
				id := fmt.Sprintf("passing-%d", created.Add(1))
				assert.Equal(
					t,
					http.StatusCreated,
					s.handle(http.MethodPut, s.session(id)+apiVersion, standard5).status,
				)
				assert.Equal(
					t,
					http.StatusNoContent,
					s.handle(http.MethodPost, s.session(id)+"/:stop"+apiVersion, "").status,
				)
			}
			var want []string
			for i := range lasting {
				id := fmt.Sprintf("lasting-%d", i)
				s.create(id, standard5)
				want = append(want, id)
				churn()
			}
			var walkers, others sync.WaitGroup
			var over atomic.Bool
			for range 3 {
				others.Go(func() {
					for !over.Load() {
						churn()
					}
				})
				walkers.Go(func() { assert.Equal(t, want, s.walkLasting()) })
			}
			walkers.Wait()
			over.Store(true)
			others.Wait()
		})
	}
}

// handle sends a request to the handler, with the access token.
func (s *service) handle(method, target, body string) reply {
	return serve(
		s.Emulator,
		method,
		target,
		body,
		http.Header{"Authorization": {"Bearer " + s.token}},
	)
}

// walkLasting returns the ids of lasting sessions on all pages, in their order. No id may be there
// twice.
func (s *service) walkLasting() (lasting []string) {
	seen := make(map[string]bool)
	for next := s.list() + apiVersion; next != ""; {
		r := s.handle(http.MethodGet, next, "")
		var page struct {
			Sessions []struct{ ID string }
			NextLink string `json:"@nextLink"`
		}
		if !assert.NoError(s.t, json.Unmarshal([]byte(r.body), &page), r.body) {
			return nil
		}
		for _, session := range page.Sessions {
			assert.False(s.t, seen[session.ID], "%s is there twice", session.ID)
			seen[session.ID] = true
			if strings.HasPrefix(session.ID, "lasting-") {
				lasting = append(lasting, session.ID)
			}
		}
		next = page.NextLink
	}
	return lasting
}
