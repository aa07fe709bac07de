// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestWhereKeysComeFrom(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	withoutKey := []string{
		"ARR_ENDPOINT=" + service.url,
		"ARR_STS_ENDPOINT=" + service.url,
		"ARR_ACCOUNT_ID=" + service.Account().ID,
	}
	keyFile := file(t, "my.key", "\ufeff"+service.Key()+"\r\n")
	for _, test := range []struct {
		environment []string
		stdin       string
		args        []string
		code        int
		want        string
	}{
		{nil, "", []string{"--key-file", keyFile}, failure.OK, ""},
		{[]string{"ARR_ACCOUNT_KEY_FILE=" + keyFile}, "", nil, failure.OK, ""},
		{nil, service.Key() + "\n", []string{"--key-stdin"}, failure.OK, ""},
		{[]string{"ARR_ACCOUNT_KEY=wrong"}, service.Key(), []string{"--key-stdin"}, failure.OK, ""},
		{nil, "", []string{"--key-stdin"}, failure.Usage, "standard input holds no account key"},
		{nil, "two secret-keys", []string{"--key-stdin"}, failure.Usage, "more than an account key"},
		{nil, "", []string{"--key-file", "nowhere"}, failure.Usage, "nowhere"},
		{nil, "", nil, failure.Usage, "there is no account key\nSet ARR_ACCOUNT_KEY or ARR_ACCOUNT_KEY_FILE"},
		{[]string{"ARR_ACCOUNT_KEY=wrong"}, "", []string{"--retries", "0"}, failure.Refused, "401 Unauthorized"},
		{[]string{"ARR_CA_FILE=nowhere.pem", "ARR_ACCOUNT_KEY=k"}, "", nil, failure.Usage, "nowhere.pem"},
		{[]string{"ARR_CA_FILE=" + keyFile, "ARR_ACCOUNT_KEY=k"}, "", nil, failure.Usage, "holds no certificate"},
		{
			[]string{"ARR_ACCESS_TOKEN=a b"}, "", nil, failure.Usage,
			"ARR_ACCESS_TOKEN is empty or has an invalid character",
		},
	} {
		environment := append(withoutKey[:len(withoutKey):len(withoutKey)], test.environment...)
		r := runArr(
			t,
			environment,
			test.stdin,
			append([]string{"session", "list", "--quiet"}, test.args...)...)
		assert.Equal(t, test.code, r.code, "%v: %s", test, r.stderr)
		assert.Contains(t, r.stderr, test.want)
		if test.code == failure.OK {
			assert.Equal(t, "demo\n", r.stdout)
		}
	}
}
