// SPDX-License-Identifier: MIT

package emulator

import (
	"math/rand/v2"
	"time"

	"github.com/arr-go/azremoterendering"
)

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
