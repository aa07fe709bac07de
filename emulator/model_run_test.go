// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const (
	modelSeeds    = 11     // fixed ones; one more is drawn at random
	stepsPerSeed  = 10_000 // 120,000 in all
	shortPerSeed  = 1_000  // with -short
	modelSessions = 250    // ids, per region
)

// modelRegions are the regions in use, the one of the emulator first.
var modelRegions = []string{"westeurope", "eastus2"}

// TestAgainstTheModel does random operations on many sessions, and compares every answer with that
// of the model: status, the session, the page of the list. With -short it takes a tenth of the
// steps.
func TestAgainstTheModel(t *testing.T) {
	steps := stepsPerSeed
	if testing.Short() {
		steps = shortPerSeed
	}
	seeds := []uint64{rand.Uint64()}
	for seed := range uint64(modelSeeds) {
		seeds = append(seeds, seed)
	}
	for i, seed := range seeds {
		name := fmt.Sprintf("seed %d", seed)
		if i == 0 {
			name = "random seed"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Logf("seed %d", seed)
			synctest.Test(t, func(t *testing.T) {
				c := newComparison(t, seed, "")
				for c.step = range steps {
					c.random()
					if t.Failed() {
						t.Fatalf("seed %d, step %d", seed, c.step)
					}
				}
				c.finish()
			})
		})
	}
}

// TestStateFileAgainstTheModel does the same over a state file, with a restart every hundred steps or
// so, after which nothing may be different.
func TestStateFileAgainstTheModel(t *testing.T) {
	steps := 4 * shortPerSeed
	if testing.Short() {
		steps = shortPerSeed
	}
	for _, seed := range []uint64{rand.Uint64(), 1, 2} {
		name := fmt.Sprintf("seed %d", seed)
		if seed > 2 {
			name = "random seed"
		}
		path := filepath.Join(t.TempDir(), "state")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newComparison(t, seed, path)
				for c.step = range steps {
					if c.rand.IntN(100) == 0 {
						c.restart(c.options)
					}
					c.random()
					if t.Failed() {
						t.Fatalf("seed %d, step %d", seed, c.step)
					}
				}
				c.finish()
				require.NoError(t, c.Close())
			})
		})
	}
}

// comparison drives the emulator and the model side by side.
type comparison struct {
	*service
	options emulator.Options
	model   *model
	rand    *rand.Rand
	step    int
	created int           // the number of the last creation that was tried
	startup time.Duration // of the next creation
	walks   map[string]*listWalk
	done    int // walks
}

// listWalk is a walk over the pages of the list that is under way.
type listWalk struct {
	next  string
	after int          // number of the last session shown
	begun int          // number of the youngest session at the begin
	seen  map[int]bool // by number
}

func newComparison(t *testing.T, seed uint64, stateFile string) *comparison {
	c := &comparison{rand: rand.New(rand.NewPCG(seed, 1)), walks: make(map[string]*listWalk)}
	pick := func(n int) int { return c.rand.IntN(n) }
	decided := emulator.Decisions{
		AbsentValues:           emulator.AbsentValues(pick(2)),
		AcceptZeroLease:        pick(2) == 0,
		MaxLease:               []time.Duration{0, time.Hour}[pick(2)],
		AcceptUpdateToMaxLease: pick(2) == 0,
		AcceptShorterLease:     pick(2) == 0,
		MalformedUpdateStatus:  []int{0, 400, 422}[pick(3)],
		UpdateEndedStatus:      []int{0, 422, 404}[pick(3)],
		StopEndedStatus:        []int{0, 204, 404}[pick(3)],
		SameSettings:           emulator.SameSettings(pick(3)),
		RefuseEndedID:          pick(2) == 0,
		ListEnded:              pick(2) == 0,
		PageSize:               1 + pick(12),
	}
	retention := time.Duration(1+pick(300)) * time.Minute
	capacity := []int{-1, 5, 60}[pick(3)]
	c.model = newModel(decided, retention, capacity)
	c.options = emulator.Options{
		StateFile:     stateFile,
		Accounts:      []emulator.AccountOptions{{PrimaryKey: "bW9kZWw="}},
		TokenLifetime: 20 * 365 * 24 * time.Hour,
		Retention:     retention,
		Decisions:     decided,
		StartupTime:   func(azremoterendering.SessionSize) time.Duration { return c.startup },
		Capacity:      func(azremoterendering.Region, azremoterendering.SessionSize) int { return capacity },
	}
	c.service = start(t, c.options)
	return c
}

