// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// Every exit code but those of signals, once, with what the user is told.
func TestExitCodes(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	service.ready("over")
	require.NoError(t, service.SetStatus("over", arr.SessionStatusExpired))
	record := transcript{url: service.url}
	for _, test := range []struct {
		code  int
		fault string
		args  []string
	}{
		{failure.OK, "", []string{"session", "list", "--quiet"}},
		{failure.Other, "operation=get status=503", []string{"session", "get", "demo"}},
		{failure.Other, "operation=get body=invalid", []string{"session", "get", "demo"}},
		{failure.Usage, "", []string{"session", "get", "a/b"}},
		{failure.Usage, "", []string{"session", "update", "demo"}},
		{failure.Usage, "", []string{"session", "list", "--output", "xml"}},
		{failure.Usage, "", []string{"session", "list", "--timeout", "-1s"}},
		{failure.Other, "", []string{"session", "create", "new", "--lease", "25h"}},
		{failure.Refused, "operation=token status=401", []string{"session", "list"}},
		{failure.Refused, "operation=list status=403", []string{"session", "list"}},
		{failure.NotFound, "", []string{"session", "get", "nobody"}},
		{failure.Ended, "", []string{"session", "get", "over", "--wait", "--quiet"}},
		{failure.Timeout, "operation=get delay=1h", []string{"session", "get", "demo", "--timeout", "500ms"}},
		{failure.Throttled, "operation=list status=429 retry-after=15s", []string{"session", "list"}},
		{failure.Throttled, "operation=token status=429", []string{"session", "list"}},
		{failure.Unknown, "operation=stop drop=after", []string{"session", "stop", "demo"}},
		{failure.Unknown, "operation=create status=504", []string{"session", "create", "new"}},
		{failure.Conflict, "", []string{"session", "create", "demo", "--size", "Premium"}},
		{failure.Conflict, "", []string{"session", "update", "over", "--lease", "40m"}},
		{failure.Conflict, "operation=update status=422", []string{"session", "update", "demo", "--lease", "40m"}},
	} {
		service.ClearFaults()
		if test.fault != "" {
			service.inject(test.fault)
			record.text.WriteString("# " + test.fault + "\n")
		}
		r := service.arr(test.args...)
		assert.Equal(t, test.code, r.code, "%v: %s", test.args, r.stderr)
		record.add(test.args, r)
		if test.code == failure.OK {
			continue
		}
		assert.Equal(t, 2, strings.Count(r.stderr, "\n"), "two lines: %s", r.stderr)
		assert.True(t, strings.HasPrefix(r.stderr, "arr: "), r.stderr)
		if strings.Contains(test.fault, "status=") {
			assert.Contains(t, r.stderr, "MS-CV")
		}
	}
	record.compare(t, "failures.txt")
}

func TestUnreachableServices(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:1":  "connection refused",
		"https://arr.invalid": "there is no host arr.invalid",
	} {
		// the last one counts
		service.environment = append(service.environment, "ARR_ENDPOINT="+endpoint)
		r := service.arr("session", "get", "demo")
		assert.Equal(t, failure.Other, r.code)
		assert.Contains(t, r.stderr, want)
		assert.Equal(t, 2, strings.Count(r.stderr, "\n"), r.stderr)
	}
}
