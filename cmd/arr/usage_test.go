// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// runOnce runs arr to its end.
func runOnce(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := command(t, nil, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code tells
	require.NotNil(t, cmd.ProcessState)
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestMistakesInTheCommandLine(t *testing.T) {
	const emulatorHelp = "See: arr emulator --help\n"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen", "127.0.0.1"}, `--listen "127.0.0.1": address 127.0.0.1: missing port in address; give HOST:PORT`},
		{[]string{"--listen", "127.0.0.1:"}, `the port is missing; give HOST:PORT`},
		{[]string{"--listen", ""}, `--listen "": missing port in address; give HOST:PORT`},
		{[]string{"--listen", "127.0.0.1:99999"}, `invalid port; give HOST:PORT`},
		{[]string{"--listen", "300.1.1.1:0"}, `give HOST:PORT`},
		{[]string{"--domain", "Arr Test"}, `--domain "Arr Test" is not a host name`},
		{[]string{"--domain", "test", "--tls"}, `--domain "test" is a top-level domain`},
		{[]string{"--ca-dir", "x"}, "--ca-dir is of use only with --tls"},
		{[]string{"--account-id", "me"}, `--account-id "me" is not a UUID such as 0000`},
		{[]string{"--account-key", "with space"}, "--account-key (or ARR_EMULATOR_ACCOUNT_KEY) has a character that is not printable ASCII, or a space"},
		{[]string{"--account-key", "line\nend"}, "--account-key (or ARR_EMULATOR_ACCOUNT_KEY) has a character"},
		{[]string{"--region", "West Europe"}, `--region "West Europe" is not a name of lower-case letters and digits such as westeurope`},
		{[]string{"--startup-time", "soon"}, `invalid argument "soon" for "--startup-time" flag: give a time such as 30s, a range such as 150s-180s, or recorded`},
		{[]string{"--capacity", "many"}, `invalid argument "many" for "--capacity" flag: give a number for each size, such as 4`},
		{[]string{"--rate-limit", "60/m"}, `invalid argument "60/m" for "--rate-limit" flag: give requests and the length of a window, such as 60/1m`},
		{[]string{"--page-size", "0"}, `invalid argument "0" for "--page-size" flag: give the largest number`},
		{[]string{"--spelling", "nil"}, `invalid argument "nil" for "--spelling" flag: give one of omitted, null`},
		{[]string{"--token-lifetime", "1ms"}, `invalid argument "1ms" for "--token-lifetime" flag: give a time of one second or more`},
		{[]string{"--exec", "'x"}, `for "--exec" flag: the command has a quote ' at byte 0 that is not closed`},
		{[]string{"--exec", ""}, `for "--exec" flag: the command names no program`},
		{[]string{"--exec", "x {host}"}, `--exec: "{host}": {host} is not known`},
		{[]string{"--fault", "operation=nap status=500"}, `invalid argument "operation=nap status=500" for "--fault" flag: `},
		{[]string{"--fault", "status=500 account-id=11111111-2222-3333-4444-555555555555"}, "(--fault[0])"},
		{[]string{"--seed", "-1"}, `invalid argument "-1" for "--seed" flag: give a whole number`},
		{[]string{"--admin=maybe"}, `invalid argument "maybe" for "--admin" flag`},
		{[]string{"--output", "xml"}, `invalid argument "xml" for "--output" flag: give one of text, json`},
		{[]string{"--log-level", "loud"}, `invalid argument "loud" for "--log-level" flag: give one of info, debug, warn, error`},
		{[]string{"--log-format", "xml"}, `invalid argument "xml" for "--log-format" flag: give one of text, json`},
		{[]string{"--nonsense"}, "unknown flag: --nonsense"},
		{[]string{"--listen"}, "flag needs an argument: --listen"},
		{[]string{"--tls", "true"}, `"true" is no flag`},
	} {
		code, stdout, stderr := runOnce(t, append([]string{"emulator"}, test.args...)...)
		assert.Equal(t, failure.Usage, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.want)
		assert.Contains(t, stderr, emulatorHelp, test.args)
		assert.NotContains(t, stderr, "Usage:", test.args)
	}
}

func TestRoot(t *testing.T) {
	code, stdout, stderr := runOnce(t, "emulater")
	assert.Equal(t, failure.Usage, code)
	assert.Empty(t, stdout)
	assert.Equal(
		t,
		"arr: there is no command \"emulater\"; did you mean \"emulator\"?\nSee: arr --help\n",
		stderr,
	)

	code, _, stderr = runOnce(t, "xyzzy")
	assert.Equal(t, failure.Usage, code)
	assert.Contains(t, stderr, `there is no command "xyzzy"`)

	for _, args := range [][]string{nil, {"--help"}, {"help"}} {
		code, stdout, _ = runOnce(t, args...)
		assert.Equal(t, failure.OK, code)
		assert.Contains(t, stdout, "Run the emulator of the service")
	}
	code, stdout, _ = runOnce(t, "version")
	assert.Equal(t, failure.OK, code)
	assert.Regexp(t, `^arr version \S+ go1\.\S+ \w+/\w+\n$`, stdout)
	code, stdout, _ = runOnce(t, "version", "--output", "json")
	assert.Equal(t, failure.OK, code)
	assert.Regexp(
		t,
		`^{"architecture":"\w+","go":"go1\.[^"]+","os":"\w+","version":"[^"]+"}\n$`,
		stdout,
	)
	code, stdout, _ = runOnce(t, "completion", "bash")
	assert.Equal(t, failure.OK, code)
	assert.Contains(t, stdout, "bash completion V2 for arr")
	code, stdout, _ = runOnce(t, "__complete", "emulator", "--spelling", "")
	assert.Equal(t, failure.OK, code)
	assert.Contains(t, stdout, "omitted\nnull\n")
}

func TestBuiltinCommandsRefuseWhatTheyDoNotKnow(t *testing.T) {
	for want, args := range map[string][]string{
		`there is no command "tcsh"`:         {"completion", "tcsh"},
		`there is no help on "nothing"`:      {"help", "nothing"},
		`there is no help on "session nope"`: {"help", "session", "nope"},
	} {
		code, stdout, stderr := runOnce(t, args...)
		assert.Equal(t, failure.Usage, code, args)
		assert.Empty(t, stdout, args)
		assert.Contains(t, stderr, want)
	}
	for _, args := range [][]string{{"help", "session", "create"}, {"help", "output"}, {"help", "help"}, {"completion"}, {"session", "--help"}} {
		code, stdout, _ := runOnce(t, args...)
		assert.Equal(t, failure.OK, code, args)
		assert.NotEmpty(t, stdout, args)
	}
}

// The help is the manual. ARR_GOLDEN=1 writes the file anew.
func TestHelp(t *testing.T) {
	code, help, stderr := runOnce(t, "emulator", "--help")
	assert.Equal(t, failure.OK, code)
	assert.Empty(t, stderr)
	golden := filepath.Join("testdata", "emulator-help.txt")
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(help), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), help, "if this is meant, set ARR_GOLDEN=1")
}

