// SPDX-License-Identifier: MIT

package emulator

import "github.com/arr-go/azremoterendering/service"

// Decisions holds the points that recordings and documents of the service leave open, one field
// each: see [service.Decisions]. The zero value is the most likely answer.
type Decisions = service.Decisions

// RateLimit limits the requests of one account: Requests in a window of Per, by default a minute.
// See [service.RateLimit].
type RateLimit = service.RateLimit

// AbsentValues is a spelling of members that have no value: see [Decisions].
type AbsentValues = service.AbsentValues

const (
	// AbsentOmitted leaves them out, as recorded from May 2021 on.
	AbsentOmitted = service.AbsentOmitted
	// AbsentNull writes null, 0 or 0.0, as recorded in January 2021. The answer to a get of one
	// session then has no Cache-Control and no Pragma, as it had none at that time.
	AbsentNull = service.AbsentNull
)

// SameSettings says which lease counts when a creation is repeated: see [Decisions]. The size must
// be the same in any case.
type SameSettings = service.SameSettings

const (
	// CompareCurrentOrFirst accepts the present lease and the one first given.
	CompareCurrentOrFirst = service.CompareCurrentOrFirst
	// CompareCurrent accepts only the present lease: after an update, a blind repeat of the
	// creation is a conflict.
	CompareCurrent = service.CompareCurrent
	// CompareFirst accepts only the lease first given.
	CompareFirst = service.CompareFirst
)
