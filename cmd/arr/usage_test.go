// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
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
		{
			[]string{"--listen", "127.0.0.1"},
			`--listen "127.0.0.1": address 127.0.0.1: missing port in address; give HOST:PORT`,
		},
		{[]string{"--listen", "127.0.0.1:"}, `the port is missing; give HOST:PORT`},
		{[]string{"--listen", ""}, `--listen "": missing port in address; give HOST:PORT`},
		{[]string{"--listen", "127.0.0.1:99999"}, `invalid port; give HOST:PORT`},
		{[]string{"--listen", "300.1.1.1:0"}, `give HOST:PORT`},
		{[]string{"--domain", "Arr Test"}, `--domain "Arr Test" is not a host name`},
		{[]string{"--domain", "test", "--tls"}, `--domain "test" is a top-level domain`},
		{[]string{"--ca-dir", "x"}, "--ca-dir has no effect without --tls"},
		{[]string{"--account-id", "me"}, `--account-id "me" is not a UUID such as 0000`},
		{
			[]string{"--account-key", "with space"},
			"--account-key (or ARR_EMULATOR_ACCOUNT_KEY) has a character that is not printable ASCII, or a space",
		},
		{[]string{"--account-key", "line\nend"}, "--account-key (or ARR_EMULATOR_ACCOUNT_KEY) has a character"},
		{
			[]string{"--region", "West Europe"},
			`--region "West Europe" is not a name of lower-case letters and digits such as westeurope`,
		},
		{
			[]string{"--startup-time", "soon"},
			`invalid argument "soon" for "--startup-time" flag: give a time such as 30s, a range ` +
				`such as 150s-180s, or recorded`,
		},
		{
			[]string{"--capacity", "many"},
			`invalid argument "many" for "--capacity" flag: give a number for each size, such as 4`,
		},
		{
			[]string{"--rate-limit", "60/m"},
			`invalid argument "60/m" for "--rate-limit" flag: give requests and the length of a window, such as 60/1m`,
		},
		{[]string{"--page-size", "0"}, `invalid argument "0" for "--page-size" flag: give the largest number`},
		{[]string{"--spelling", "nil"}, `invalid argument "nil" for "--spelling" flag: give one of omitted, null`},
		{
			[]string{"--token-lifetime", "1ms"},
			`invalid argument "1ms" for "--token-lifetime" flag: give a time of one second or more`,
		},
		{[]string{"--exec", "'x"}, `for "--exec" flag: the command has a quote ' at byte 0 that is not closed`},
		{[]string{"--exec", ""}, `for "--exec" flag: the command names no program`},
		{[]string{"--exec", "x {host}"}, `--exec has a malformed argument: "{host}": {host} is not known`},
		{
			[]string{"--fault", "operation=nap status=500"},
			`invalid argument "operation=nap status=500" for "--fault" flag: `,
		},
		{
			[]string{"--fault", "status=500 account-id=11111111-2222-3333-4444-555555555555"},
			`--fault account-id "11111111-2222-3333-4444-555555555555" is not one of the emulator's accounts`,
		},
		{[]string{"--fault", "start=fails,status=503"}, `start has no effect`},
		{[]string{"--seed", "-1"}, `invalid argument "-1" for "--seed" flag: give a whole number`},
		{[]string{"--admin=maybe"}, `invalid argument "maybe" for "--admin" flag`},
		{[]string{"--output", "xml"}, `invalid argument "xml" for "--output" flag: give one of text, json`},
		{
			[]string{"--log-level", "loud"},
			`invalid argument "loud" for "--log-level" flag: give one of info, debug, warn, error`,
		},
		{[]string{"--log-format", "xml"}, `invalid argument "xml" for "--log-format" flag: give one of text, json`},
		{[]string{"--nonsense"}, "unknown flag: --nonsense"},
		{[]string{"--listen"}, "flag needs an argument: --listen"},
		{[]string{"--tls", "true"}, `"true" is not a flag`},
	} {
		code, stdout, stderr := runOnce(t, append([]string{"emulator"}, test.args...)...)
		assert.Equal(t, failure.Usage, code, test.args)
		assert.Empty(t, stdout, test.args)
		assert.Contains(t, stderr, test.want)
		assert.Contains(t, stderr, emulatorHelp, test.args)
		assert.NotContains(t, stderr, "Usage:", test.args)
	}
}

// Exit code 2 promises that no request was sent.
func TestMistakesInArgumentsComeBeforeAnyRequest(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	// where every request fails
	service.environment = append(service.environment, "ARR_ENDPOINT=http://127.0.0.1:1")
	for want, args := range map[string][]string{
		`session id "a/b" has a character that is not allowed`:       {"session", "stop", "demo", "a/b"},
		"the session id is empty":                                    {"session", "get", ""},
		"the session id has 257 characters; at most 256 are allowed": {"session", "wait", strings.Repeat("x", 257)},
		`session id "über" has a character`:                          {"session", "create", "über"},
		`session id "a b`:                                            {"session", "create", "--prefix", "a b"},
		`invalid argument "-1s" for "--interval" flag: give`:         {"session", "create", "--interval", "-1s"},
		`invalid argument "soon" for "--interval" flag: give`:        {"session", "wait", "demo", "--interval", "soon"},
		`invalid argument "-1h" for "--valid-for" flag: give`:        {"token", "--valid-for", "-1h"},
	} {
		r := service.arr(args...)
		assert.Equal(t, failure.Usage, r.code, "%v: %s", args, r.stderr)
		assert.Contains(t, r.stderr, want)
	}
	assert.Equal(t, arr.SessionStatusReady, service.status("demo"), "the other id was not touched")
}

func TestSuggestionsAreReadable(t *testing.T) {
	r := runArr(t, nil, "", "session", "lst")
	assert.Equal(
		t,
		"arr: there is no command \"lst\"; did you mean \"list\"?\nSee: arr session --help\n",
		r.stderr,
	)
	r = runArr(t, nil, "", "list")
	assert.Equal(
		t,
		"arr: there is no command \"list\"; did you mean \"arr session list\" or "+
			"\"arr config list\" or \"arr conversion list\"?\n"+
			"See: arr --help\n",
		r.stderr,
	)
}

func TestTheEmulatorInTheProcessTakesOrRefusesEveryFlag(t *testing.T) {
	for flag, value := range map[string]string{"--endpoint": "eastus", "--key-file": "x",
		"--sts-scope": "x", "--ca-file": "x", "--tenant": "x",
		"--client-id": "x", "--allow-http": "", "--account-domain": "eastus"} {
		args := []string{"session", "list", "--emulator", flag}
		if value != "" {
			args = append(args, value)
		}
		r := runArr(t, nil, "", args...)
		assert.Equal(t, failure.Usage, r.code, flag)
		assert.Contains(t, r.stderr, "--emulator and "+flag+" exclude each other")
	}
	r := runArr(t, nil, "", "session", "list", "--emulator", "--retries", "many")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "--retries: give a number from 0 to 100")
	r = runArr(
		t,
		[]string{"ARR_RETRIES=0", "ARR_STS_SCOPE=x"},
		"",
		"session",
		"list",
		"--emulator",
		"--quiet",
		"--retries",
		"2",
	)
	assert.Equal(t, failure.OK, r.code, r.stderr)
}
