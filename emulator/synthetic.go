// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// Every port of a server lies in this range, bounds included, as the specification says.
const (
	firstPort = 49152
	lastPort  = 65534
)

// syntheticBackend invents servers that are ready after the start-up time.
type syntheticBackend struct {
	startupTime func(azremoterendering.SessionSize) time.Duration
	domain      string
	vintage     Vintage
}

// Start implements [Backend]. Nothing listens behind the name. Teraflops are those of Standard as
// recorded, of West Europe in regions without a recording. Those of Premium are not known; here
// they are twice as many.
func (b syntheticBackend) Start(spec ServerSpec) BackendServer {
	const ports = lastPort - firstPort + 1
	startup := max(0, b.startupTime(spec.Size))
	handshake := rand.Int32N(ports)
	inspector := (handshake + 1 + rand.Int32N(ports-1)) % ports // any but the first one
	server := inventedServer{
		ReadyAt: spec.Clock.Now().Add(startup),
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
func (b syntheticBackend) machine(spec ServerSpec) string {
	if b.vintage == Vintage2021 {
		return fmt.Sprintf("%d-%s", 100_000_000+rand.Int32N(1_900_000_000), naming.NewUUID())
	}
	code := string(spec.Region)[:min(len(spec.Region), 8)] // a label has at most 63 characters
	if spec.Region == azremoterendering.RegionEastUS2 {
		code = "eu"
	}
	return "arr" + code + strings.ToLower(string(spec.Size)) +
		strings.ReplaceAll(naming.NewUUID(), "-", "")
}

// FixedStartup returns a value for [Options.StartupTime]: every session is Starting for d.
func FixedStartup(d time.Duration) func(azremoterendering.SessionSize) time.Duration {
	return func(azremoterendering.SessionSize) time.Duration { return d }
}

// RangeStartup returns a value for [Options.StartupTime]: every session is Starting for a random
// time between shortest and longest, both included, each as likely as any other. If longest is not
// above shortest, all take shortest.
func RangeStartup(
	shortest, longest time.Duration,
) func(azremoterendering.SessionSize) time.Duration {
	return func(azremoterendering.SessionSize) time.Duration {
		if longest <= shortest {
			return shortest
		}
		return shortest + rand.N(longest-shortest+1)
	}
}

// RecordedStartup returns a value for [Options.StartupTime]: sessions take as long as those
// recorded from the service, 8 seconds (seen in February 2022) with one chance in two, otherwise
// between 150 and 180 seconds (January and May 2021).
func RecordedStartup() func(azremoterendering.SessionSize) time.Duration {
	slow := RangeStartup(150*time.Second, 180*time.Second)
	return func(size azremoterendering.SessionSize) time.Duration {
		if rand.N(2) == 0 {
			return 8 * time.Second
		}
		return slow(size)
	}
}
