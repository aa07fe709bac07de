// SPDX-License-Identifier: MIT

package service

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering"
)

// Decisions holds the points that recordings and documents of the service leave open, one field
// each. The zero value is the most likely answer; set a field to see how a client copes with
// another one.
type Decisions struct {
	// Vintage is the year of the hosted service whose answers are given, where it changed. The
	// default is [Vintage2023], the last one.
	Vintage Vintage

	// AbsentValues is the spelling of members without a value. The default is [AbsentOmitted].
	AbsentValues AbsentValues

	// AcceptZeroLease lets a session be created with a lease of 0 minutes, which expires at the
	// moment it becomes Ready. By default the answer is 400: the specification gives 0 as the lower
	// bound, but a lease of nothing is likely a mistake.
	AcceptZeroLease bool

	// MaxLease is the longest lease that a session can be created with; more is answered with 400.
	// An update must stay below it (see AcceptUpdateToMaxLease), or the answer is 422. It is in
	// whole minutes, at most 100 years; the default is 1440 minutes, the bound of the
	// specification.
	MaxLease time.Duration

	// AcceptUpdateToMaxLease lets an update reach MaxLease. By default it must be less, as the
	// specification says, so that 1439 minutes is the largest update.
	AcceptUpdateToMaxLease bool

	// AcceptShorterLease lets an update shorten a lease, as the documentation of the native runtime
	// claims, provided that some of it is left. By default a lease that is not larger than the
	// present one is answered with 422, as the specification says.
	AcceptShorterLease bool

	// MalformedUpdateStatus answers an update whose body cannot be understood: 400, the default, or
	// 422. The specification lists only the latter, for another purpose.
	MalformedUpdateStatus int

	// UpdateEndedStatus answers an update of a session that has ended: 422, the default, or 404.
	UpdateEndedStatus int

	// StopEndedStatus answers the stop of a session that has ended: 204, the default, or 404.
	StopEndedStatus int

	// SameSettings says which lease a repeated creation must ask for to be answered with 200
	// instead of 409. The default is [CompareCurrentOrFirst].
	SameSettings SameSettings

	// RefuseEndedID answers a creation whose id belongs to a session that has ended with 409,
	// whatever its settings. By default an ended session is treated as a live one: the same
	// settings are answered with 200, which shows the end.
	RefuseEndedID bool

	// ListEnded makes the list contain sessions that have ended too, until their retention is over.
	// By default it holds those that have not ended, as a service engineer confirmed in a review of
	// the .NET client.
	ListEnded bool

	// PageSize is the largest number of sessions, or of conversions, on one page of a list. The
	// default is 50; 48 conversions were recorded on a page.
	PageSize int

	// OmitChallenge leaves WWW-Authenticate out of 401 answers of the session service. By default
	// it is `Bearer error="invalid_token"`, as in the examples of the specification. 401 answers of
	// the token service never have it, as recorded.
	OmitChallenge bool
}

// AbsentValues is a spelling of members that have no value.
type AbsentValues int

const (
	// AbsentOmitted leaves them out, as recorded from May 2021 on.
	AbsentOmitted AbsentValues = iota
	// AbsentNull writes null, 0 or 0.0, as recorded in January 2021. The answer to a get of one
	// session then has no Cache-Control and no Pragma, as it had none at that time.
	AbsentNull
)

// SameSettings says which lease counts when a creation is repeated. The size must be the same in
// any case.
type SameSettings int

const (
	// CompareCurrentOrFirst accepts the present lease and the one first given.
	CompareCurrentOrFirst SameSettings = iota
	// CompareCurrent accepts only the present lease: after an update, a blind repeat of the
	// creation is a conflict.
	CompareCurrent
	// CompareFirst accepts only the lease first given.
	CompareFirst
)

const (
	defaultMaxLease = 1440 * time.Minute
	// longestMaxLease keeps sums of times far from overflow.
	longestMaxLease = 100 * 365 * 24 * time.Hour
	defaultPageSize = 50
)

// withDefaults returns d with its zero values replaced. It is an error if a field is invalid.
func (d Decisions) withDefaults() (Decisions, error) {
	d.Vintage = cmp.Or(d.Vintage, Vintage2023)
	d.MaxLease = cmp.Or(d.MaxLease, defaultMaxLease)
	d.PageSize = cmp.Or(d.PageSize, defaultPageSize)
	switch {
	case !d.Vintage.known():
		return d, invalid("Decisions.Vintage", int(d.Vintage),
			"is not one of 2021, 2022 and 2023; give 0 for 2023")
	case d.AbsentValues < AbsentOmitted || d.AbsentValues > AbsentNull:
		return d, invalid("Decisions.AbsentValues", d.AbsentValues,
			"is neither AbsentOmitted nor AbsentNull")
	case d.SameSettings < CompareCurrentOrFirst || d.SameSettings > CompareFirst:
		return d, invalid("Decisions.SameSettings", d.SameSettings,
			"is not one of CompareCurrentOrFirst, CompareCurrent and CompareFirst")
	case d.MaxLease < 0 || d.MaxLease > longestMaxLease || d.MaxLease%time.Minute != 0:
		return d, invalid("Decisions.MaxLease", d.MaxLease,
			fmt.Sprintf("is not whole minutes between 1m and %v; give 0 for %v",
				longestMaxLease, defaultMaxLease))
	case d.PageSize < 0:
		return d, invalid("Decisions.PageSize", d.PageSize,
			fmt.Sprintf("is negative; give 0 for %d", defaultPageSize))
	}
	for _, status := range []struct {
		field   string
		value   *int
		allowed []int // the default first
	}{
		{"MalformedUpdateStatus", &d.MalformedUpdateStatus, []int{400, 422}},
		{"UpdateEndedStatus", &d.UpdateEndedStatus, []int{422, 404}},
		{"StopEndedStatus", &d.StopEndedStatus, []int{204, 404}},
	} {
		*status.value = cmp.Or(*status.value, status.allowed[0])
		if !slices.Contains(status.allowed, *status.value) {
			return d, invalid("Decisions."+status.field, *status.value,
				fmt.Sprintf("is not one of %v; give 0 for the first", status.allowed))
		}
	}
	return d, nil
}

// same reports whether a creation with size and lease repeats the one that made a session.
func (s SameSettings) same(f *Facts, size azremoterendering.SessionSize, lease time.Duration) bool {
	if size != f.Size {
		return false
	}
	switch s {
	case CompareCurrent:
		return lease == f.Lease
	case CompareFirst:
		return lease == f.FirstLease
	default:
		return lease == f.Lease || lease == f.FirstLease
	}
}
