// SPDX-License-Identifier: MIT

package conversions

import (
	"context"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
)

// Fault is what a fault does to the conversion that a request creates. The times of the options
// hold, and storage is neither read nor written.
type Fault string

// The faults.
const (
	Fails        Fault = "fails"         // with code ConversionProcessFailed
	MissingAsset Fault = "missing-asset" // as if the asset did not exist
	Cancelled    Fault = "cancelled"
	Never        Fault = "never"     // stays Running until it is forgotten
	NoAccess     Fault = "no-access" // the creation is refused
)

type faultKey struct{}

// WithFault returns a context with which [Store.Create] has a fault. It travels there because the
// service between faults and store does not know conversions in storage.
func WithFault(ctx context.Context, f Fault) context.Context {
	return context.WithValue(ctx, faultKey{}, f)
}

// faultOf returns the fault of a request, "" if there is none.
func faultOf(ctx context.Context) Fault {
	fault, _ := ctx.Value(faultKey{}).(Fault)
	return fault
}

// change lets a fault decide what happens to a conversion.
func (c *Store) change(p *planned, fault Fault) {
	switch fault {
	case Fails:
		p.fail(c.failureOf(conversion.Fail(conversion.ConversionProcessFailed, nil)))
	case MissingAsset:
		p.fail(c.failureOf(conversion.Fail(conversion.InputContainerError, nil)))
	case Cancelled:
		p.as, p.failure, p.convert = azremoterendering.ConversionStatusCancelled, nil, false
	case Never:
		p.endless, p.convert = true, false
	}
}
