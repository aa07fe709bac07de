// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
)

// codeCapacityExceeded is what a session without a server shows. The service's own code for that is
// not known.
const codeCapacityExceeded = "CapacityExceeded"

// FixedCapacity returns a value for [Options.Capacity]: n sessions of each size in each region at
// once. None can start if n is 0; if it is negative there is no limit.
func FixedCapacity(n int) func(azremoterendering.Region, azremoterendering.SessionSize) int {
	return func(azremoterendering.Region, azremoterendering.SessionSize) int { return n }
}

// pool is what servers are taken from.
type pool struct {
	region azremoterendering.Region
	size   sessionSize
}

// exhausted returns the server of a session for which the pool has none: its creation succeeds, and
// it fails when it should be ready.
func (p pool) exhausted(startup time.Duration) BackendServer {
	return doomedServer(time.Now().Add(max(0, startup)), codeCapacityExceeded,
		fmt.Sprintf("No server of size %s is available in region %s.", p.size, p.region))
}
