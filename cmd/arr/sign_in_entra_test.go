// SPDX-License-Identifier: MIT

package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// entraToken is a token of Microsoft Entra as far as the emulator looks at it: nobody has signed
// it.
func entraToken() string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims := fmt.Sprintf(
		`{"aud":"https://sts.mixedreality.azure.com","exp":%d,"nbf":%d}`,
		time.Now().Add(time.Hour).Unix(),
		time.Now().Add(-time.Hour).Unix(),
	)
	return part(`{"alg":"none","typ":"JWT"}`) + "." + part(claims) + "."
}

// acceptingIdentities are the options of a service that takes such tokens.
var acceptingIdentities = emulator.Options{AcceptIdentity: emulator.AcceptAnyIdentity()}

// withoutKey is the environment of a service for somebody who has no key.
func (s *testService) withoutKey() []string {
	return []string{
		"ARR_ENDPOINT=" + s.url,
		"ARR_STS_ENDPOINT=" + s.url,
		"ARR_ACCOUNT_ID=" + s.Account().ID,
		"ARR_RETRIES=0",
	}
}

func TestSignInWithTheAzureCLI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the az of this test is a script for sh")
	}
	service := newTestService(t, acceptingIdentities)
	service.ready("demo")
	folder := t.TempDir()
	asked := filepath.Join(folder, "asked")
	script := fmt.Sprintf(
		"#!/bin/sh\necho \"$@\" >'%s'\necho '{\"accessToken\":\"%s\",\"expires_on\":%d,"+
			"\"expiresOn\":\"2099-01-01 00:00:00.000000\",\"tenant\":\"t\",\"tokenType\":\"Bearer\"}'\n",
		asked,
		entraToken(),
		time.Now().Add(time.Hour).Unix(),
	)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o700))
	environment := append(
		service.withoutKey(),
		"PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
	r := runArr(
		t,
		environment,
		"",
		"session",
		"list",
		"--quiet",
		"--auth",
		"azure-cli",
		"--tenant",
		"my-tenant",
	)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "demo\n", r.stdout)
	arguments, err := os.ReadFile(asked)
	require.NoError(t, err)
	assert.Contains(t, string(arguments), "--resource https://sts.mixedreality.azure.com/ ")
	assert.Contains(t, string(arguments), "--tenant my-tenant")
}

func TestSignInWithAManagedIdentity(t *testing.T) {
	service := newTestService(t, acceptingIdentities)
	service.ready("demo")
	var query string
	machine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(
			w,
			`{"access_token":"%s","expires_on":"%d","resource":"x","token_type":"Bearer"}`,
			entraToken(),
			time.Now().Add(time.Hour).Unix(),
		)
	}))
	defer machine.Close()
	environment := append(
		service.withoutKey(),
		"IDENTITY_ENDPOINT="+machine.URL,
		"IDENTITY_HEADER=x",
		"ARR_AUTH=managed-identity",
		"ARR_CLIENT_ID=mine",
	)
	r := runArr(t, environment, "", "session", "list", "--quiet")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "demo\n", r.stdout)
	assert.Contains(t, query, "client_id=mine")
}

func TestNoIdentityIsARefusal(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	environment := append(service.withoutKey(), "PATH="+t.TempDir())
	r := runArr(t, environment, "", "session", "list", "--auth", "azure-cli")
	assert.Equal(t, failure.Refused, r.code, r.stderr)
	assert.Contains(t, r.stderr, "\nSign in again, or check the credential\n")
}
