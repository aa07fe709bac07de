// SPDX-License-Identifier: MIT

package lease

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// PoolStats describes a pool at one moment.
type PoolStats struct {
	PoolSessions
	// Waiting is the number of calls of [Pool.Acquire] that wait for a session.
	Waiting int
	// Created is the number of sessions created by the pool that have become Ready.
	Created int
	// Spent is the most that ended sessions were billed. Committed adds the whole leases of those
	// that run.
	Spent, Committed time.Duration
	// LastError is the last failure to create, check or stop a session. It is nil if there was
	// none.
	LastError error
	// Regions are the regions of the pool, in the order in which [NewPool] got them. A session that
	// the pool has only decided to create is in none of them.
	Regions []PoolRegion
}

// PoolSessions are the numbers of sessions of a pool by what they do.
type PoolSessions struct {
	// Starting counts the sessions that are not Ready yet.
	Starting int `json:"starting"`
	// Idle counts those that wait to be handed out, including those that are not handed out because
	// their last check failed.
	Idle int `json:"idle"`
	// HandedOut counts those whose lease somebody holds.
	HandedOut int `json:"handedOut"`
	// Unclaimed counts those of an earlier run that a device may hold.
	Unclaimed int `json:"unclaimed"`
	// Stopping counts those that are being stopped.
	Stopping int `json:"stopping"`
}

// PoolRegion is one region of a pool.
type PoolRegion struct {
	// Endpoint is the rendering endpoint.
	Endpoint string `json:"endpoint"`
	// Region is the region that Endpoint names, or empty.
	Region arr.Region `json:"region,omitempty"`
	PoolSessions
}

// Stats returns the present numbers of the pool.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PoolStats{Waiting: len(p.waiters), Created: p.created, LastError: p.lastError}
	for _, region := range p.regions {
		s.Regions = append(s.Regions, PoolRegion{
			Endpoint: region.client.Endpoint(),
			Region:   region.client.Region(),
		})
	}
	for _, e := range p.entries.all {
		s.count(e.state)
		if e.client != nil {
			place := slices.IndexFunc(p.regions, func(r *poolRegion) bool {
				return r.client == e.client
			})
			s.Regions[place].count(e.state)
		}
	}
	s.Spent, s.Committed = p.budget.totals()
	return s
}

// count adds a session.
func (s *PoolSessions) count(state poolState) {
	switch state {
	case stateIntended, stateStarting:
		s.Starting++
	case stateWarm, stateQuarantined:
		s.Idle++
	case stateChecking, stateOut:
		s.HandedOut++
	case stateUnclaimed:
		s.Unclaimed++
	case stateStopping:
		s.Stopping++
	}
}

// poolStatsJSON is how PoolStats are written.
type poolStatsJSON struct {
	PoolSessions
	Waiting          int          `json:"waiting"`
	Created          int          `json:"created"`
	SpentSeconds     float64      `json:"spentSeconds"`
	CommittedSeconds float64      `json:"committedSeconds"`
	LastError        string       `json:"lastError,omitempty"`
	Regions          []PoolRegion `json:"regions"`
}

// MarshalJSON writes durations in seconds and the error as text.
func (s PoolStats) MarshalJSON() ([]byte, error) {
	written := poolStatsJSON{
		PoolSessions:     s.PoolSessions,
		Waiting:          s.Waiting,
		Created:          s.Created,
		SpentSeconds:     s.Spent.Seconds(),
		CommittedSeconds: s.Committed.Seconds(),
		Regions:          s.Regions,
	}
	if s.LastError != nil {
		written.LastError = s.LastError.Error()
	}
	return json.Marshal(written)
}

// UnmarshalJSON reads what MarshalJSON writes. LastError has the text of the error and nothing
// else of it.
func (s *PoolStats) UnmarshalJSON(data []byte) error {
	var read poolStatsJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	*s = PoolStats{
		PoolSessions: read.PoolSessions,
		Waiting:      read.Waiting,
		Created:      read.Created,
		Spent:        seconds(read.SpentSeconds),
		Committed:    seconds(read.CommittedSeconds),
		Regions:      read.Regions,
	}
	if read.LastError != "" {
		s.LastError = errors.New(read.LastError)
	}
	return nil
}
