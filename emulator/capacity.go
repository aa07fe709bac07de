// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
)

// codeCapacityExceeded is the error code of a session without a server. The service's own code is
// not known.
const codeCapacityExceeded = "CapacityExceeded"

// FixedCapacity returns a value for [Options.Capacity]: n sessions of each size in each region at
// once. 0 means none, and a negative n means no limit.
func FixedCapacity(n int) func(azremoterendering.Region, azremoterendering.SessionSize) int {
	return func(azremoterendering.Region, azremoterendering.SessionSize) int { return n }
}

// pool is what servers are taken from.
type pool struct {
	region azremoterendering.Region
	size   azremoterendering.SessionSize
}

// exhausted returns the server of a session for which the pool has none: its creation succeeds, and
// it fails at the time when it should be ready.
func (p pool) exhausted(startup time.Duration) BackendServer {
	return doomedServer(time.Now().Add(startup), &azremoterendering.ErrorDetail{
		Code:    codeCapacityExceeded,
		Message: fmt.Sprintf("No server of size %s is available in region %s.", p.size, p.region),
	})
}
