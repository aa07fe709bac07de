// SPDX-License-Identifier: MIT

package azremoterendering

const (
	// moduleName is the bare package name: the User-Agent is built from the last element of what
	// azcore is given here.
	moduleName = "azremoterendering"
	version    = "v0.1.0"

	// defaultAPIVersion is the only stable version that the service ever had.
	defaultAPIVersion = "2021-01-01"
	// stsAPIVersion is fixed: the token service has no other.
	stsAPIVersion = "2019-02-28-preview"
)
