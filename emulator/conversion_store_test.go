// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

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
		"slow":    {Conversions: ConversionOptions{Times: FixedConversion(time.Hour, time.Hour)}},
		"failing": {Conversions: ConversionOptions{AssetExists: func(_, _ string) bool { return false }}},
		"in storage": {Storage: converterFunc(
			func(context.Context, conversion.Request) (conversion.Result, error) { return conversion.Result{}, nil })},
		"in storage that fails": {Storage: converterFunc(
			func(context.Context, conversion.Request) (conversion.Result, error) {
				return conversion.Result{}, conversion.Fail(conversion.InputContainerError, nil)
			})},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.RunConversions(t, func(t *testing.T) service.ConversionStore {
				e := newEmulator(t, options)
				t.Cleanup(func() { assert.NoError(t, e.Close()) })
				return e.conversions
			})
		})
	}
}
