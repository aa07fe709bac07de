// SPDX-License-Identifier: MIT

package service_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

// table is the simplest store: rows in the order of creation, which are Ready at once and are kept
// forever.
type table struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	in service.PartitionKey
	service.Facts
}

// find returns a row, or nil. The lock is held.
func (s *table) find(in service.PartitionKey, id string) *row {
	for i := range s.rows {
		if r := &s.rows[i]; r.in == in && r.ID == id {
			return r
		}
	}
	return nil
}

func (s *table) Create(
	_ context.Context, in service.PartitionKey, session service.NewSession,
) (service.Facts, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.find(in, session.ID); r != nil {
		return r.Facts, false, nil
	}
	now := time.Now()
	s.rows = append(s.rows, row{in, service.Facts{
		ID:         session.ID,
		Size:       session.Size,
		CreatedAt:  now,
		FirstLease: session.Lease,
		Lease:      session.Lease,
		ReadyAt:    now,
		Hostname:   "table.example",
	}})
	return s.rows[len(s.rows)-1].Facts, true, nil
}

func (s *table) Get(_ context.Context, in service.PartitionKey, id string) (service.Facts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(in, id)
	if r == nil {
		return service.Facts{}, service.ErrNotFound
	}
	return r.Facts, nil
}

func (s *table) Extend(
	_ context.Context, in service.PartitionKey, id string, from, to time.Duration,
) (service.Facts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(in, id)
	switch {
	case r == nil:
		return service.Facts{}, service.ErrNotFound
	case r.Ended(time.Now()) || r.Lease != from:
		return service.Facts{}, service.ErrChanged
	}
	r.Lease = to
	return r.Facts, nil
}

func (s *table) Stop(_ context.Context, in service.PartitionKey, id string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(in, id)
	switch now := time.Now(); {
	case r == nil:
		return false, service.ErrNotFound
	case r.Ended(now):
		return false, nil
	default:
		r.EndedAt, r.EndedAs = now, azremoterendering.SessionStatusStopped
		return true, nil
	}
}

// List returns ended sessions too, as a store may.
func (s *table) List(
	_ context.Context, in service.PartitionKey, query service.ListQuery,
) (page []service.Facts, next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := 0
	if query.After != "" {
		if first, err = strconv.Atoi(query.After); err != nil || first > len(s.rows) {
			return nil, "", service.ErrBadCursor
		}
	}
	for i, r := range s.rows[first:] {
		if r.in != in {
			continue
		}
		if len(page) == query.Limit {
			return page, strconv.Itoa(first + i), nil
		}
		page = append(page, r.Facts)
	}
	return page, "", nil
}

func TestTableIsAStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) service.Store { return new(table) })
}
