// SPDX-License-Identifier: MIT

package emulator

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

func TestStateFileIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) service.Store {
		e := newEmulator(t, Options{StateFile: filepath.Join(t.TempDir(), "state")})
		t.Cleanup(func() { assert.NoError(t, e.Close()) })
		return e.store
	})
}
