// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// What a Get costs, beside a bare azcore pipeline that does the same (bearer token, request id, api
// version, decoding) and beside net/http alone. The transport is in memory, so these are the costs
// of the code and not of a network.

// These are the gates: a Get and a BeginCreate must not allocate more often.
const (
	getAllocations    = 90
	createAllocations = 121
)

var readySession = []byte(
	`{"id":"demo","creationTime":"2021-05-14T13:56:19.7826038+00:00","arrInspectorPort":50830,` +
		`"handshakePort":61353,"elapsedTimeMinutes":0,` +
		`"hostname":"1362320837-4b5f741c-707f-43fd-87dc-3e048677f9b8.remoterendering.vm.` +
		`eastus2.mixedreality.azure.com",` +
		`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":8.1}`,
)

// answering is a transport, for azcore and for net/http, that answers every request at once.
type answering struct{}

func (answering) Do(req *http.Request) (*http.Response, error) {
	body := readySession
	if req.URL.Path == conversionPath {
		body = runningConversion
	}
	status := http.StatusOK
	if req.Method == http.MethodPut {
		status = http.StatusCreated
	}
	return &http.Response{
		StatusCode: status,
		Header: http.Header{
			"Content-Type": {
				"application/json; charset=utf-8",
			},
			"Ms-Cv": {"w+ckxqtEPkOyRAm+4uq6Rg.0"},
			"Api-Supported-Versions": {
				"2021-01-01-preview, 2021-01-01",
			},
			"X-Content-Type-Options": {"nosniff"},
			"Cache-Control": {
				"no-store,no-cache",
			},
			"Pragma": {"no-cache"},
			"Date":   {"Fri, 14 May 2021 13:59:12 GMT"},
		},
		Body:    io.NopCloser(bytes.NewReader(body)),
		Request: req,
	}, nil
}

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) { return a.Do(req) }

var longLived = testkit.Credential(
	func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
		return azcore.AccessToken{Token: testkit.Token, ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
	},
)

const sessionAddress = endpoint + "/accounts/00000000-1111-2222-3333-444455556666/sessions/demo"

// answeredClient is a client whose requests are answered at once.
func answeredClient(tb testing.TB) *arr.SessionsClient {
	client, err := arr.NewSessionsClientWithAccessToken(
		endpoint,
		testAccount.ID,
		longLived,
		&arr.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: answering{}},
		},
	)
	require.NoError(tb, err)
	return client
}

// getWithClient is a Get by this package.
func getWithClient(tb testing.TB) func() (arr.Session, error) {
	client := answeredClient(tb)
	ctx := context.Background()
	return func() (arr.Session, error) {
		got, err := client.Get(ctx, "demo", nil)
		return got.Session, err
	}
}

// getWithPipeline is the same by azcore without this package.
func getWithPipeline(tb testing.TB) func() (arr.Session, error) {
	get := payloadWithPipeline(tb, sessionAddress)
	return func() (session arr.Session, err error) {
		data, err := get()
		if err != nil {
			return session, err
		}
		return session, session.UnmarshalJSON(data)
	}
}

func payloadWithPipeline(tb testing.TB, address string) func() ([]byte, error) {
	client, err := azcore.NewClient("bench", "v0.1.0", runtime.PipelineOptions{
		APIVersion: runtime.APIVersionOptions{Name: "api-version"},
		PerCall:    []policy.Policy{runtime.NewRequestIDPolicy()},
		PerRetry: []policy.Policy{
			runtime.NewBearerTokenPolicy(longLived, []string{"scope"}, nil),
		},
	}, &azcore.ClientOptions{APIVersion: "2021-01-01", Transport: answering{}})
	require.NoError(tb, err)
	ctx := context.Background()
	return func() ([]byte, error) {
		req, err := runtime.NewRequest(ctx, http.MethodGet, address)
		if err != nil {
			return nil, err
		}
		resp, err := client.Pipeline().Do(req)
		if err != nil {
			return nil, err
		}
		return runtime.Payload(resp)
	}
}

// getWithNetHTTP is the same by net/http alone.
func getWithNetHTTP(testing.TB) func() (arr.Session, error) {
	client := &http.Client{Transport: answering{}}
	ctx := context.Background()
	return func() (session arr.Session, err error) {
		req, err := http.NewRequestWithContext(
			ctx,
			http.MethodGet,
			sessionAddress+"?api-version=2021-01-01",
			nil,
		)
		if err != nil {
			return session, err
		}
		req.Header.Set("Authorization", "Bearer "+testkit.Token)
		resp, err := client.Do(req)
		if err != nil {
			return session, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			return session, err
		}
		return session, session.UnmarshalJSON(data)
	}
}

func benchmark(b *testing.B, get func() (arr.Session, error)) {
	if _, err := get(); err != nil { // fetches the token
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if session, err := get(); err != nil || session.HandshakePort != 61353 {
			b.Fatal(session, err)
		}
	}
}

func BenchmarkGet(b *testing.B)            { benchmark(b, getWithClient(b)) }
func BenchmarkAzcorePipeline(b *testing.B) { benchmark(b, getWithPipeline(b)) }
func BenchmarkNetHTTP(b *testing.B)        { benchmark(b, getWithNetHTTP(b)) }

// BenchmarkRatio takes the three in turn, so that a machine whose speed drifts does not favour one,
// and reports how many times as long as the others a Get takes.
func BenchmarkRatio(b *testing.B) {
	gets := []func() (arr.Session, error){getWithClient(b), getWithPipeline(b), getWithNetHTTP(b)}
	spent := make([]time.Duration, len(gets))
	const batch = 100
	for range batch * len(gets) { // so that one iteration, too, compares warm code
		for _, get := range gets {
			if _, err := get(); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		for i, get := range gets {
			start := time.Now()
			for range batch {
				if _, err := get(); err != nil {
					b.Fatal(err)
				}
			}
			spent[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "Get/AzcorePipeline")
	b.ReportMetric(float64(spent[0])/float64(spent[2]), "Get/NetHTTP")
	b.ReportMetric(0, "ns/op") // of a batch of three different things
}

func TestGetAllocations(t *testing.T) {
	get, pipeline := getWithClient(t), getWithPipeline(t)
	allocations := allocationsOf(t, func() error { _, err := get(); return err })
	bare := allocationsOf(t, func() error { _, err := pipeline(); return err })
	t.Logf("Get: %v allocations; a bare azcore pipeline: %v", allocations, bare)
	require.LessOrEqual(t, allocations, float64(getAllocations))
}

// The create has a body to write and a new session to remember, and returns a poller.
func TestCreateAllocations(t *testing.T) {
	client := answeredClient(t)
	settings := arr.CreateSessionSettings{
		Size: arr.SessionSizeStandard, MaxLeaseTime: 5 * time.Minute,
	}
	allocations := allocationsOf(t, func() error {
		_, err := client.BeginCreate(t.Context(), "demo", settings, nil)
		return err
	})
	t.Logf("BeginCreate: %v allocations", allocations)
	require.LessOrEqual(t, allocations, float64(createAllocations))
}

// allocationsOf returns how often a call allocates.
func allocationsOf(t *testing.T, call func() error) float64 {
	t.Helper()
	if testkit.RaceDetector {
		t.Skip("the race detector adds allocations of its own")
	}
	var failure error
	allocations := testing.AllocsPerRun(200, func() {
		if err := call(); err != nil {
			failure = err
		}
	})
	require.NoError(t, failure)
	return allocations
}
