// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// Every port of a server lies in this range, bounds included, as the specification says.
const (
	firstPort = 49152
	lastPort  = 65534
)

// syntheticBackend makes up servers, which are ready after the start-up time.
type syntheticBackend struct {
	startupTime func(azremoterendering.SessionSize) time.Duration
	domain      string
}

// Start implements [Backend]. Nothing listens behind the name, which has the form recorded in 2021.
// The computing power of Standard is as recorded: 8.1 in East US 2, 10.6 in West Europe. That of
// Premium was never seen; here it is twice as much.
func (b syntheticBackend) Start(spec ServerSpec) BackendServer {
	const ports = lastPort - firstPort + 1
	startup := max(0, b.startupTime(spec.Size))
	handshake := rand.Int32N(ports)
	inspector := (handshake + 1 + rand.Int32N(ports-1)) % ports // any but the first one
	server := settledServer{
		ReadyAt: time.Now().Add(startup),
		Hostname: fmt.Sprintf(
			"%d-%s."+naming.RenderingPrefix+"vm.%s.%s",
			100_000_000+rand.Int32N(
				1_900_000_000,
			),
			naming.NewUUID(),
			spec.Region,
			b.domain,
		),
		HandshakePort:    firstPort + handshake,
		ArrInspectorPort: firstPort + inspector,
		Teraflops:        10.6,
	}
	if spec.Region == azremoterendering.RegionEastUS2 {
		server.Teraflops = 8.1
	}
	if spec.Size == azremoterendering.SessionSizePremium {
		server.Teraflops *= 2
	}
	return server
}
