// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/conversions"
	"github.com/arr-go/azremoterendering/emulator/internal/guard"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/emulator/internal/memory"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

// Emulator is the emulated service. It is an [http.Handler], and makes clients and servers. Create
// one with [New]. It is safe for concurrent use. It needs no closing, unless it has a [Backend],
// [Options.Storage] or an [Options.StateFile].
type Emulator struct {
	service     *service.Service
	clock       *clock.Clock
	ownClock    *Clock // the same, as users see it
	store       *memory.Store
	conversions *conversions.Store
	storage     bool           // whether it performs conversions
	backend     Backend        // nil: servers are invented
	accounts    []page.Account // in the order of Options.Accounts, at least one
	home        service.PartitionKey
	journal     *journal.Journal
	kept        *keptAccounts
	guard       *guard.Guard
	domain      string // of all hosts
	requests    requestLog
	waits       atomic.Int64  // long polls in flight
	streams     atomic.Int64  // readers of events
	pageStreams atomic.Int64  // pages that read theirs
	pageToken   string        // of the forms of the page, another one in each run
	closing     chan struct{} // closed by Close
	faults      faultList
	firstFaults []Fault // those of the options
	admin       bool
	logger      *slog.Logger
	close       func() error
}

// New returns an emulator. It starts no goroutine. An error about an option is an
// [azremoterendering.InvalidArgumentError] and never contains a key.
func New(options Options) (*Emulator, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	guard, err := guard.New(guard.Options{
		Domain:         options.hostDomain(),
		AllowHosts:     options.AllowHosts,
		ExternalURL:    options.ExternalURL,
		TrustedProxies: options.TrustedProxies,
		Page:           page.Path,
	})
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	kept, err := journal.Open(options.StateFile)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	e, err := newOver(kept, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("emulator: %w", err), kept.Close())
	}
	e.guard = guard
	for i, fault := range options.Faults {
		if _, err := e.Inject(fault); err != nil {
			return nil, errors.Join(fmt.Errorf("%w (Options.Faults[%d])", err, i), kept.Close())
		}
	}
	return e, nil
}

// newOver returns an emulator over a journal, without its guard and its first faults.
func newOver(file *journal.Journal, options Options) (*Emulator, error) {
	kept, err := restoreAccounts(file, options.Accounts)
	if err != nil {
		return nil, err
	}
	if options.SigningKey == nil && file.Keeps() {
		if options.SigningKey, err = restoreSigningKey(file); err != nil {
			return nil, err
		}
	}
	ownClock, err := restoreClock(file, options)
	if err != nil {
		return nil, err
	}
	clock := ownClock.inner()
	sessions := newSessions(options, file, ownClock)
	conversions := newConversions(options, file, clock)
	forService := options.forService(clock)
	forService.Conversions = conversions
	engine, err := service.New(sessions, forService)
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		service:     engine,
		clock:       clock,
		ownClock:    ownClock,
		store:       sessions,
		journal:     file,
		kept:        kept,
		conversions: conversions,
		storage:     options.Storage != nil,
		backend:     options.Backend,
		domain:      options.hostDomain(),
		logger:      options.Logger,
		admin:       options.Admin,
		closing:     make(chan struct{}),
		pageToken:   rand.Text(),
	}
	for i, a := range engine.Accounts() {
		e.accounts = append(e.accounts, page.Account{
			ID:     a.ID,
			Domain: a.Domain,
			Region: cmp.Or(options.Accounts[i].Region, options.Region),
		})
	}
	e.home = service.PartitionKey{AccountID: e.accounts[0].ID, Region: options.Region}
	e.faults.seed, e.faults.clock = options.Seed, clock
	e.firstFaults = slices.Clone(options.Faults)
	e.close = sync.OnceValue(e.shutDown)
	clock.OnAdvance(e.settle)
	return e, e.restore()
}

// restore brings accounts into the state file, and what that has into the stores.
func (e *Emulator) restore() error {
	if err := e.kept.note(e.service, ""); err != nil {
		return err
	}
	if err := e.conversions.Restore(e.accountID); err != nil {
		return err
	}
	return e.store.Restore(e.accountID)
}

// Close ends every session as Stopped and stops its server, refuses new sessions from now on, with
// 500, and waits for creations in flight. If the [Backend] has a method Close() error, Close calls
// it and returns its error. Without a Backend sessions have no servers, and go on. With
// [Options.Storage], Close ends the conversions that run, as Failed, and refuses new ones; it is an
// error if the converter goes on for 10 seconds. With
// [Options.StateFile], Close closes the file for other emulators; whatever would change it is
// answered with 500 from then on. A second Close returns what the first did.
//
// Close a server of [Emulator.Listen] separately, and first.
func (e *Emulator) Close() error { return e.close() }

func (e *Emulator) shutDown() error {
	close(e.closing)
	var unended error
	if e.storage {
		unended = e.conversions.Close()
	}
	if e.backend == nil {
		return errors.Join(unended, prefixed(e.journal.Close()))
	}
	e.store.Close()
	var err error
	if closer, ok := e.backend.(io.Closer); ok {
		err = closer.Close()
	}
	return errors.Join(unended, err, prefixed(e.journal.Close()))
}

// endpoint returns the address of the session service in the default region.
func (e *Emulator) endpoint() string {
	return "https://" + naming.RenderingHost(string(e.home.Region), e.domain)
}

// accountID returns the id of an account as the options spell it, or "" if there is none with the
// id, which is compared without case.
func (e *Emulator) accountID(id string) string {
	for _, a := range e.accounts {
		if strings.EqualFold(a.ID, id) {
			return a.ID
		}
	}
	return ""
}
