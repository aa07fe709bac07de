// SPDX-License-Identifier: MIT

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// neededWord is a word of the usage of a command that must be given.
var neededWord = regexp.MustCompile(`^\S+ (?:\[flags\] -- )?([A-Z]+)\b`)

func TestEveryCommandSaysWhichArgumentIsMissing(t *testing.T) {
	tested := 0
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			check(child)
		}
		if !cmd.Runnable() || cmd.Hidden {
			return
		}
		path := cmd.CommandPath()
		if cmd.Name() != "help" {
			require.NotNil(t, cmd.Args, "%s would take any words", path)
		}
		needed := neededWord.FindStringSubmatch(cmd.Use)
		if needed == nil {
			return
		}
		tested++
		err := cmd.Args(cmd, nil)
		require.ErrorContains(t, err, needed[1]+" is missing: "+path+" needs ", path)
		_, advice := failure.Explain(err, path)
		assert.True(t, strings.HasPrefix(advice, "For example: "+path+" "), "%s: %s", path, advice)
		assert.Equal(t, failure.Usage, failure.Code(err))
	}
	check(newRoot())
	assert.Equal(t, 15, tested, "commands that need an argument")
}

func TestMistakesInWords(t *testing.T) {
	for _, test := range []struct{ typed, want string }{
		{"session get", "arr: ID is missing: arr session get needs the id of a session\n" +
			"For example: arr session get demo --wait\n"},
		{"config set", "arr: NAME is missing: arr config set needs a setting and its value\n" +
			"For example: arr config set region westeurope\n"},
		{"config set region", "arr: VALUE is missing: arr config set needs the value of region\n" +
			"For example: arr config set region=VALUE\n"},
		{"run --lease 10m", "arr: COMMAND is missing: arr run needs the command to run, after --\n" +
			"For example: arr run -- ./viewer --model engine.arrAsset\n"},
		{"session get one two", "arr: \"two\" is one too many: arr session get takes the id of a session\n" +
			"See: arr session get --help\n"},
		{"conversion get one sv=2", "arr: an argument is too many: arr conversion get takes the id of a conversion\n" +
			"See: arr conversion get --help\n"},
		{"login secret", "arr: an argument is too many: arr login takes no arguments, and a key from standard input\n" +
			"See: arr login --help\n"},
		{"version now", "arr: \"now\" is one too many: arr version takes no arguments\nSee: arr version --help\n"},
		{"completion bash now", "arr: \"now\" is one too many: arr completion bash takes no arguments\n" +
			"See: arr completion bash --help\n"},
		{"convert a b", "arr: \"b\" is one too many: arr convert takes one folder or file\n" +
			"See: arr convert --help\n"},
	} {
		r := runArr(t, nil, "", strings.Fields(test.typed)...)
		assert.Equal(t, failure.Usage, r.code, test.typed)
		assert.Empty(t, r.stdout, test.typed)
		assert.Equal(t, test.want, r.stderr)
	}
}
