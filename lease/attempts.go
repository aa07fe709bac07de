// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"strings"

	arr "github.com/arr-go/azremoterendering"
)

// attempts is what the tries to have a session met.
type attempts struct {
	failures []error
}

func (a *attempts) add(client *arr.SessionsClient, size arr.SessionSize, err error) {
	where := client.Endpoint()
	if size != "" {
		where = string(size) + " at " + where
	}
	a.failures = append(a.failures, fmt.Errorf("%s: %w", where, err))
}

// err returns one error for all of them.
func (a *attempts) err() error {
	if len(a.failures) == 1 {
		return fmt.Errorf("lease: no session could be had: %w", a.failures[0])
	}
	return &failedAttempts{a.failures}
}

// failedAttempts is several failures in one line.
type failedAttempts struct{ failures []error }

func (e *failedAttempts) Error() string {
	var b strings.Builder
	b.WriteString("lease: no session could be had")
	separator := ": "
	for _, failure := range e.failures {
		b.WriteString(separator + failure.Error())
		separator = " | "
	}
	return b.String()
}

func (e *failedAttempts) Unwrap() []error { return e.failures }
