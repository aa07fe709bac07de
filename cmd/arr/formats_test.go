// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/emulator"
)

// withoutResults reports whether a command has no result to choose a format of: help, shell
// completion, changes of files, what runs until it is stopped, and groups of commands.
// The emulator's own --output is text or json.
func withoutResults(cmd *cobra.Command) bool {
	switch cmd.CommandPath() {
	case "arr", "arr help", "arr run", "arr emulator", "arr emulator health", "arr session", "arr conversion",
		"arr config set", "arr config unset", "arr config use", "arr config delete", "arr login", "arr logout",
		"arr gen", "arr gen man":
		return true
	}
	return !cmd.Runnable() || cmd.Name() == "completion" || cmd.HasParent() && cmd.Parent().Name() == "completion"
}

func TestEveryCommandWithAResultTakesOutputAndFormat(t *testing.T) {
	seen := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			walk(child)
		}
		if withoutResults(cmd) {
			return
		}
		seen++
		_ = cmd.InheritedFlags() // which adds those of its parents
		output := cmd.Flag("output")
		if assert.NotNil(t, output, cmd.CommandPath()) {
			assert.Equal(t, "o", output.Shorthand, cmd.CommandPath())
		}
		assert.NotNil(t, cmd.Flag("format"), cmd.CommandPath())
		assert.NotNil(t, cmd.Flag("color"), cmd.CommandPath())
	}
	walk(newRoot())
	assert.Greater(t, seen, 15)
}

func TestEveryFormatWorks(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, args := range [][]string{
		{"session", "list"}, {"session", "get", "demo"}, {"session", "describe", "demo"},
		{"session", "wait", "demo"}, {"regions"}, {"conversion", "list"}, {"config"}, {"config", "list"},
		{"config", "get", "size"}, {"doctor"}, {"token"}, {"version"},
	} {
		for _, format := range show.Formats() {
			r := service.arr(append(args[:len(args):len(args)], "-o", format)...)
			require.Equal(t, failure.OK, r.code, "%s -o %s: %s", args, format, r.stderr)
		}
	}
}
