// SPDX-License-Identifier: MIT

package lease

import (
	"slices"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// poolRegion is what a pool knows of one of its regions. The pool's lock guards it, except client,
// which is constant.
type poolRegion struct {
	client    *arr.SessionsClient
	listed    bool          // the sessions of an earlier run are known
	refused   bool          // the last list failed in a way that will not pass by itself
	lost      int           // sessions that cannot be stopped
	notBefore time.Time     // no creation before, if another region will do
	retry     *wait.Backoff // while creations fail
}

func newPoolRegions(clients []*arr.SessionsClient) (regions []*poolRegion) {
	for _, client := range clients {
		regions = append(regions, &poolRegion{
			client: client,
			retry:  wait.NewBackoff(10*time.Second, 5*time.Minute),
		})
	}
	return regions
}

// candidates returns the clients for the next creation, in order of preference. Regions in which
// creations failed recently come last. A region in which a session was lost is left out if there is
// another: each attempt there might add one more, until there are Max.
func (p *Pool) candidates() []*arr.SessionsClient {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var good, failing, losing []*arr.SessionsClient
	for _, region := range p.regions {
		switch {
		case region.lost > 0:
			losing = append(losing, region.client)
		case now.Before(region.notBefore):
			failing = append(failing, region.client)
		default:
			good = append(good, region.client)
		}
	}
	if usable := slices.Concat(good, failing); len(usable) > 0 {
		return usable
	}
	return losing
}

// creationFailedIn makes the next creations prefer other regions for a while.
func (p *Pool) creationFailedIn(client *arr.SessionsClient) {
	p.mu.Lock()
	defer p.mu.Unlock()
	region := p.region(client)
	if now := time.Now(); !now.Before(region.notBefore) {
		region.notBefore = now.Add(region.retry.Next(0))
	}
}

// The lock is held in the functions below.

// region returns the region of a client of the pool.
func (p *Pool) region(client *arr.SessionsClient) *poolRegion {
	i := slices.IndexFunc(p.regions, func(r *poolRegion) bool { return r.client == client })
	return p.regions[i]
}

// works forgets earlier failures of a region.
func (r *poolRegion) works() {
	r.notBefore = time.Time{}
	r.retry.Reset()
}

// allListed reports whether the sessions of an earlier run are known in all regions.
func (p *Pool) allListed() bool {
	return !slices.ContainsFunc(p.regions, func(r *poolRegion) bool { return !r.listed })
}

// allRefused reports whether no region will list the sessions of an earlier run.
func (p *Pool) allRefused() bool {
	return !slices.ContainsFunc(p.regions, func(r *poolRegion) bool { return !r.refused })
}
