// SPDX-License-Identifier: MIT

//go:build race

package testkit

// RaceDetector says whether the race detector is on. It allocates, and makes code that handles
// every byte some fifty times slower, so that tests of costs say nothing under it.
const RaceDetector = true
