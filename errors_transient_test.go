// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

func TestTransientFailures(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no failure":           {nil, false},
		"throttled":            {&arr.ServiceError{StatusCode: 429}, true},
		"request timeout":      {&arr.ServiceError{StatusCode: 408}, true},
		"fault of the service": {&arr.ServiceError{StatusCode: 500}, true},
		"gateway":              {fmt.Errorf("wrapped: %w", &arr.ServiceError{StatusCode: 504}), true},
		"refused argument":     {&arr.ServiceError{StatusCode: 400}, false},
		"refused token":        {&arr.ServiceError{StatusCode: 401}, false},
		"role missing":         {&arr.ServiceError{StatusCode: 403}, false},
		"unknown session":      {&arr.ServiceError{StatusCode: 404}, false},
		"lease not extended":   {&arr.ServiceError{StatusCode: 422}, false},
		"ended session":        {&arr.SessionEndedError{}, false},
		"invalid argument":     {fmt.Errorf("wrapped: %w", arr.ErrInvalidArgument), false},
		"broken connection":    {testkit.ErrLost, true},
		"cancelled":            {fmt.Errorf("wrapped: %w", context.Canceled), false},
		"time limit":           {context.DeadlineExceeded, true},
		"untrusted certificate": {
			&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, false,
		},
		"token service refuses": {
			&arr.AuthenticationError{Stage: arr.StageTokenExchange, StatusCode: 401}, false,
		},
		"token service throttles": {
			&arr.AuthenticationError{Stage: arr.StageTokenExchange, StatusCode: 429}, true,
		},
		"token service unreachable":    {&arr.AuthenticationError{Stage: arr.StageTokenExchange}, true},
		"credential gives no token":    {&arr.AuthenticationError{Stage: arr.StageCredential}, false},
		"ready-made token has expired": {&arr.AuthenticationError{Stage: arr.StageAccessToken}, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, arr.IsTransient(test.err))
		})
	}
}

func TestRetryAfterOfFailures(t *testing.T) {
	assert.Equal(
		t,
		15*time.Second,
		arr.RetryAfter(fmt.Errorf("wrapped: %w", &arr.ServiceError{RetryAfter: 15 * time.Second})),
	)
	assert.Equal(t, time.Minute, arr.RetryAfter(&arr.AuthenticationError{RetryAfter: time.Minute}))
	assert.Zero(t, arr.RetryAfter(testkit.ErrLost))
	assert.Zero(t, arr.RetryAfter(nil))
}
