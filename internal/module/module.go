// SPDX-License-Identifier: MIT

// Package module holds the version of this module, for the client and for the command line.
package module

// Version is the version of this module, as in its tags.
const Version = "v0.1.0"
