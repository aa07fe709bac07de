// SPDX-License-Identifier: MIT

package conversions

import (
	"cmp"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

var in = service.PartitionKey{AccountID: "a", Region: azremoterendering.RegionWestEurope}

// newStore returns a store without a state file. By default it makes up conversions that succeed at
// once.
func newStore(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Journal == nil {
		var err error
		o.Journal, err = journal.Open("")
		require.NoError(t, err)
	}
	if o.Times == nil {
		o.Times = func() (_, _ time.Duration) { return 0, 0 }
	}
	if o.AssetExists == nil {
		o.AssetExists = func(_, _ string) bool { return true }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Linked = func(string) bool { return false }
	o.Retention, o.KeepEnded = cmp.Or(o.Retention, time.Hour), 1000
	o.Vintage = service.Vintage2023
	o.Clock = new(clock.Clock)
	return New(o)
}

// converterFunc is a converter that is one function.
type converterFunc func(context.Context, conversion.Request) (conversion.Result, error)

func (f converterFunc) Convert(
	ctx context.Context, r conversion.Request,
) (conversion.Result, error) {
	return f(ctx, r)
}

// TestConversionStore holds the store of conversions to the promises of service.ConversionStore:
// made up, slow, and in storage.
func TestConversionStore(t *testing.T) {
	for name, options := range map[string]Options{
		"made up": {},
		"slow":    {Times: func() (_, _ time.Duration) { return time.Hour, time.Hour }},
		"failing": {AssetExists: func(_, _ string) bool { return false }},
		"in storage": {Storage: converterFunc(
			func(context.Context, conversion.Request) (conversion.Result, error) { return conversion.Result{}, nil })},
		"in storage that fails": {Storage: converterFunc(
			func(context.Context, conversion.Request) (conversion.Result, error) {
				return conversion.Result{}, conversion.Fail(conversion.InputContainerError, nil)
			})},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.RunConversions(t, func(t *testing.T) service.ConversionStore {
				c := newStore(t, options)
				t.Cleanup(func() { assert.NoError(t, c.Close()) })
				return c
			})
		})
	}
}
