// SPDX-License-Identifier: MIT

package process

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A port of the range of outgoing connections may be taken before the program listens on it.
func TestPortsAreNotThoseOfOutgoingConnections(t *testing.T) {
	for range 100 {
		port, err := reservePort()
		require.NoError(t, err)
		defer releasePort(port)
		assert.GreaterOrEqual(t, port, firstQuietPort)
		assert.LessOrEqual(t, port, lastPort)
	}
}
