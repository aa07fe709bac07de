// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"math"
	randv2 "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/wait"
)

var watchHalfHour = arr.CreateSessionSettings{
	Size:         arr.SessionSizeStandard,
	MaxLeaseTime: 30 * time.Minute,
}

// watchWire is the network between a client and an emulator. It notes when requests are sent, and
// takes its time.
type watchWire struct {
	next    policy.Transporter
	latency time.Duration

	mu   sync.Mutex
	sent map[string][]time.Time // by "list", "get", "other"
	meet func(kind string, req *http.Request) (*http.Response, error)
}

func (w *watchWire) Do(req *http.Request) (*http.Response, error) {
	kind := watchKind(req)
	w.mu.Lock()
	w.sent[kind] = append(w.sent[kind], time.Now())
	meet := w.meet
	w.mu.Unlock()
	if w.latency > 0 {
		if err := wait.Sleep(req.Context(), w.latency); err != nil {
			return nil, err
		}
	}
	if meet != nil {
		if resp, err := meet(kind, req); resp != nil || err != nil {
			return resp, err
		}
	}
	return w.next.Do(req)
}

func watchKind(req *http.Request) string {
	_, path, found := strings.Cut(req.URL.Path, "/sessions")
	switch {
	case !found || req.Method != http.MethodGet:
		return "other"
	case path == "":
		return "list"
	default:
		return "get"
	}
}

// handle makes meet see the requests from now on. If it returns neither answer nor error, the
// request goes on.
func (w *watchWire) handle(meet func(kind string, req *http.Request) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meet = meet
}

// times returns when the requests of a kind were sent, and forgets them.
func (w *watchWire) times(kind string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := w.sent[kind]
	delete(w.sent, kind)
	return times
}

func (w *watchWire) count(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent[kind])
}

// watchRig is an emulator, a client of it and a watcher of that.
type watchRig struct {
	*testing.T
	emulator *emulator.Emulator
	client   *arr.SessionsClient
	wire     *watchWire
	watcher  *Watcher
	region   *regionWatcher // the only one of watcher
	begun    time.Time
}

func newWatchRig(t *testing.T, options emulator.Options, watching WatcherOptions) *watchRig {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	e, err := emulator.New(options)
	require.NoError(t, err)
	wire := &watchWire{next: e.Transport(), sent: make(map[string][]time.Time)}
	clientOptions := &arr.SessionsClientOptions{}
	clientOptions.Transport = wire
	client, err := e.SessionsClient(clientOptions)
	require.NoError(t, err)
	watcher, err := NewWatcher(client, watching)
	require.NoError(t, err)
	t.Cleanup(watcher.Close)
	return &watchRig{
		T:        t,
		emulator: e,
		client:   client,
		wire:     wire,
		watcher:  watcher,
		region:   watcher.regions[0],
		begun:    time.Now(),
	}
}

func (r *watchRig) create(id string) {
	r.Helper()
	_, err := r.client.BeginCreate(r.Context(), id, watchHalfHour, nil)
	require.NoError(r, err)
}

func (r *watchRig) setStatus(id string, status arr.SessionStatus) {
	r.Helper()
	require.NoError(r, r.emulator.SetStatus(id, status))
}

func (r *watchRig) inject(fault emulator.Fault) (remove func()) {
	r.Helper()
	remove, err := r.emulator.Inject(fault)
	require.NoError(r, err)
	return remove
}

// requireForgotten checks that the watcher keeps nothing of those who have left.
func (r *watchRig) requireForgotten() {
	r.Helper()
	r.region.mu.Lock()
	defer r.region.mu.Unlock()
	require.Zero(r, r.region.awaiting)
	require.Empty(r, r.region.watched)
	require.Empty(r, r.region.feeds)
}

// since is how much virtual time has passed since the rig was made.
func (r *watchRig) since() time.Duration { return time.Since(r.begun) }

// watchOutcome is what a Wait returned, and when.
type watchOutcome struct {
	id      string
	session arr.RegionSession
	err     error
	at      time.Time
}

// wait starts a Wait whose outcome can be received.
func (r *watchRig) wait(id string) <-chan watchOutcome {
	outcome := make(chan watchOutcome, 1)
	go func() {
		session, err := r.watcher.Wait(r.Context(), id)
		outcome <- watchOutcome{id, session, err, time.Now()}
	}()
	return outcome
}

// watchStartups are start-up times from 8 to 180 seconds, random but the same every time.
type watchStartups struct {
	mu    sync.Mutex
	next  *randv2.Rand
	given []time.Duration
}

func newWatchStartups() *watchStartups {
	return &watchStartups{next: randv2.New(randv2.NewPCG(1, 2))}
}

func (s *watchStartups) take(arr.SessionSize) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := 8*time.Second + time.Duration(s.next.Int64N(int64(172*time.Second)))
	s.given = append(s.given, d)
	return d
}

// watchCrowd is many sessions that were created in one moment. Every tenth, named "fails-…", ends
// in Error instead of becoming Ready.
type watchCrowd struct {
	ids     []string
	settled map[string]time.Time // when each is Ready, or ends
	ends    []time.Time          // the ends among them
}

const watchCrowdSize = 1000

// watchCrowdFault is the fault that a crowd needs.
var watchCrowdFault = emulator.Fault{
	Operation: "create",
	Session:   "fails-*",
	Start:     emulator.StartFails,
}

func (r *watchRig) crowd(startups *watchStartups) watchCrowd {
	r.Helper()
	c := watchCrowd{settled: make(map[string]time.Time)}
	for i := range watchCrowdSize {
		id := fmt.Sprintf("starts-%d", i)
		if i%10 == 9 {
			id = fmt.Sprintf("fails-%d", i)
		}
		r.create(id)
		c.ids = append(c.ids, id)
		settled := time.Now().Add(startups.given[i])
		c.settled[id] = settled
		if i%10 == 9 {
			c.ends = append(c.ends, settled)
		}
	}
	return c
}

// pages returns how many pages of 50 sessions the list has at a time.
func (c watchCrowd) pages(at time.Time) int {
	listed := len(c.ids)
	for _, end := range c.ends {
		if !at.Before(end) {
			listed--
		}
	}
	return int(math.Ceil(float64(listed) / 50))
}

// awaitAll waits for all of a crowd at once and returns the outcomes.
func (r *watchRig) awaitAll(c watchCrowd) []watchOutcome {
	r.Helper()
	var waits []<-chan watchOutcome
	for _, id := range c.ids {
		waits = append(waits, r.wait(id))
	}
	var outcomes []watchOutcome
	for _, wait := range waits {
		outcomes = append(outcomes, <-wait)
	}
	return outcomes
}
