// SPDX-License-Identifier: MIT

package azremoterendering

import "github.com/arr-go/azremoterendering/internal/module"

const (
	// moduleName is the bare package name, because azcore puts its last path element into the
	// User-Agent.
	moduleName = "azremoterendering"
	version    = module.Version

	// defaultAPIVersion is the only stable version of the service.
	defaultAPIVersion = "2021-01-01"
	// stsAPIVersion is the only version of the token service.
	stsAPIVersion = "2019-02-28-preview"
)
