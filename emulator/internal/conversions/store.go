// SPDX-License-Identifier: MIT

// Package conversions is the store of conversions of an emulator: in memory, beside a journal that
// keeps what changes. They are made up, or performed in storage by a converter.
package conversions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/changes"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// Store is a [service.ConversionStore]: the conversions of all accounts in
// all regions, in memory. It keeps no signatures.
type Store struct {
	options Options
	journal *journal.Journal
	clock   *clock.Clock

	// What follows is for conversions in storage.
	context context.Context // they end with it
	cancel  context.CancelFunc
	slots   chan struct{} // one for each that runs
	running sync.WaitGroup

	// mu guards what follows. It is never held while a function of the user runs.
	mu         sync.Mutex
	partitions map[service.PartitionKey]*partition
	changes    changes.Log[*record]
	closed     bool
	crowded    bool // conversions were forgotten before their retention was over: see Options.KeepEnded
	warned     bool // of that
}

// partition holds the conversions of one account in one region.
type partition struct {
	sequence uint64 // of the newest conversion
	byID     map[string]*record
	listed   []*record // by sequence, and so by the time of creation
}

type record struct {
	service.ConversionFacts
	partition service.PartitionKey
	sequence  uint64
	inStorage bool   // a converter ends it
	group     uint64 // of the journal, with the last change
	forgotten bool   // no longer readable

	changes.State
	told azremoterendering.ConversionStatus // to the readers of events

	// What follows is for conversions in storage.
	context context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed when the converter has returned
}

var errClosed = errors.New("emulator: closed")

// maxRunning is how many conversions in storage run at once. Others are NotStarted meanwhile.
const maxRunning = 4

// Options configures a [Store]. Functions are called concurrently and must return at once.
type Options struct {
	// Times returns how long a new conversion is NotStarted, and how long it is Running after that.
	Times func() (notStarted, running time.Duration)

	// Linked reports whether a container can be used without a SAS, and AssetExists whether it
	// holds an asset. They have no effect with Storage.
	Linked      func(containerURL string) bool
	AssetExists func(containerURL, path string) bool

	// Storage performs conversions; nil makes them up.
	Storage conversion.Converter

	// Vintage decides about the code of missing assets.
	Vintage service.Vintage

	// Retention is how long conversions are kept after their creation, and KeepEnded how many that
	// have ended.
	Retention time.Duration
	KeepEnded int

	// OnCrowded is called once when conversions are forgotten before their retention is over.
	OnCrowded func()

	Logger  *slog.Logger
	Journal *journal.Journal
	Clock   *clock.Clock
}

// New returns a store without conversions. [Store.Restore] adds those of the journal.
func New(o Options) *Store {
	c := &Store{
		options:    o,
		journal:    o.Journal,
		clock:      o.Clock,
		slots:      make(chan struct{}, maxRunning),
		partitions: make(map[service.PartitionKey]*partition),
	}
	c.context, c.cancel = context.WithCancel(context.Background())
	return c
}

// lock takes the lock, and returns the time for everything that is done under it, and the
// conversions of a partition, nil if there never was one. Those whose retention is over are
// forgotten.
func (c *Store) lock(in service.PartitionKey) (*partition, time.Time) {
	c.mu.Lock()
	now, p := c.clock.Now(), c.partitions[in]
	if p != nil {
		c.forget(p, now)
	}
	return p, now
}

// forget removes the conversions whose retention is over, and the oldest ones that have ended if
// there are too many.
func (c *Store) forget(p *partition, now time.Time) {
	old := 0
	for _, r := range p.listed {
		over := !r.CreatedAt.After(now.Add(-c.options.Retention))
		tooMany := len(p.listed)-old > c.options.KeepEnded && r.Ended(now)
		if !over && !tooMany {
			break
		}
		c.crowded = c.crowded || !over
		delete(p.byID, r.ID)
		r.forgotten = true
		c.noteGone(r)
		old++
	}
	p.listed = slices.Delete(p.listed, 0, old)
}

// present looks for a conversion. group is that of the journal with its last change.
func (c *Store) present(
	in service.PartitionKey, id string,
) (facts service.ConversionFacts, group uint64, found bool) {
	p, _ := c.lock(in)
	defer c.mu.Unlock()
	if p != nil {
		if r := p.byID[id]; r != nil {
			return r.ConversionFacts, r.group, true
		}
	}
	return service.ConversionFacts{}, 0, false
}

// Get implements [service.ConversionStore], as do the methods below it.
func (c *Store) Get(
	_ context.Context, in service.PartitionKey, id string,
) (service.ConversionFacts, error) {
	facts, group, found := c.present(in, id)
	if !found {
		return facts, service.ErrNotFound
	}
	return facts, c.journal.Wait(group)
}

// Create is part of [service.ConversionStore]. A fault of the request may choose what happens to
// the conversion.
func (c *Store) Create(
	ctx context.Context, in service.PartitionKey, n service.NewConversion,
) (facts service.ConversionFacts, created bool, err error) {
	fault := faultOf(ctx)
	if fault == NoAccess || !c.mayUse(n) {
		return facts, false, service.ErrStorageDenied
	}
	if facts, group, found := c.present(in, n.ID); found {
		return facts, false, c.journal.Wait(group)
	}
	plan := c.planOf(n)
	c.change(&plan, fault)
	r, facts, group, err := c.add(in, n, plan)
	c.warn()
	switch {
	case err != nil:
		return facts, false, err
	case r == nil:
		return facts, false, c.journal.Wait(group)
	}
	if plan.convert {
		go c.run(r, plan, requestOf(n))
	}
	return facts, true, c.journal.Wait(group)
}

