// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// TryTimeout bounds one try, its body included.
const TryTimeout = 30 * time.Second

// TimeoutPolicy is a policy that bounds each try of a request by [TryTimeout], unless the caller
// has chosen a bound of its own. Its place is behind the sign-in, so that waiting for a token does
// not count.
func TimeoutPolicy(retry policy.RetryOptions) PolicyFunc {
	if retry.TryTimeout != 0 {
		return (*policy.Request).Next
	}
	return func(req *policy.Request) (*http.Response, error) {
		parent := req.Raw().Context()
		ctx, cancel := context.WithTimeout(parent, TryTimeout)
		defer cancel()
		resp, err := req.WithContext(ctx).Next() // which reads the body
		if err != nil && ctx.Err() != nil && parent.Err() == nil {
			err = fmt.Errorf("no answer within %v: %w", TryTimeout, err)
		}
		return resp, err
	}
}
