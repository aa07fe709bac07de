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

func TestAWaitForSeveralGoesOnAfterAFailure(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("one")
	service.ready("two")
	r := service.arr("session", "wait", "one", "nobody", "two", "--quiet")
	assert.Equal(t, failure.NotFound, r.code)
	assert.ElementsMatch(t, []string{"one", "two"}, strings.Fields(r.stdout))
	assert.Contains(t, r.stderr, `get session "nobody"`)
	require.NoError(t, service.SetStatus("two", arr.SessionStatusExpired))
	r = service.arr("session", "wait", "one", "nobody", "two", "--quiet")
	assert.Equal(t, failure.Other, r.code, "the failures do not agree")
	assert.Equal(t, 4, strings.Count(r.stderr, "\n"), r.stderr)
}