func (c *comparison) upTo(longest time.Duration) time.Duration {
	return time.Duration(c.rand.Int64N(int64(longest)))
}

// ask sends a request about a region to the handler.
func (c *comparison) ask(region, method, path, body string) reply {
	target := path
	if !strings.HasPrefix(target, "https://") {
		target = "https://remoterendering." + region + ".mixedreality.azure.com" + path + apiVersion
	}
	return serve(
		c.Emulator,
		method,
		target,
		body,
		http.Header{"Authorization": {"Bearer " + c.token}},
	)
}

// random does one random operation.
func (c *comparison) random() {
	c.model.advance(time.Now())
	region := modelRegions[c.rand.IntN(len(modelRegions))]
	id := fmt.Sprintf("session-%d", c.rand.IntN(modelSessions))
	lease := []int{
		-1, 0, 1, 5, 20, 59, 60, 61, 1439, 1440, 1441, c.rand.IntN(90), c.rand.IntN(90),
		c.rand.IntN(90),
	}[c.rand.IntN(14)]
	switch n := c.rand.IntN(100); {
	case n < 30:
		c.create(region, id, lease)
	case n < 50:
		r := c.ask(region, http.MethodGet, c.session(id), "")
		c.compare("get", c.model.get(region, id), r, region, id)
	case n < 63:
		r := c.ask(
			region,
			http.MethodPatch,
			c.session(id),
			fmt.Sprintf(`{"maxLeaseTimeMinutes":%d}`, lease),
		)
		c.compare("update", c.model.update(region, id, lease), r, region, id)
	case n < 65:
		r := c.ask(region, http.MethodPatch, c.session(id), `{"maxLeaseTimeMinutes":"1"}`)
		c.compare("malformed update", c.model.decided.MalformedUpdateStatus, r, region, id)
	case n < 71:
		r := c.ask(region, http.MethodPost, c.session(id)+"/:stop", "")
		c.compare("stop", c.model.stop(region, id), r, region, id)
	case n < 83:
		c.list(region)
	case n < 91:
		status := []string{
			"", "Starting", "Ready", "Ready", "Stopped", "Expired", "Error", "Hibernating",
			"Moving",
		}[c.rand.IntN(9)]
		err := c.SetStatus(id, azremoterendering.SessionStatus(status))
		assert.Equal(
			c.t,
			c.model.setStatus(modelRegions, id, status),
			err == nil,
			"set %s to %q: %v",
			id,
			status,
			err,
		)
	default:
		longest := []time.Duration{
			time.Second, time.Minute, time.Minute, 10 * time.Minute, 3 * time.Hour,
		}[c.rand.IntN(5)]
		time.Sleep(c.upTo(longest).Truncate(100 * time.Nanosecond)) // the precision of creationTime
	}
}

