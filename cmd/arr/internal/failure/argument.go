// SPDX-License-Identifier: MIT

package failure

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// InWords returns err as a mistake of the user, if it is about an invalid argument of a Go package:
// for the Go name of the argument, name returns the name that the user knows, such as a flag. Where
// name returns nothing, and for other errors, err stays as it is.
func InWords(err error, name func(argument string) string) error {
	invalid, ok := errors.AsType[*arr.InvalidArgumentError](err)
	if !ok {
		return err
	}
	words := name(invalid.Name)
	if words == "" {
		return err
	}
	if invalid.Value != "" {
		words += " " + quote(invalid.Value)
	}
	return &UsageError{fmt.Errorf("%s %s", words, invalid.Reason)}
}

// quote quotes a value, unless it is a number or a time.
func quote(value string) string {
	_, notNumber := strconv.ParseFloat(value, 64)
	_, notTime := time.ParseDuration(value)
	if notNumber == nil || notTime == nil {
		return value
	}
	return strconv.Quote(value)
}
