// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"math/rand/v2"

	"github.com/arr-go/azremoterendering"
)

// Every port of a server lies in this range, bounds included, as the specification says.
const (
	firstPort = 49152
	lastPort  = 65534
)

// vm is what stands behind a session: where a device would connect, and the computing power.
type vm struct {
	hostname      string
	handshakePort int32
	inspectorPort int32
	teraflops     float32
}

// allocateVM returns a server for a session. Nothing listens behind its name, which has the form recorded in 2021. The computing
// power of Standard is as recorded: 8.1 in East US 2, 10.6 in West Europe. That of Premium was never seen; here it is twice as much.
func allocateVM(region azremoterendering.Region, size sessionSize) vm {
	const ports = lastPort - firstPort + 1
	handshake := rand.Int32N(ports)
	inspector := (handshake + 1 + rand.Int32N(ports-1)) % ports // any but the first one
	server := vm{
		hostname: fmt.Sprintf("%d-%s.remoterendering.vm.%s.mixedreality.azure.com",
			100_000_000+rand.Int32N(1_900_000_000), azremoterendering.NewSessionID(), region),
		handshakePort: firstPort + handshake,
		inspectorPort: firstPort + inspector,
		teraflops:     10.6,
	}
	if region == azremoterendering.RegionEastUS2 {
		server.teraflops = 8.1
	}
	if size == azremoterendering.SessionSizePremium {
		server.teraflops *= 2
	}
	return server
}
