// SPDX-License-Identifier: MIT

// Package storetest checks that implementations of [service.Store] and [service.ConversionStore] do
// what the comments of these interfaces promise.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) service.Store { return newStore(t) })
//	}
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// home is a partition, and elsewhere are two others: another account, and another region.
var (
	home = service.PartitionKey{
		AccountID: "00000000-1111-2222-3333-444455556666",
		Region:    azremoterendering.RegionWestEurope,
	}
	elsewhere = []service.PartitionKey{
		{AccountID: "7d0a3f52-4c1b-4e0e-9a51-2f6f3f0c8a77", Region: home.Region},
		{AccountID: home.AccountID, Region: azremoterendering.RegionEastUS},
	}
)

const lease = 10 * time.Minute

// suite is the tests of one store. Each method is a test on a store of its own.
type suite struct {
	*testing.T
	service.Store
}

// Run runs all tests, each on a new store that newStore returns. Sessions must be able to live for
// some minutes; whether they become Ready does not matter.
func Run(t *testing.T, newStore func(t *testing.T) service.Store) {
	for name, test := range map[string]func(suite){
		"create once":           suite.createOnce,
		"unknown sessions":      suite.unknownSessions,
		"partitions":            suite.partitions,
		"extend":                suite.extend,
		"concurrent extensions": suite.concurrentExtensions,
		"concurrent creations":  suite.concurrentCreations,
		"stop":                  suite.stop,
		"list":                  suite.list,
		"list meanwhile":        suite.listMeanwhile,
		"bad cursors":           suite.badCursors,
	} {
		t.Run(name, func(t *testing.T) { test(suite{t, newStore(t)}) })
	}
}

// must ends the test if err is not nil.
func (s suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is ends the test if two values differ.
func (s suite) is(got, want any, what string) {
	s.Helper()
	if got != want {
		s.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// fails ends the test if an error is not the one expected.
func (s suite) fails(got, want error, what string) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Fatalf("%s: got error %v, want %v", what, got, want)
	}
}

func (s suite) create(in service.PartitionKey, id string) service.Facts {
	s.Helper()
	facts, created, err := s.Create(s.Context(), in, service.NewSession{
		ID: id, Size: azremoterendering.SessionSizeStandard, Lease: lease,
	})
	s.must(err)
	s.is(created, true, "created "+id)
	return facts
}

func (s suite) createOnce() {
	before := time.Now().Add(-time.Minute) // the clock of the store may differ
	facts := s.create(home, "a")
	s.is(facts.ID, "a", "id")
	s.is(facts.Size, azremoterendering.SessionSizeStandard, "size")
	s.is(facts.Lease, lease, "lease")
	s.is(facts.FirstLease, lease, "first lease")
	s.is(facts.CreatedAt.After(before), true, "created now")
	again, created, err := s.Create(s.Context(), home, service.NewSession{
		ID: "a", Size: azremoterendering.SessionSizePremium, Lease: 2 * lease,
	})
	s.must(err)
	s.is(created, false, "created twice")
	s.is(again.Size, facts.Size, "size of the existing session")
	s.is(again.Lease, lease, "lease of the existing session")
	s.is(again.CreatedAt.Equal(facts.CreatedAt), true, "time of the existing session")
	got, err := s.Get(s.Context(), home, "a")
	s.must(err)
	s.is(got.CreatedAt.Equal(facts.CreatedAt), true, "time when read")
	s.is(got.EndedAs, azremoterendering.SessionStatus(""), "end")
}

func (s suite) unknownSessions() {
	s.create(home, "a")
	for _, in := range append(elsewhere, home) {
		for _, id := range []string{"a", "A", "b", "a-"} {
			if in == home && id == "a" {
				continue
			}
			_, err := s.Get(s.Context(), in, id)
			s.fails(err, service.ErrNotFound, "get "+id)
			_, err = s.Extend(s.Context(), in, id, lease, 2*lease)
			s.fails(err, service.ErrNotFound, "extend "+id)
			_, err = s.Stop(s.Context(), in, id)
			s.fails(err, service.ErrNotFound, "stop "+id)
		}
	}
}

func (s suite) partitions() {
	s.create(home, "a")
	for _, in := range elsewhere {
		s.is(fmt.Sprint(s.walk(in, 10, false)), "[]", "list of another partition")
		s.create(in, "a")
		_, err := s.Extend(s.Context(), in, "a", lease, 3*lease)
		s.must(err)
		stopped, err := s.Stop(s.Context(), in, "a")
		s.must(err)
		s.is(stopped, true, "stopped elsewhere")
	}
	facts, err := s.Get(s.Context(), home, "a")
	s.must(err)
	s.is(facts.Lease, lease, "lease")
	s.is(facts.EndedAs, azremoterendering.SessionStatus(""), "end")
}

func (s suite) extend() {
	s.create(home, "a")
	facts, err := s.Extend(s.Context(), home, "a", lease, 2*lease)
	s.must(err)
	s.is(facts.Lease, 2*lease, "lease")
	s.is(facts.FirstLease, lease, "first lease")
	_, err = s.Extend(s.Context(), home, "a", lease, 3*lease)
	s.fails(err, service.ErrChanged, "extend from an old lease")
	facts, err = s.Get(s.Context(), home, "a")
	s.must(err)
	s.is(facts.Lease, 2*lease, "lease when read")
	facts, err = s.Extend(s.Context(), home, "a", 2*lease, lease)
	s.must(err)
	s.is(facts.Lease, lease, "a shorter lease")
}

func (s suite) concurrentExtensions() {
	s.create(home, "a")
	const callers = 16
	results := make([]error, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			_, results[i] = s.Extend(s.Context(), home, "a", lease, lease+time.Duration(i+1)*time.Minute)
		})
	}
	group.Wait()
	succeeded := 0
	for _, err := range results {
		if err == nil {
			succeeded++
			continue
		}
		s.fails(err, service.ErrChanged, "extension that lost")
	}
	s.is(succeeded, 1, "extensions that won")
}

