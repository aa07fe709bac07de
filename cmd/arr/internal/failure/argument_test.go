// SPDX-License-Identifier: MIT

package failure

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
)

func TestInvalidArgumentsHaveTheNamesThatUsersKnow(t *testing.T) {
	flags := func(argument string) string {
		return map[string]string{"MaxLeaseTime": "--lease", "Account.ID": "ARR_ACCOUNT_ID"}[argument]
	}
	for want, err := range map[string]error{
		`--lease 1m30s is not whole minutes`: &arr.InvalidArgumentError{
			Name: "MaxLeaseTime", Value: "1m30s", Reason: "is not whole minutes"},
		`--lease -1 is negative`: &arr.InvalidArgumentError{
			Name: "MaxLeaseTime", Value: "-1", Reason: "is negative"},
		`ARR_ACCOUNT_ID "me" is not a UUID`: fmt.Errorf("x: %w", &arr.InvalidArgumentError{
			Name: "Account.ID", Value: "me", Reason: "is not a UUID"}),
		`--lease is empty`: &arr.InvalidArgumentError{Name: "MaxLeaseTime", Reason: "is empty"},
	} {
		got := InWords(err, flags)
		assert.EqualError(t, got, want)
		assert.Equal(t, Usage, Code(got))
	}
	for _, other := range []error{
		errors.New("x"),
		&arr.InvalidArgumentError{Name: "cred", Reason: "is nil"},
	} {
		assert.Equal(t, other, InWords(other, flags), "there is no flag for it")
	}
}
