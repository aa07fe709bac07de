// SPDX-License-Identifier: MIT

package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// conversionSuite is the tests of one store of conversions. Each method is a test on a store of its
// own.
type conversionSuite struct {
	suite
	service.ConversionStore
}

// RunConversions checks that an implementation of [service.ConversionStore] does what the comments
// of that interface promise. It runs each test on a new store that newStore returns. What becomes
// of the conversions does not matter. No storage is linked: a conversion without signatures must be
// refused.
func RunConversions(t *testing.T, newStore func(t *testing.T) service.ConversionStore) {
	for name, test := range map[string]func(conversionSuite){
		"create once":          conversionSuite.createOnce,
		"refuse without SAS":   conversionSuite.refuseWithoutSAS,
		"unknown conversions":  conversionSuite.unknown,
		"partitions":           conversionSuite.partitions,
		"concurrent creations": conversionSuite.concurrentCreations,
		"ends stay":            conversionSuite.endsStay,
		"list":                 conversionSuite.list,
		"list meanwhile":       conversionSuite.listMeanwhile,
		"bad cursors":          conversionSuite.badCursors,
	} {
		t.Run(name, func(t *testing.T) { test(conversionSuite{suite{T: t}, newStore(t)}) })
	}
}

// newConversion is a conversion with signatures.
func newConversion(id string) service.NewConversion {
	return service.NewConversion{
		ID: id,
		Settings: service.ConversionSettings{
			InputContainerURL: "https://a.example/in", InputPrefix: "x/", InputAsset: "y/box.glb",
			OutputContainerURL: "https://a.example/out", OutputPrefix: "z/", OutputName: "box.arrAsset",
		},
		ReadListSAS: "sv=1&sig=signature-r",
		WriteSAS:    "sv=1&sig=signature-w",
	}
}

func (s conversionSuite) create(in service.PartitionKey, id string) service.ConversionFacts {
	s.Helper()
	facts, created, err := s.Create(s.Context(), in, newConversion(id))
	s.must(err)
	s.is(created, true, "created "+id)
	return facts
}

func (s conversionSuite) createOnce() {
	before := time.Now().Add(-time.Minute) // the clock of the store may differ
	facts := s.create(home, "a")
	s.is(facts.ID, "a", "id")
	s.is(facts.Settings, newConversion("a").Settings, "settings")
	s.is(facts.CreatedAt.After(before), true, "created now")
	other := newConversion("a")
	other.Settings.InputAsset = "other.glb"
	again, created, err := s.Create(s.Context(), home, other)
	s.must(err)
	s.is(created, false, "created twice")
	s.is(again.Settings, facts.Settings, "settings of the existing conversion")
	s.is(again.CreatedAt.Equal(facts.CreatedAt), true, "time of the existing conversion")
	got, err := s.Get(s.Context(), home, "a")
	s.must(err)
	s.is(got.Settings, facts.Settings, "settings when read")
	s.is(got.CreatedAt.Equal(facts.CreatedAt), true, "time when read")
}

func (s conversionSuite) refuseWithoutSAS() {
	for _, drop := range []func(*service.NewConversion){
		func(c *service.NewConversion) { c.ReadListSAS = "" },
		func(c *service.NewConversion) { c.WriteSAS = "" },
		func(c *service.NewConversion) { c.ReadListSAS, c.WriteSAS = "", "" },
	} {
		c := newConversion("a")
		drop(&c)
		_, created, err := s.Create(s.Context(), home, c)
		s.fails(err, service.ErrStorageDenied, "create without a SAS")
		s.is(created, false, "created without a SAS")
		_, err = s.Get(s.Context(), home, "a")
		s.fails(err, service.ErrNotFound, "get what was refused")
	}
	s.is(fmt.Sprint(s.walk(home, 10)), "[]", "list")
	s.create(home, "a") // the id is free
}

func (s conversionSuite) unknown() {
	s.create(home, "a")
	for _, in := range append(elsewhere, home) {
		for _, id := range []string{"a", "A", "b", "a-"} {
			if in == home && id == "a" {
				continue
			}
			_, err := s.Get(s.Context(), in, id)
			s.fails(err, service.ErrNotFound, "get "+id)
		}
	}
}