func (s suite) concurrentCreations() {
	const callers = 16
	results := make([]bool, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			_, created, err := s.Create(s.Context(), home, service.NewSession{
				ID: "a", Size: azremoterendering.SessionSizeStandard, Lease: lease,
			})
			results[i] = created && err == nil
		})
	}
	group.Wait()
	won := slices.DeleteFunc(results, func(created bool) bool { return !created })
	s.is(len(won), 1, "creations that won")
	s.is(fmt.Sprint(s.walk(home, 10, true)), "[a]", "list")
}

func (s suite) stop() {
	s.create(home, "a")
	stopped, err := s.Stop(s.Context(), home, "a")
	s.must(err)
	s.is(stopped, true, "first stop")
	facts, err := s.Get(s.Context(), home, "a")
	s.must(err)
	s.is(facts.EndedAs, azremoterendering.SessionStatusStopped, "end")
	s.is(facts.EndedAt.IsZero(), false, "no time of the end")
	stopped, err = s.Stop(s.Context(), home, "a")
	s.must(err)
	s.is(stopped, false, "second stop")
	_, err = s.Extend(s.Context(), home, "a", lease, 2*lease)
	s.fails(err, service.ErrChanged, "extend a session that has ended")
	again, created, err := s.Create(s.Context(), home, service.NewSession{
		ID: "a", Size: azremoterendering.SessionSizeStandard, Lease: lease,
	})
	s.must(err)
	s.is(created, false, "the id is taken until the retention is over")
	s.is(again.EndedAs, azremoterendering.SessionStatusStopped, "end of the existing session")
}

// walk returns the ids on all pages, without those of ended sessions unless they are asked for.
func (s suite) walk(in service.PartitionKey, limit int, ended bool) (ids []string) {
	s.Helper()
	query := service.ListQuery{Limit: limit, Ended: ended}
	for range 1000 {
		page, next, err := s.List(s.Context(), in, query)
		s.must(err)
		s.is(len(page) <= limit, true, "a page within the limit")
		for i := range page {
			if ended || !page[i].Ended(time.Now()) {
				ids = append(ids, page[i].ID)
			}
		}
		if next == "" {
			return ids
		}
		query.After = next
	}
	s.Fatal("the walk over the pages has no end")
	return nil
}

func (s suite) list() {
	s.is(fmt.Sprint(s.walk(home, 10, true)), "[]", "an empty list")
	var all, living []string
	for i := range 7 {
		id := fmt.Sprintf("s%d", i)
		s.create(home, id)
		all = append(all, id)
		if i%3 == 1 {
			_, err := s.Stop(s.Context(), home, id)
			s.must(err)
			continue
		}
		living = append(living, id)
	}
	for _, limit := range []int{1, 2, 3, 7, 50} {
		got := s.walk(home, limit, false)
		s.is(fmt.Sprint(slices.Sorted(slices.Values(got))), fmt.Sprint(living), "living sessions")
		s.is(fmt.Sprint(s.walk(home, limit, false)), fmt.Sprint(got), "the same order again")
	}
	got := slices.Sorted(slices.Values(s.walk(home, 2, true)))
	for _, id := range living {
		s.is(slices.Contains(got, id), true, "with ended sessions, "+id)
	}
	s.is(len(got) >= len(living) && len(got) <= len(all), true, "no session twice")
}

// listMeanwhile creates and stops sessions during a walk.
func (s suite) listMeanwhile() {
	for i := range 6 {
		s.create(home, fmt.Sprintf("stays%d", i))
		s.create(home, fmt.Sprintf("goes%d", i))
	}
	seen := make(map[string]int)
	query := service.ListQuery{Limit: 2}
	for round := range 100 {
		page, next, err := s.List(s.Context(), home, query)
		s.must(err)
		for i := range page {
			seen[page[i].ID]++
		}
		if next == "" {
			break
		}
		query.After = next
		if round < 6 {
			s.create(home, fmt.Sprintf("new%d", round))
			_, err := s.Stop(s.Context(), home, fmt.Sprintf("goes%d", round))
			s.must(err)
		}
	}
	for i := range 6 {
		s.is(seen[fmt.Sprintf("stays%d", i)], 1, "sessions that exist throughout")
	}
	for id, times := range seen {
		s.is(times, 1, "times that "+id+" is listed")
	}
}

func (s suite) badCursors() {
	s.create(home, "a")
	for _, cursor := range []string{"x", "not a cursor of any store", "\x00\xff"} {
		_, _, err := s.List(s.Context(), home, service.ListQuery{After: cursor, Limit: 10})
		s.fails(err, service.ErrBadCursor, fmt.Sprintf("cursor %q", cursor))
	}
}
