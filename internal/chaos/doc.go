// SPDX-License-Identifier: MIT

// Package chaos holds tests that break connections and processes at random, over real sockets, and
// compare what clients report with what the service saw. They have the build tag chaos:
//
//	go test -tags chaos -v ./internal/chaos
//
// They read these environment variables:
//
//   - ARR_CHAOS_RUNS is how often each row of the outcome table runs, 40 by default
//   - ARR_CHAOS_TIME is how long each lease run lasts, 45s by default
//   - ARR_CHAOS_SEED repeats the draws of a lease run. The default is random, and is printed
package chaos
