// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestProfilesFromTheCommandLine(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	path := filepath.Join(t.TempDir(), "arr", "config.toml")
	environment := []string{"ARR_ACCOUNT_KEY=" + service.Key()}
	do := func(args ...string) result {
		return runArr(t, environment, "", append(args, "--config", path)...)
	}
	assert.Contains(t, do("config", "list").stdout, "There are no profiles in ")
	for _, args := range [][]string{
		{"config", "set", "endpoint", service.url},
		{"config", "set", "account-id=" + service.Account().ID, "sts-endpoint=" + service.url, "ARR_RETRIES=0"},
		{"config", "set", "region", "westeurope", "--profile", "cloud"},
	} {
		r := do(args...)
		require.Equal(t, failure.OK, r.code, r.stderr)
		assert.Empty(t, r.stdout)
		assert.Contains(t, r.stderr, "Set ")
	}
	assert.Equal(t, "demo\n", do("session", "list", "-q").stdout)
	assert.Equal(t, service.url+"\n", do("config", "get", "endpoint").stdout)
	assert.Equal(t, "westeurope\n", do("config", "get", "region", "--profile", "cloud").stdout)
	r := do("config", "get", "account-key")
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "account-key is set by ARR_ACCOUNT_KEY, and is not shown")
	assert.Equal(t, failure.Other, do("config", "get", "tenant").code)
	assert.Equal(t, "30m\n", do("config", "get", "lease").stdout, "the default")

	assert.Equal(t, failure.OK, do("config", "use", "cloud").code)
	assert.Equal(t, `{"name":"cloud","default":true,"endpoint":"westeurope"}`+"\n"+
		`{"name":"default","default":false,"endpoint":"`+service.url+`","accountId":"`+service.Account().ID+"\"}\n",
		do("config", "list", "--output", "json").stdout)
	r = do("config", "unset", "region", "size", "--profile", "cloud")
	assert.Contains(t, r.stderr, "Removed region from profile cloud")
	assert.Contains(t, r.stderr, "has no size")
	r = do("config", "delete", "cloud")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "give --yes")
	assert.Equal(t, failure.OK, do("config", "delete", "cloud", "--yes").code)
	assert.Equal(t, "default\n", do("config", "list", "-q").stdout)
}

func TestConfigSetTakesNoSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	for _, name := range []string{"account-key", "ARR_ACCOUNT_KEY", "access_token", "storage-sas"} {
		r := runArr(t, nil, "", "config", "set", name, "hush-hush", "--config", path)
		assert.Equal(t, failure.Usage, r.code)
		assert.Contains(t, r.stderr, `use "arr login"`)
		assert.NotContains(t, r.stderr, "hush-hush")
	}
	_, err := os.Stat(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
