// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

func TestPoolRefusesWrongOptions(t *testing.T) {
	s := newService(t, emulator.Options{})
	for name, options := range map[string]lease.PoolOptions{
		"no prefix":         {Max: 1},
		"prefix":            {IDPrefix: "no spaces", Max: 1},
		"long prefix":       {IDPrefix: strings.Repeat("x", 221), Max: 1},
		"no Max":            {IDPrefix: "pool-"},
		"negative Max":      {IDPrefix: "pool-", Max: -1},
		"Warm above Max":    {IDPrefix: "pool-", Warm: 2, Max: 1},
		"negative Warm":     {IDPrefix: "pool-", Warm: -1, Max: 1},
		"budget":            {IDPrefix: "pool-", Max: 1, Budget: -1},
		"create interval":   {IDPrefix: "pool-", Max: 1, CreateInterval: -1},
		"size":              {IDPrefix: "pool-", Max: 1, Sizes: []arr.SessionSize{""}},
		"lease time":        {IDPrefix: "pool-", Max: 1, LeaseTime: 90 * time.Second},
		"step":              {IDPrefix: "pool-", Max: 1, Step: time.Second},
		"threshold":         {IDPrefix: "pool-", Max: 1, Threshold: -1},
		"longest lease":     {IDPrefix: "pool-", Max: 1, MaxLeaseTime: 24 * time.Hour},
		"promise above cap": {IDPrefix: "pool-", Max: 1, MinRemaining: 2 * time.Hour, MaxLeaseTime: time.Hour},
		"start timeout":     {IDPrefix: "pool-", Max: 1, StartTimeout: -1},
		"idle timeout":      {IDPrefix: "pool-", Max: 1, IdleTimeout: -1},
		"watch interval":    {IDPrefix: "pool-", Max: 1, Watch: lease.WatcherOptions{Interval: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lease.NewPool(s.client, options)
			assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		})
	}
	_, err := lease.NewPool(nil, poolOptions)
	assert.ErrorIs(t, err, arr.ErrInvalidArgument)
	assert.Empty(t, s.requests())
}

// prying is a logger's handler that asks the pool for its state, as one that exports metrics may.
type prying struct {
	slog.Handler
	pool func() *lease.Pool
}

func (p prying) Handle(ctx context.Context, r slog.Record) error {
	if pool := p.pool(); pool != nil {
		pool.Stats()
	}
	return p.Handler.Handle(ctx, r)
}

// No lock of the pool is held while it writes a log.
func TestPoolCanBeAskedFromItsLogger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-a", arr.SessionSizeStandard, 30*time.Minute)
		var p *lease.Pool
		ready := make(chan struct{})
		logger := slog.New(
			prying{slog.NewTextHandler(io.Discard, nil), func() *lease.Pool { <-ready; return p }},
		)
		var err error
		p, err = lease.NewPool(
			s.client,
			lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 2, Logger: logger},
		)
		require.NoError(t, err)
		close(ready)
		l := s.acquire(p)
		require.NoError(t, l.Release(t.Context()))
		require.NoError(t, p.Close(t.Context()))
		assert.Empty(t, s.running())
	})
}
