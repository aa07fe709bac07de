// SPDX-License-Identifier: MIT

package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// tokenExchange is how a token exchange names itself.
const tokenExchange = "TokenClient.GetToken"

// Instrument makes the clients that are created with these options count their requests and token
// exchanges. A request that is retried counts with each try, an exchange once.
func (m *Metrics) Instrument(options *azcore.ClientOptions) {
	options.PerRetryPolicies = append(options.PerRetryPolicies, tryPolicy{m})
	options.PerCallPolicies = append(options.PerCallPolicies, exchangePolicy{m})
}

// tryPolicy measures the tries of requests. Clients do not apply it to token exchanges.
type tryPolicy struct{ *Metrics }

// Do sends the request.
func (p tryPolicy) Do(req *policy.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := req.Next()
	recordAnswer(req, p.requests, began, resp, err,
		attribute.String("arr.operation", operation(req)),
		attribute.String("server.address", req.Raw().URL.Hostname()))
	return resp, err
}

// exchangePolicy measures token exchanges, with their retries.
type exchangePolicy struct{ *Metrics }

// Do sends the request.
func (p exchangePolicy) Do(req *policy.Request) (*http.Response, error) {
	if operation(req) != tokenExchange {
		return req.Next()
	}
	began := time.Now()
	resp, err := req.Next()
	recordAnswer(req, p.exchanges, began, resp, err)
	return resp, err
}

// operation returns the name of the method that sends a request, such as "SessionsClient.Get".
func operation(req *policy.Request) string {
	name, _ := req.Raw().Context().Value(runtime.CtxAPINameKey{}).(string)
	return name
}

// recordAnswer records how long an answer took, and its status or why there was none.
func recordAnswer(
	req *policy.Request,
	into metric.Float64Histogram,
	began time.Time,
	resp *http.Response,
	err error,
	attributes ...attribute.KeyValue,
) {
	if resp != nil {
		attributes = append(attributes,
			attribute.Int("http.response.status_code", resp.StatusCode))
	}
	switch {
	case resp != nil && resp.StatusCode >= http.StatusBadRequest:
		attributes = append(attributes,
			attribute.String("error.type", strconv.Itoa(resp.StatusCode)))
	case err != nil:
		attributes = append(attributes, attribute.String("error.type", Cause(err)))
	}
	ctx := context.WithoutCancel(req.Raw().Context()) // with its span, for exemplars
	into.Record(ctx, time.Since(began).Seconds(), metric.WithAttributes(attributes...))
}
