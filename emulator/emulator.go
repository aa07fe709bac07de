// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// Emulator is the service: an [http.Handler], and what makes clients and servers for it. Create one
// with [New]. Its methods may be called by several goroutines at the same time. It needs no
// closing, unless it has a [Backend].
type Emulator struct {
	accounts       []*account // the first one first, at least one
	byID           map[string]*account
	geography      geography
	fleet          *fleet
	backend        Backend
	tokens         *tokenService
	acceptIdentity func(token string) error
	rateLimit      RateLimit
	requests       requestLog
	faults         faultList
	admin          bool
	adminDomain    string // below which hosts may use the administrative path, or empty
	logger         *slog.Logger
	absent         AbsentValues
	// challenge is the value of WWW-Authenticate, empty if there is to be none.
	challenge string
	close     func() error
}

// New returns an emulator. It starts no goroutine. The error says which option it cannot work with;
// it never contains a key.
func New(options Options) (*Emulator, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	accounts, err := options.accounts()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		accounts:       accounts,
		byID:           make(map[string]*account),
		geography:      geography{options.hostDomain(), options.Region, options.Regions},
		fleet:          newFleet(options),
		backend:        options.Backend,
		tokens:         newTokenService(options.SigningKey, options.TokenLifetime),
		acceptIdentity: options.AcceptIdentity,
		rateLimit:      options.RateLimit,
		logger:         options.Logger,
		absent:         options.Decisions.AbsentValues,
		admin:          options.Admin,
		adminDomain:    options.Domain,
	}
	for _, a := range accounts {
		e.byID[strings.ToLower(a.id)] = a
	}
	if !options.Decisions.OmitChallenge {
		e.challenge = `Bearer error="invalid_token"`
	}
	e.faults.seed = options.Seed
	for i, fault := range options.Faults {
		if _, err := e.Inject(fault); err != nil {
			return nil, fmt.Errorf("%w (Options.Faults[%d])", err, i)
		}
	}
	e.close = sync.OnceValue(e.shutDown)
	return e, nil
}

// Close ends every session as Stopped and stops its server, refuses new sessions from now on, with
// 500, and waits for creations that are under way. If the [Backend] has a method Close() error it
// calls that and returns its error. Without a Backend it does nothing: there is nothing behind the
// sessions, and they go on. A second Close returns what the first did.
//
// A server of [Emulator.Listen] is closed for itself, best before.
func (e *Emulator) Close() error { return e.close() }

func (e *Emulator) shutDown() error {
	if _, synthetic := e.backend.(syntheticBackend); synthetic {
		return nil
	}
	e.fleet.close()
	if closer, ok := e.backend.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
