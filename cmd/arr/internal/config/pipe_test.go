// SPDX-License-Identifier: MIT

//go:build unix

package config

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Opening a pipe waits for a writer, and a signal does not end that.
func TestAPipeInPlaceOfAFileIsNotWaitedFor(t *testing.T) {
	for name, inputs := range map[string]Inputs{
		"found":               {},
		"named":               {Script: "arrconfig.json"},
		"as config file":      {File: "arrconfig.json"},
		"a device":            {Script: "/dev/zero"},
		"a device, as config": {File: "/dev/zero"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			require.NoError(t, syscall.Mkfifo("arrconfig.json", 0o600))
			inputs.Getenv = s.inputs.Getenv
			loaded := make(chan error, 1)
			go func() {
				_, err := Load(inputs)
				loaded <- err
			}()
			select {
			case err := <-loaded:
				assert.ErrorContains(t, err, "is a pipe or a device, not a regular file")
			case <-time.After(10 * time.Second):
				assert.Fail(t, "it waits for a writer")
			}
		})
	}
}
