// SPDX-License-Identifier: MIT

package emulator

import (
	"context"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
)

// ConversionFault says what happens to a new conversion, with [Options.Storage] too: then storage
// is neither read nor written. The times of [ConversionOptions.Times] hold.
type ConversionFault string

// The values of [Fault.Conversion].
const (
	// ConversionFails lets it fail with code ConversionProcessFailed, as with input that is no
	// model.
	ConversionFails ConversionFault = "fails"
	// ConversionMissingAsset lets it fail as if its asset did not exist; see [Vintage].
	ConversionMissingAsset ConversionFault = "missing-asset"
	// ConversionCancelled lets it end as Cancelled. The service has no request for that.
	ConversionCancelled ConversionFault = "cancelled"
	// ConversionNever leaves it Running until it is forgotten.
	ConversionNever ConversionFault = "never"
	// ConversionNoAccess refuses the creation with 403 and code DelegatedResourceAccessError, as
	// if a container had no SAS and were not linked.
	ConversionNoAccess ConversionFault = "no-access"
)

type conversionFaultKey struct{}

// conversionFaultOf returns the conversion fault of a request, "" if there is none. It travels in
// the context, as a startFault does.
func conversionFaultOf(ctx context.Context) ConversionFault {
	fault, _ := ctx.Value(conversionFaultKey{}).(ConversionFault)
	return fault
}

// change lets a fault decide what happens to a conversion.
func (c *conversions) change(plan *conversionPlan, fault ConversionFault) {
	switch fault {
	case ConversionFails:
		plan.fail(c.failureOf(conversion.Fail(conversion.ConversionProcessFailed, nil)))
	case ConversionMissingAsset:
		plan.fail(c.failureOf(conversion.Fail(conversion.InputContainerError, nil)))
	case ConversionCancelled:
		plan.as, plan.failure, plan.convert = azremoterendering.ConversionStatusCancelled, nil, false
	case ConversionNever:
		plan.endless, plan.convert = true, false
	}
}
