// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"
)

// addTimeFlags adds the flags of the clock.
func (c *emulatorCommand) addTimeFlags(cmd *cobra.Command) {
	o := &c.options
	addValue(
		cmd,
		&o.TimeScale,
		"time-scale",
		"N",
		"",
		"seconds that pass on the emulator's clock in one second: with 60, a lease of half an hour "+
			"is over after 30 seconds; from 0.001 to 10000 (default: 1, or the scale that a state file has)",
		parseTimeScale,
	)
	cmd.Flags().BoolVar(&o.StartFrozen, "freeze-time", false,
		"start with a clock that stands still, until POST /_emulator/clock advances or releases it")
}

// parseTimeScale reads a number; the emulator knows the limits. 0 would mean the default there.
func parseTimeScale(text string) (float64, error) {
	scale, err := strconv.ParseFloat(text, 64)
	if err != nil || scale < 0.001 || scale > 10_000 || scale != scale {
		return 0, errors.New("give a number from 0.001 to 10000, such as 60; --freeze-time stops the clock")
	}
	return scale, nil
}
