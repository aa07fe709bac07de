// SPDX-License-Identifier: MIT

package spelling

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNearestIsOnlyWhatIsNear(t *testing.T) {
	known := []string{"key", "lease", "eastus", "eastus2", "westus2"}
	for word, want := range map[string]string{
		"lese": "lease", "elase": "lease", "leasee": "lease", "LEASE": "lease", "lxxse": "",
		"kez": "key", "k": "", "": "", "aastus1": "", "eastus3": "", strings.Repeat("lease", 100): "",
	} {
		assert.Equal(t, want, Nearest(word, known), word)
	}
}

func TestNearNamesAllThatAreEquallyNear(t *testing.T) {
	known := []string{"get", "list", "stop", "step"}
	for word, want := range map[string][]string{
		"lst": {"list"}, "stap": {"stop", "step"}, "nothing": nil,
	} {
		assert.Equal(t, want, Near(word, known), word)
	}
}