func (c *comparison) create(region, id string, lease int) {
	size := []string{"Standard", "standard", "PREMIUM", "Premium", "Standard", "Premium", "Tiny"}[c.rand.IntN(7)]
	c.startup = []time.Duration{0, 8 * time.Second, c.upTo(3 * time.Minute)}[c.rand.IntN(3)]
	c.created++
	r := c.ask(
		region,
		http.MethodPut,
		c.session(id),
		fmt.Sprintf(`{"maxLeaseTimeMinutes":%d,"size":%q}`, lease, size),
	)
	want := c.model.create(region, id, size, lease, c.created, c.startup)
	if want != http.StatusCreated {
		c.compare("create", want, r, region, id)
		return
	}
	require.Equal(c.t, want, r.status, r.body)
	s := c.model.find(region, id)
	shown := r.session(c.t)
	assert.Equal(
		c.t,
		[]any{id, s.size, "Starting", lease, 0},
		[]any{
			shown.ID,
			shown.Size,
			shown.Status,
			shown.MaxLeaseTimeMinutes,
			shown.ElapsedTimeMinutes,
		},
	)
	assertNoServer(c.t, shown)
	c.model.advance(time.Now()) // without a start-up it is Ready already
}

// compare compares an answer about a session with what the model says.
func (c *comparison) compare(what string, status int, r reply, region, id string) {
	c.t.Helper()
	if !assert.Equal(c.t, status, r.status, "%s %s: %s", what, id, r.body) ||
		status != http.StatusOK {
		return
	}
	c.compareSession(c.model.find(region, id), r.session(c.t))
}

func (c *comparison) compareSession(want *modelled, got seen) {
	c.t.Helper()
	m := c.model
	code := ""
	if got.Error != nil {
		code = got.Error.Code
	}
	type facts struct {
		id, size, status, code string
		lease, elapsed         int
		host, ports, power     bool
	}
	assert.Equal(
		c.t,
		facts{
			want.id,
			want.size,
			m.status(want),
			want.code,
			want.lease,
			m.elapsed(want),
			m.showsHost(want),
			m.showsHost(want),
			m.showsPower(want),
		},
		facts{
			got.ID,
			got.Size,
			got.Status,
			code,
			got.MaxLeaseTimeMinutes,
			got.ElapsedTimeMinutes,
			got.Hostname != "",
			got.HandshakePort != 0 && got.ArrInspectorPort != 0,
			got.Teraflops != 0,
		},
	)
	assert.True(
		c.t,
		want.created.Equal(got.CreationTime),
		"%s: created at %v, not %v",
		want.id,
		want.created,
		got.CreationTime,
	)
}

// list goes one page on in the walk over a region. Much happens between two pages.
func (c *comparison) list(region string) {
	walk := c.walks[region]
	if walk == nil {
		walk = &listWalk{next: c.service.list(), begun: c.created, seen: make(map[int]bool)}
		c.walks[region] = walk
	}
	r := c.ask(region, http.MethodGet, walk.next, "")
	require.Equal(c.t, http.StatusOK, r.status, r.body)
	var page struct {
		Sessions []seen
		NextLink string `json:"@nextLink"`
	}
	require.NoError(c.t, json.Unmarshal([]byte(r.body), &page))
	want, more := c.model.list(region, walk.after)
	require.Len(c.t, page.Sessions, len(want))
	assert.Equal(c.t, more, page.NextLink != "")
	for i, s := range want {
		c.compareSession(s, page.Sessions[i])
		assert.False(c.t, walk.seen[s.number], "%s is there twice", s.id)
		walk.seen[s.number], walk.after = true, s.number
	}
	walk.next = page.NextLink
	if more {
		return
	}
	for _, s := range c.model.regions[region] {
		if s.number <= walk.begun && (!s.ended || c.model.decided.ListEnded) {
			assert.True(c.t, walk.seen[s.number], "%s lived throughout and was missed", s.id)
		}
	}
	delete(c.walks, region)
	c.done++
}

// finish compares all sessions.
func (c *comparison) finish() {
	c.model.advance(time.Now())
	for _, region := range modelRegions {
		for i := range modelSessions {
			id := fmt.Sprintf("session-%d", i)
			c.compare(
				"get",
				c.model.get(region, id),
				c.ask(region, http.MethodGet, c.session(id), ""),
				region,
				id,
			)
		}
	}
	assert.Positive(c.t, c.done, "no walk over the list came to its end")
}
