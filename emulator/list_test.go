// SPDX-License-Identifier: MIT

package emulator_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// page gets one page of the list: the ids on it, and the address of the next.
func (s *service) page(target string) (ids []string, next string) {
	s.t.Helper()
	r := s.call(http.MethodGet, target, "")
	require.Equal(s.t, http.StatusOK, r.status, r.body)
	var body struct {
		Sessions []seen
		NextLink *string `json:"@nextLink"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(r.body), &body), r.body)
	require.NotNil(s.t, body.Sessions)
	for _, session := range body.Sessions {
		ids = append(ids, session.ID)
	}
	if body.NextLink != nil {
		require.NotEmpty(s.t, *body.NextLink)
		next = *body.NextLink
	}
	return ids, next
}

// walk gets the ids on all pages.
func (s *service) walk() (ids []string) {
	s.t.Helper()
	for next := s.list() + apiVersion; next != ""; {
		var page []string
		page, next = s.page(next)
		ids = append(ids, page...)
	}
	return ids
}

func TestListIsEmpty(t *testing.T) {
	for _, absent := range []emulator.AbsentValues{emulator.AbsentOmitted, emulator.AbsentNull} {
		s := start(t, emulator.Options{Decisions: emulator.Decisions{AbsentValues: absent}})
		assert.Equal(t, `{"sessions":[]}`, s.call(http.MethodGet, s.list()+apiVersion, "").body)
	}
}

func TestListShowsWhatLives(t *testing.T) {
	for _, ended := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, emulator.Options{
				StartupTime: emulator.FixedStartup(time.Minute),
				Decisions:   emulator.Decisions{ListEnded: ended},
			})
			s.create("expired", `{"maxLeaseTimeMinutes":1,"size":"Standard"}`)
			s.create("z", standard5)
			s.create("stopped", standard5)
			s.create("Z", standard5) // ids are case-sensitive
			s.stop("stopped")
			time.Sleep(2 * time.Minute)
			s.create("a", standard5)

			want := []string{"z", "Z", "a"} // oldest first
			if ended {
				want = []string{"expired", "z", "stopped", "Z", "a"}
			}
			assert.Equal(t, want, s.walk())
		})
	}
}

func TestListPages(t *testing.T) {
	s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 2}})
	for i := range 4 {
		s.create(fmt.Sprint(i), standard5)
	}
	ids, next := s.page("http://127.0.0.1:1234" + s.list() + "?api-version=2021-01-01-preview")
	assert.Equal(t, []string{"0", "1"}, ids)
	prefix := "http://127.0.0.1:1234" + s.list() + "?api-version=2021-01-01-preview&skiptoken="
	assert.True(t, strings.HasPrefix(next, prefix), next)
	ids, last := s.page(next)
	assert.Equal(t, []string{"2", "3"}, ids)
	assert.Empty(t, last, "a full page with nothing behind it is the last")

	_, next = s.page("https://arr.example" + s.list() + apiVersion)
	assert.True(t, strings.HasPrefix(next, "https://arr.example/"), next)
}

func TestListDefaultPageSize(t *testing.T) {
	s := start(t, emulator.Options{})
	for i := range 51 {
		s.create(fmt.Sprint(i), standard5)
	}
	ids, next := s.page(s.list() + apiVersion)
	assert.Len(t, ids, 50)
	ids, next = s.page(next)
	assert.Equal(t, []string{"50"}, ids)
	assert.Empty(t, next)
}

func TestListRefusesForeignSkipTokens(t *testing.T) {
	s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}})
	s.create("a", standard5)
	s.create("b", standard5)
	_, next := s.page(s.list() + apiVersion)
	link, err := url.Parse(next)
	require.NoError(t, err)
	good := link.Query().Get("skiptoken")

	for _, token := range []string{
		"", "1", "AAAA", "-1", good + "=", good + "\n", good[1:], "__________8", "../" + good,
		good + "&skiptoken=" + good,
	} {
		query := "&skiptoken=" + url.QueryEscape(token)
		if strings.Contains(token, "&") {
			query = "&skiptoken=" + token
		}
		r := s.call(http.MethodGet, s.list()+apiVersion+query, "")
		assert.Equal(t, http.StatusBadRequest, r.status, token)
		assert.Equal(t, "BadRequest", r.code(t))
	}
	assert.Equal(
		t,
		http.StatusOK,
		s.call(http.MethodGet, s.list()+apiVersion+"&skiptoken="+good, "").status,
	)
}

// Sessions come and go while one walks over the pages: those that live throughout are seen once,
// nothing is seen twice.
func TestListWhileSessionsComeAndGo(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			s := start(t, emulator.Options{
				Retention: time.Minute,
				Decisions: emulator.Decisions{PageSize: 1 + int(seed)%5, ListEnded: seed%2 == 1},
			})
			alive := make(map[string]bool)
			created := 0
			create := func() {
				id := fmt.Sprint(created)
				created++
				s.create(id, `{"maxLeaseTimeMinutes":1440,"size":"Standard"}`)
				alive[id] = true
			}
			for range 60 {
				create()
			}
			throughout := make(map[string]bool)
			for id := range alive {
				throughout[id] = true
			}
			var walked []string
			for next := s.list() + apiVersion; next != ""; {
				var ids []string
				ids, next = s.page(next)
				walked = append(walked, ids...)
				if created < 100 {
					create()
				}
				for range 2 {
					if id := fmt.Sprint(random.IntN(created)); alive[id] {
						s.stop(id)
						delete(alive, id)
						delete(throughout, id)
					}
				}
				time.Sleep(20 * time.Second) // past the retention of what ended earlier
			}
			seenOnce := make(map[string]bool)
			for _, id := range walked {
				assert.False(t, seenOnce[id], "session %s twice", id)
				seenOnce[id] = true
			}
			for id := range throughout {
				assert.True(t, seenOnce[id], "session %s missed", id)
			}
			assert.True(t, slices.IsSortedFunc(walked, func(a, b string) int {
				return cmp.Or(len(a)-len(b), strings.Compare(a, b)) // as numbers
			}), "oldest first")
		})
	}
}

// What has ended is cleared away in passing; nothing alive may go with it.
func TestListAfterManyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(
			t,
			emulator.Options{Retention: time.Hour, Decisions: emulator.Decisions{PageSize: 3}},
		)
		var want []string
		for i := range 600 {
			id := fmt.Sprint(i)
			if i%100 == 7 {
				s.create(id, `{"maxLeaseTimeMinutes":1440,"size":"Standard"}`)
				want = append(want, id)
			} else {
				s.create(id, standard5)
			}
			if i == 300 {
				time.Sleep(10 * time.Minute)
				assert.Equal(t, want, s.walk())
			}
		}
		time.Sleep(2 * time.Hour)
		assert.Equal(t, want, s.walk())
		s.create("new", standard5)
		assert.Equal(t, append(want, "new"), s.walk())
		assert.Equal(t, http.StatusNotFound, s.get("599").status)
	})
}
