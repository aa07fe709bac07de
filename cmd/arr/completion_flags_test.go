// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestShellsCompleteFlags(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for _, id := range []string{"one", "other", "two"} {
		service.ready(id)
	}
	profiles := file(t, "config.toml", "[profiles.lab]\n[profiles.home]\n")
	var regions string // the shell itself chooses those that fit
	for _, region := range arr.Regions() {
		regions += string(region) + "\n"
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"session", "stop-all", "--keep", ""}, "one\nother\ntwo\n:4\n"},
		{[]string{"session", "stop-all", "--keep", "one", "--keep", "o"}, "other\n:4\n"},
		{[]string{"session", "stop-all", "--keep=t"}, "two\n:4\n"},
		{[]string{"run", "--session", "o"}, "one\nother\n:4\n"},
		{[]string{"run", "--emulator", "--session", ""}, "sample\n:4\n"},
		{[]string{"run", "--fallback", "north"}, regions + ":4\n"},
		{[]string{"session", "list", "--region", "north"}, regions + ":4\n"},
		{[]string{"session", "list", "--account-id", ""}, ":4\n"},
		{[]string{"session", "list", "--timeout", ""}, ":4\n"},
		{[]string{"session", "list", "--key-file", ""}, ":0\n"},
		{[]string{"convert", "--input-folder", ""}, ":4\n"},
		{[]string{"gen", "man", "--dir", ""}, ":16\n"},
		{[]string{"version", ""}, ":4\n"},
		{[]string{"emulator", "health", ""}, ":4\n"},
		{[]string{"token", ""}, ":4\n"},
		{[]string{"session", "list", "--config", profiles, "--profile", ""}, "home\nlab\n:4\n"},
		{[]string{"config", "set", "--config", profiles, "--profile", ""}, "home\nlab\n:4\n"},
		{[]string{"config", "use", "--config", profiles, ""}, "home\nlab\n:4\n"},
		{[]string{"login", "--config", profiles, "--profile", "l"}, "home\nlab\n:4\n"},
		{[]string{"run", "--config", profiles, "--profile", ""}, "home\nlab\n:4\n"},
		{[]string{"session", "list", "--config", "/nowhere", "--profile", ""}, ":4\n"},
	} {
		r := service.arr(append([]string{"__complete"}, test.args...)...)
		assert.Equal(t, failure.OK, r.code, r.stderr)
		assert.Equal(t, test.want, r.stdout, "%v", test.args)
	}
}

// A shell offers files where nothing says otherwise.
func TestShellsOfferFilesOnlyWhereFilesAreMeant(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			check(child)
		}
		if cmd.HasSubCommands() || !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			return
		}
		switch path := cmd.CommandPath(); path {
		case "arr run", "arr convert":
			assert.Nil(t, cmd.ValidArgsFunction, "%s takes files", path)
		default:
			assert.NotNil(t, cmd.ValidArgsFunction, path)
		}
	}
	check(newRoot())
}
