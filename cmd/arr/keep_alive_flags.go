// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// keepAliveFlags are the flags that say how a lease is kept alive.
type keepAliveFlags struct {
	step, threshold, maxLease, checkInterval time.Duration
}

func (k *keepAliveFlags) addFlags(cmd *cobra.Command) {
	addValue(
		cmd,
		&k.step,
		"step",
		"TIME",
		"",
		"time by which the lease is extended, in whole minutes (default 20m)",
		parseSpan,
	)
	addValue(
		cmd,
		&k.threshold,
		"threshold",
		"TIME",
		"",
		"extend the lease when this much is left; an outage of the service that is shorter "+
			"does no harm (default 10m)",
		parseSpan,
	)
	addValue(
		cmd,
		&k.maxLease,
		"max-lease",
		"TIME",
		"",
		"longest lease, from Ready on; it bounds the cost of the session "+
			"(default 23h59m, the limit of the service)",
		parseSpan,
	)
	addTime(
		cmd,
		&k.checkInterval,
		"check-interval",
		"time between two checks that the session still runs (default: 1m)",
	)
}

// parseSpan reads a time in whole minutes that is one at least: none would mean the default.
func parseSpan(text string) (time.Duration, error) {
	span, err := config.ParseLease(text)
	if err == nil && span == 0 {
		err = errors.New("give one minute or more")
	}
	return span, err
}

// lookEvery returns the time between two checks that a session still runs.
func (k *keepAliveFlags) lookEvery() time.Duration { return cmp.Or(k.checkInterval, time.Minute) }

// keepAliveFlagNames are the flags from which options of package lease come.
var keepAliveFlagNames = map[string]string{
	"Step":         "--step",
	"Threshold":    "--threshold",
	"MaxLeaseTime": "--max-lease",
	"LeaseTime":    "--lease",
	"StartTimeout": "--start-timeout",
	"IDPrefix":     "--prefix",
	"MinRemaining": "--threshold",
}

// inKeepAliveFlags returns an error about an option of package lease with the flag that it comes
// from.
func inKeepAliveFlags(err error) error {
	return failure.InWords(err, func(option string) string { return keepAliveFlagNames[option] })
}
