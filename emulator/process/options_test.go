// SPDX-License-Identifier: MIT

package process_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/process"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	run := []string{"run"}
	for want, options := range map[string]process.Options{
		"Options.Command names no program":             {},
		"names no program":                             {Command: []string{"", "x"}},
		"must not depend on {session}":                 {Command: []string{"bin/{session}"}},
		`"{sesion}": {sesion} is not known; there are`: {Command: []string{"run", "{sesion}"}},
		"{} is not known":                              {Command: []string{"run", "{}"}},
		`"{port" has a { without }`:                    {Command: []string{"run", "{port"}},
		`"port}" has a } without {`:                    {Command: []string{"run", "port}"}},
		`Options.Hostname "a:1" is neither`:            {Command: run, Hostname: "a:1"},
		"Options.Hostname \"a b\" is neither":          {Command: run, Hostname: "a b"},
		"Options.StartupTimeout -1ns is negative":      {Command: run, StartupTimeout: -1},
		"Options.StopGrace -1s is negative":            {Command: run, StopGrace: -time.Second},
	} {
		backend, err := process.New(options)
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "process: ")
		require.ErrorIs(t, err, azremoterendering.ErrInvalidArgument)
		assert.Nil(t, backend)
	}
	for _, hostname := range []string{"", "localhost", "::1", "10.0.0.7", "renderer.example"} {
		_, err := process.New(
			process.Options{
				Command:  []string{"run-{size}", "{{{port}}}", "{region}{account}"},
				Hostname: hostname,
			},
		)
		assert.NoError(t, err, hostname)
	}
}

func TestParseCommand(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"run":                           {"run"},
		"  run\t-p\n{port}\r\n ":        {"run", "-p", "{port}"},
		`'a b' "c d" e\ f`:              {"a b", "c d", "e f"},
		`x '' ""`:                       {"x", "", ""},
		`a'b'"c"d`:                      {"abcd"},
		`'C:\bin\run.exe' "C:\new\""`:   {`C:\bin\run.exe`, `C:\new"`},
		`"a\\b" 'a\\b' a\\b`:            {`a\b`, `a\\b`, `a\b`},
		`"it's" 'say "x"' \'\"`:         {`it's`, `say "x"`, `'"`},
		`run $HOME *.go | tee > x; y &`: {"run", "$HOME", "*.go", "|", "tee", ">", "x;", "y", "&"},
		`sh -c 'exec x "$ARR_PORT"'`:    {"sh", "-c", `exec x "$ARR_PORT"`},
		"größe \u00a0":                  {"größe", "\u00a0"},
	} {
		words, err := process.ParseCommand(line)
		require.NoError(t, err, line)
		assert.Equal(t, want, words, line)
	}
	for line, want := range map[string]string{
		"":         "names no program",
		" \t":      "names no program",
		"'' x":     "names no program",
		`run 'x`:   "a quote ' at byte 4 that is not closed",
		`run "x\"`: `a quote " at byte 4 that is not closed`,
		`run x\`:   "ends in a lone backslash",
		`run "x\`:  "ends in a lone backslash",
	} {
		words, err := process.ParseCommand(line)
		require.ErrorContains(t, err, want, line)
		assert.Nil(t, words)
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add(`a 'b c' "d\"" \e`)
	f.Fuzz(func(t *testing.T, line string) {
		if words, err := process.ParseCommand(line); err == nil {
			assert.NotEmpty(t, words[0])
		}
	})
}
