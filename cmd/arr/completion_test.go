// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestShellsCompleteSessionIDs(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for _, id := range []string{"one", "other", "two"} {
		service.ready(id)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"get", ""}, "one\nother\ntwo\n"},
		{[]string{"get", "o"}, "one\nother\n"},
		{[]string{"get", "one", ""}, ""},
		{[]string{"update", "t"}, "two\n"},
		{[]string{"update", "two", ""}, ""},
		{[]string{"extend", "o"}, "one\nother\n"},
		{[]string{"extend", "one", ""}, ""},
		{[]string{"keep-alive", "one", "two", ""}, "other\n"},
		{[]string{"stop", "one", "o"}, "other\n"},
		{[]string{"wait", "one", "two", ""}, "other\n"},
		{[]string{"get", "--emulator", ""}, "sample\n"},
		{[]string{"get", "--endpoint", "https://arr.invalid", ""}, ""},
		{[]string{"get", "--key-stdin", ""}, ""},
		{[]string{"create", ""}, ""},
		{[]string{"list", ""}, ""},
	} {
		r := service.arr(append([]string{"__complete", "session"}, test.args...)...)
		assert.Equal(t, failure.OK, r.code, r.stderr)
		assert.Equal(t, test.want+":4\n", r.stdout, "%v", test.args)
		assert.NotContains(t, r.stderr, "arr:", "%v", test.args)
	}
	r := runArr(t, nil, "", "__complete", "session", "get", "")
	assert.Equal(t, ":4\n", r.stdout, "nothing is configured")
}

func TestCompletionIsBriefAndTakesNoCommandsFromAService(t *testing.T) {
	var delay atomic.Int64
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Duration(delay.Load())):
		case <-r.Context().Done():
		}
		fmt.Fprint(w, `{"sessions":[`)
		for i, id := range []string{
			`"; rm -rf ~"`, `"$(id)"`, `"two\nlines"`, `"\u001b[2J"`, `"--emulator"`, `"good"`,
		} {
			if i > 0 {
				fmt.Fprint(w, ",")
			}
			fmt.Fprintf(w, `{"id":%s,"size":"Standard","status":"Ready"}`, id)
		}
		fmt.Fprint(w, `]}`)
	}))
	defer hostile.Close()
	environment := []string{
		"ARR_ENDPOINT=" + hostile.URL,
		"ARR_ACCOUNT_ID=" + emulator.DevelopmentAccountID,
		"ARR_ACCESS_TOKEN=" + entraToken(),
	}
	assert.Equal(
		t,
		"good\n:4\n",
		runArr(t, environment, "", "__complete", "session", "stop", "").stdout,
	)
	delay.Store(int64(time.Minute))
	began := time.Now()
	assert.Equal(t, ":4\n", runArr(t, environment, "", "__complete", "session", "stop", "").stdout)
	assert.Less(t, time.Since(began), 10*time.Second)
}