// warn logs, once, that conversions are forgotten early.
func (c *Store) warn() {
	c.mu.Lock()
	warn := c.crowded && !c.warned
	c.warned = c.crowded
	c.mu.Unlock()
	if warn && c.options.OnCrowded != nil {
		c.options.OnCrowded()
	}
}

// mayUse reports whether both containers can be used: with a SAS, or as linked storage.
func (c *Store) mayUse(n service.NewConversion) bool {
	linked := c.options.Linked
	if c.options.Storage != nil {
		converter, ok := c.options.Storage.(conversion.Linked)
		linked = func(url string) bool { return ok && converter.Linked(url) }
	}
	return (n.ReadListSAS != "" || linked(n.Settings.InputContainerURL)) &&
		(n.WriteSAS != "" || linked(n.Settings.OutputContainerURL))
}

// add makes a conversion. The record is nil if another request was faster, or if the emulator is
// closed.
func (c *Store) add(
	in service.PartitionKey, n service.NewConversion, plan planned,
) (r *record, facts service.ConversionFacts, group uint64, err error) {
	_, now := c.lock(in)
	defer c.mu.Unlock()
	if c.closed {
		return nil, service.ConversionFacts{}, 0, errClosed
	}
	p := c.partition(in)
	if r := p.byID[n.ID]; r != nil {
		return nil, r.ConversionFacts, r.group, nil
	}
	p.sequence++
	c.journal.NoteNumber(journal.ConversionNumbers, in, p.sequence)
	r = &record{
		ConversionFacts: service.ConversionFacts{ID: n.ID, Settings: n.Settings, CreatedAt: now},
		partition:       in,
		sequence:        p.sequence,
		inStorage:       plan.convert,
	}
	if plan.convert {
		c.running.Add(1)
		r.context, r.cancel = context.WithCancel(c.context)
		r.done = make(chan struct{})
	} else {
		plan.settle(&r.ConversionFacts)
	}
	p.byID[n.ID] = r
	p.listed = append(p.listed, r)
	c.note(r)
	return r, r.ConversionFacts, r.group, nil
}

// List is part of [service.ConversionStore]. Cursors are sequence numbers, as those of sessions.
func (c *Store) List(
	_ context.Context, in service.PartitionKey, query service.ListQuery,
) (page []service.ConversionFacts, next string, err error) {
	after, ok := journal.ParseCursor(query.After)
	if !ok {
		return nil, "", service.ErrBadCursor
	}
	page, next, group, err := c.page(in, after, query.Limit)
	if err != nil {
		return nil, "", err
	}
	return page, next, c.journal.Wait(group)
}

// page returns a page of the list, and the last group of the journal that has a change of it.
func (c *Store) page(in service.PartitionKey, after uint64, limit int) (
	page []service.ConversionFacts, next string, group uint64, err error,
) {
	p, _ := c.lock(in)
	defer c.mu.Unlock()
	if p == nil {
		p = new(partition)
	}
	if after > p.sequence {
		return nil, "", 0, service.ErrBadCursor
	}
	first, _ := slices.BinarySearchFunc(p.listed, after+1,
		func(r *record, sequence uint64) int { return cmp.Compare(r.sequence, sequence) })
	shown := p.listed[first:]
	if len(shown) > limit {
		shown = shown[:limit]
		next = journal.Cursor(shown[len(shown)-1].sequence)
	}
	page = make([]service.ConversionFacts, len(shown))
	for i, r := range shown {
		page[i], group = r.ConversionFacts, max(group, r.group)
	}
	return page, next, group, nil
}

// closePatience is how long Close waits for a converter that ignores its context.
const closePatience = 10 * time.Second

// Close ends the conversions that run in storage, and refuses new ones. It is an error if a
// converter goes on.
func (c *Store) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	ended := make(chan struct{})
	go func() { // ends with the last conversion
		c.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(closePatience):
		return fmt.Errorf(
			"emulator: conversions go on %v after their context ended: the converter of Options.Storage "+
				"ignores it", closePatience)
	}
}

// Reset forgets the conversions that are included. It ends those that run in storage, and waits for
// their converters, as long as Close does.
func (c *Store) Reset(includes func(in service.PartitionKey, id string) bool) {
	running := c.forgetAll(includes)
	for _, r := range running {
		r.cancel()
	}
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	for _, r := range running {
		select {
		case <-r.done:
		case <-patience.C:
			c.options.Logger.LogAttrs(c.context, slog.LevelWarn,
				"conversions go on after a reset: the converter ignores its context")
			return
		}
	}
}

// forgetAll makes conversions unknown, and returns those that run in storage.
func (c *Store) forgetAll(
	includes func(in service.PartitionKey, id string) bool,
) (running []*record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, p := range c.partitions {
		p.listed = slices.DeleteFunc(p.listed, func(r *record) bool {
			if !includes(key, r.ID) {
				return false
			}
			delete(p.byID, r.ID)
			r.forgotten = true
			c.noteGone(r)
			if r.done != nil {
				running = append(running, r)
			}
			return true
		})
	}
	return running
}