func TestParseStartupTime(t *testing.T) {
	for text, bounds := range map[string][2]time.Duration{
		"0s":        {0, 0},
		"30s":       {30 * time.Second, 30 * time.Second},
		"150s-180s": {150 * time.Second, 180 * time.Second},
		"recorded":  {8 * time.Second, 180 * time.Second},
	} {
		startup, err := parseStartupTime(text)
		require.NoError(t, err, text)
		for range 100 {
			d := startup(arr.SessionSizeStandard)
			assert.True(t, d >= bounds[0] && d <= bounds[1], "%s: %v", text, d)
		}
	}
	for _, text := range []string{"", "-", "-5s", "5s-", "5s-1s", "1s--2s", "1s-2s-3s", "5", "Recorded"} {
		_, err := parseStartupTime(text)
		assert.Error(t, err, text)
	}
}

func TestParseCapacity(t *testing.T) {
	// Standard, Premium, a size that this program does not know
	for text, want := range map[string][3]int{
		"4":                    {4, 4, 4},
		"0":                    {0, 0, 0},
		"Standard=4,Premium=1": {4, 1, -1},
		"premium=2":            {-1, 2, -1},
		"Standard=0, Premium=": {},
	} {
		limit, err := parseCapacity(text)
		if want == [3]int{} && text != "0" {
			assert.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(
			t,
			want,
			[3]int{
				limit("", arr.SessionSizeStandard),
				limit("", arr.SessionSizePremium),
				limit("", "Huge"),
			},
			text,
		)
	}
	for _, text := range []string{"", "-1", "4,Premium=1", "Standard", "Standard=-1", "Standard=1,standard=2", "Huge=1", "Standard=1,", "1.5"} {
		_, err := parseCapacity(text)
		assert.Error(t, err, text)
	}
}

func TestParseRateLimit(t *testing.T) {
	for text, per := range map[string]time.Duration{"60": time.Minute, "60/1m": time.Minute, "60/90s": 90 * time.Second} {
		limit, err := parseRateLimit(text)
		require.NoError(t, err, text)
		assert.Equal(t, 60, limit.Requests)
		assert.Equal(t, per, limit.Per)
	}
	for _, text := range []string{"", "0", "-1", "60/", "60/0s", "60/-1s", "60/m", "/1m", "x/1m"} {
		_, err := parseRateLimit(text)
		assert.Error(t, err, text)
	}
}