func (s conversionSuite) partitions() {
	s.create(home, "a")
	for _, in := range elsewhere {
		s.is(fmt.Sprint(s.walk(in, 10)), "[]", "list of another partition")
		s.create(in, "a")
		s.create(in, "b")
		s.is(fmt.Sprint(s.walk(in, 1)), "[a b]", "list of another partition")
	}
	s.is(fmt.Sprint(s.walk(home, 10)), "[a]", "list")
}

func (s conversionSuite) concurrentCreations() {
	const callers = 16
	results := make([]bool, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			_, created, err := s.Create(s.Context(), home, newConversion("a"))
			results[i] = created && err == nil
		})
	}
	group.Wait()
	won := slices.DeleteFunc(results, func(created bool) bool { return !created })
	s.is(len(won), 1, "creations that won")
	s.is(fmt.Sprint(s.walk(home, 10)), "[a]", "list")
}

// endsStay waits until a conversion ends, if it does within a second, and sees that its end stays.
func (s conversionSuite) endsStay() {
	s.create(home, "a")
	var facts service.ConversionFacts
	for range 100 {
		var err error
		facts, err = s.Get(s.Context(), home, "a")
		s.must(err)
		if facts.Ended(time.Now()) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if !facts.Ended(time.Now()) {
		return
	}
	s.is(facts.EndedAs.Ended(), true, "an end: "+string(facts.EndedAs))
	s.is(facts.StartedAt.IsZero() || facts.StartedAt.Before(facts.CreatedAt), false, "started after the creation")
	s.is(facts.EndedAt.Before(facts.StartedAt), false, "ended after the start")
	s.is(facts.Failure != nil && facts.EndedAs != azremoterendering.ConversionStatusFailed, false,
		"a failure that is none")
	again, created, err := s.Create(s.Context(), home, newConversion("a"))
	s.must(err)
	s.is(created, false, "the id is taken until the retention is over")
	s.is(again.EndedAt.Equal(facts.EndedAt), true, "time of the end")
	s.is(again.EndedAs, facts.EndedAs, "end")
}

// walk returns the ids on all pages.
func (s conversionSuite) walk(in service.PartitionKey, limit int) (ids []string) {
	s.Helper()
	query := service.ListQuery{Limit: limit, Ended: true}
	for range 1000 {
		page, next, err := s.List(s.Context(), in, query)
		s.must(err)
		s.is(len(page) <= limit, true, "a page within the limit")
		for i := range page {
			ids = append(ids, page[i].ID)
		}
		if next == "" {
			return ids
		}
		query.After = next
	}
	s.Fatal("the walk over the pages has no end")
	return nil
}

// list sees that the oldest come first.
func (s conversionSuite) list() {
	s.is(fmt.Sprint(s.walk(home, 10)), "[]", "an empty list")
	var all []string
	for i := range 7 {
		id := fmt.Sprintf("c%d", (i*3)%7)
		s.create(home, id)
		all = append(all, id)
	}
	for _, limit := range []int{1, 2, 3, 7, 50} {
		s.is(fmt.Sprint(s.walk(home, limit)), fmt.Sprint(all), fmt.Sprintf("pages of %d", limit))
	}
}

// listMeanwhile creates conversions during a walk.
func (s conversionSuite) listMeanwhile() {
	for i := range 6 {
		s.create(home, fmt.Sprintf("old%d", i))
	}
	var seen []string
	query := service.ListQuery{Limit: 2}
	for round := range 100 {
		page, next, err := s.List(s.Context(), home, query)
		s.must(err)
		for i := range page {
			seen = append(seen, page[i].ID)
		}
		if next == "" {
			break
		}
		query.After = next
		if round < 2 {
			s.create(home, fmt.Sprintf("new%d", round))
		}
	}
	s.is(fmt.Sprint(seen), "[old0 old1 old2 old3 old4 old5 new0 new1]", "ids during the walk")
}

func (s conversionSuite) badCursors() {
	s.create(home, "a")
	for _, cursor := range []string{"x", "not a cursor of any store", "\x00\xff"} {
		_, _, err := s.List(s.Context(), home, service.ListQuery{After: cursor, Limit: 10})
		s.fails(err, service.ErrBadCursor, fmt.Sprintf("cursor %q", cursor))
	}
}
