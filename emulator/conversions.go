// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/service"
)

// conversions is the [service.ConversionStore] of the emulator: the conversions of all accounts in
// all regions, in memory. It keeps no signatures.
type conversions struct {
	options   ConversionOptions
	storage   conversion.Converter // nil: conversions are made up
	retention time.Duration
	logger    *slog.Logger
	clock     *Clock

	// What follows is for conversions in storage.
	context context.Context // they end with it
	cancel  context.CancelFunc
	slots   chan struct{} // one for each that runs
	running sync.WaitGroup

	// mu guards what follows. It is never held while a function of the user runs.
	mu         sync.Mutex
	partitions map[service.PartitionKey]*conversionPartition
	closed     bool
}

// conversionPartition holds the conversions of one account in one region.
type conversionPartition struct {
	sequence uint64 // of the newest conversion
	byID     map[string]*conversionRecord
	listed   []*conversionRecord // by sequence, and so by the time of creation
}

type conversionRecord struct {
	service.ConversionFacts
	sequence uint64
}

// maxRunning is how many conversions in storage run at once. Others are NotStarted meanwhile.
const maxRunning = 4

func newConversions(options Options, clock *Clock) *conversions {
	c := &conversions{
		options:    options.Conversions.withDefaults(),
		storage:    options.Storage,
		retention:  options.Retention,
		logger:     options.Logger,
		clock:      clock,
		slots:      make(chan struct{}, maxRunning),
		partitions: make(map[service.PartitionKey]*conversionPartition),
	}
	c.context, c.cancel = context.WithCancel(context.Background())
	return c
}

// lock takes the lock, and returns the time for everything that is done under it, and the
// conversions of a partition, nil if there never was one. Those whose retention is over are
// forgotten.
func (c *conversions) lock(in service.PartitionKey) (*conversionPartition, time.Time) {
	c.mu.Lock()
	now, p := c.clock.Now(), c.partitions[in]
	if p != nil {
		p.forget(now.Add(-c.retention))
	}
	return p, now
}

// forget removes the conversions that were created at a time or before.
func (p *conversionPartition) forget(until time.Time) {
	old := 0
	for old < len(p.listed) && !p.listed[old].CreatedAt.After(until) {
		delete(p.byID, p.listed[old].ID)
		old++
	}
	p.listed = slices.Delete(p.listed, 0, old)
}

// present looks for a conversion.
func (c *conversions) present(in service.PartitionKey, id string) (service.ConversionFacts, bool) {
	p, _ := c.lock(in)
	defer c.mu.Unlock()
	if p != nil {
		if r := p.byID[id]; r != nil {
			return r.ConversionFacts, true
		}
	}
	return service.ConversionFacts{}, false
}

// Get implements [service.ConversionStore], as do the methods below it.
func (c *conversions) Get(
	_ context.Context, in service.PartitionKey, id string,
) (service.ConversionFacts, error) {
	facts, found := c.present(in, id)
	if !found {
		return facts, service.ErrNotFound
	}
	return facts, nil
}

// Create is part of [service.ConversionStore]. A fault of the request may choose what comes of the
// conversion.
func (c *conversions) Create(
	ctx context.Context, in service.PartitionKey, n service.NewConversion,
) (facts service.ConversionFacts, created bool, err error) {
	fault := conversionFaultOf(ctx)
	if fault == ConversionNoAccess || !c.mayUse(n) {
		return facts, false, service.ErrStorageDenied
	}
	if facts, found := c.present(in, n.ID); found {
		return facts, false, nil
	}
	plan := c.planOf(n)
	c.change(&plan, fault)
	r, facts, err := c.add(in, n, plan)
	if r == nil {
		return facts, false, err
	}
	if plan.convert {
		go c.run(r, plan, requestOf(n))
	}
	return facts, true, nil
}

// mayUse reports whether both containers can be used: with a SAS, or as linked storage.
func (c *conversions) mayUse(n service.NewConversion) bool {
	linked := c.options.Linked
	if c.storage != nil {
		converter, ok := c.storage.(conversion.Linked)
		linked = func(url string) bool { return ok && converter.Linked(url) }
	}
	return (n.ReadListSAS != "" || linked(n.Settings.InputContainerURL)) &&
		(n.WriteSAS != "" || linked(n.Settings.OutputContainerURL))
}

// add makes a conversion. The record is nil if another request was faster, or if the emulator is
// closed.
func (c *conversions) add(
	in service.PartitionKey, n service.NewConversion, plan conversionPlan,
) (*conversionRecord, service.ConversionFacts, error) {
	p, now := c.lock(in)
	defer c.mu.Unlock()
	if c.closed {
		return nil, service.ConversionFacts{}, errClosed
	}
	if p == nil {
		p = &conversionPartition{byID: make(map[string]*conversionRecord)}
		c.partitions[in] = p
	}
	if r := p.byID[n.ID]; r != nil {
		return nil, r.ConversionFacts, nil
	}
	p.sequence++
	r := &conversionRecord{
		ConversionFacts: service.ConversionFacts{ID: n.ID, Settings: n.Settings, CreatedAt: now},
		sequence:        p.sequence,
	}
	if plan.convert {
		c.running.Add(1)
	} else {
		plan.settle(&r.ConversionFacts)
	}
	p.byID[n.ID] = r
	p.listed = append(p.listed, r)
	return r, r.ConversionFacts, nil
}

// List is part of [service.ConversionStore]. Cursors are sequence numbers, as those of sessions.
func (c *conversions) List(
	_ context.Context, in service.PartitionKey, query service.ListQuery,
) (page []service.ConversionFacts, next string, err error) {
	after, ok := parseCursor(query.After)
	if !ok {
		return nil, "", service.ErrBadCursor
	}
	p, _ := c.lock(in)
	defer c.mu.Unlock()
	if p == nil {
		p = new(conversionPartition)
	}
	if after > p.sequence {
		return nil, "", service.ErrBadCursor
	}
	first, _ := slices.BinarySearchFunc(p.listed, after+1,
		func(r *conversionRecord, sequence uint64) int { return cmp.Compare(r.sequence, sequence) })
	shown := p.listed[first:]
	if len(shown) > query.Limit {
		shown = shown[:query.Limit]
		next = cursor(shown[len(shown)-1].sequence)
	}
	page = make([]service.ConversionFacts, len(shown))
	for i, r := range shown {
		page[i] = r.ConversionFacts
	}
	return page, next, nil
}

// close ends the conversions that run in storage, and refuses new ones.
func (c *conversions) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
}
