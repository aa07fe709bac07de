// SPDX-License-Identifier: MIT

package memory

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

// Every port of a server lies in this range, bounds included, as the specification says.
const (
	firstPort = 49152
	lastPort  = 65534
)

// inventor invents servers that are ready after the start-up time.
type inventor struct {
	startupTime func(azremoterendering.SessionSize) time.Duration
	domain      string
	vintage     service.Vintage
	clock       *clock.Clock
}

// start returns a server. Nothing listens behind the name. Teraflops are those of Standard as
// recorded, of West Europe in regions without a recording. Those of Premium are not known; here
// they are twice as many.
func (b inventor) start(spec Spec) Server {
	const ports = lastPort - firstPort + 1
	startup := max(0, b.startupTime(spec.Size))
	handshake := rand.Int32N(ports)
	inspector := (handshake + 1 + rand.Int32N(ports-1)) % ports // any but the first one
	server := invented{
		ReadyAt: b.clock.Now().Add(startup),
		Hostname: b.machine(spec) + "." + naming.RenderingPrefix + "vm." +
			string(spec.Region) + "." + b.domain,
		HandshakePort:    firstPort + handshake,
		ArrInspectorPort: firstPort + inspector,
		Teraflops:        10.6,
	}
	switch spec.Region {
	case azremoterendering.RegionEastUS, azremoterendering.RegionEastUS2:
		server.Teraflops = 8.1
	case azremoterendering.RegionWestUS2:
		server.Teraflops = 14
	}
	if spec.Size == azremoterendering.SessionSizePremium {
		server.Teraflops *= 2
	}
	return server
}

// machine returns the first label of a host name, in the form that was recorded. Of the codes in
// names since 2022 only that of East US 2, eu, was recorded; others begin the name of the region.
func (b inventor) machine(spec Spec) string {
	if b.vintage == service.Vintage2021 {
		return fmt.Sprintf("%d-%s", 100_000_000+rand.Int32N(1_900_000_000), naming.NewUUID())
	}
	code := string(spec.Region)[:min(len(spec.Region), 8)] // a label has at most 63 characters
	if spec.Region == azremoterendering.RegionEastUS2 {
		code = "eu"
	}
	return "arr" + code + strings.ToLower(string(spec.Size)) +
		strings.ReplaceAll(naming.NewUUID(), "-", "")
}
