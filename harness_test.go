// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// endpoint is where the clients of these tests send their requests.
const endpoint = "https://rendering.example"

var halfHour = arr.CreateSessionSettings{
	Size:         arr.SessionSizeStandard,
	MaxLeaseTime: 30 * time.Minute,
}

// signingKey is one for the whole test binary, for making one takes a while.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newEmulator(t testing.TB, options emulator.Options) *emulator.Emulator {
	t.Helper()
	options.SigningKey = signingKey()
	e, err := emulator.New(options)
	require.NoError(t, err)
	return e
}

// wire is the network between a client and an emulator. It counts, delays, breaks and answers
// requests as a test wants.
type wire struct {
	next policy.Transporter

	mu   sync.Mutex
	sent []string // "GET /accounts/…/sessions/demo", in order; that of the token service is "STS"
	meet handler
}

// handler handles a request; forward sends it on.
type handler = func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error)

// handle makes h handle the requests from now on.
func (w *wire) handle(h handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meet = h
}

func (w *wire) Do(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, nameOf(req))
	meet := w.meet
	w.mu.Unlock()
	forward := func() (*http.Response, error) { return w.next.Do(req) }
	if meet == nil {
		return forward()
	}
	return meet(req, forward)
}

func nameOf(req *http.Request) string {
	if isExchange(req) {
		return "STS"
	}
	_, path, _ := strings.Cut(req.URL.Path, "/sessions")
	return strings.TrimSuffix(req.Method+" "+strings.TrimPrefix(path, "/"), " ")
}

func isExchange(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/token") }

// count returns how many requests had that name.
func (w *wire) count(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, s := range w.sent {
		if s == name {
			n++
		}
	}
	return n
}

// requests returns the names of all requests but exchanges, in order.
func (w *wire) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.sent), func(s string) bool { return s == "STS" })
}

// onCall makes meet handle the n-th (from 1) request of that name differently, and forwards all
// others.
func (w *wire) onCall(name string, n int, h handler) {
	var mu sync.Mutex
	seen := 0
	w.handle(
		func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
			if nameOf(req) != name {
				return forward()
			}
			mu.Lock()
			seen++
			hit := seen == n
			mu.Unlock()
			if hit {
				return h(req, forward)
			}
			return forward()
		},
	)
}

// errLost is what a broken connection looks like to a client.
var errLost = errors.New("connection reset by peer")

// loseAnswer lets a request take effect and drops the answer.
func loseAnswer(_ *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
	if _, err := forward(); err != nil {
		return nil, err
	}
	return nil, errLost
}

// answer makes an answer as a server would.
func answer(req *http.Request, status int, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status,
		Status:     http.StatusText(status),
		Header: http.Header{
			"Ms-Cv":        {"abcdefghijklmnopqrstuv.0"},
			"Content-Type": {"application/json; charset=utf-8"},
		},
		Body:          io.NopCloser(bytes.NewReader([]byte(body))),
		ContentLength: int64(len(body)),
		Request:       req,
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// after waits on the clock of the test, unless the request is given up.
func after(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newClient returns a client of e that signs in with the account key, and the wire between them.
func newClient(
	t testing.TB,
	e *emulator.Emulator,
	configure ...func(*arr.SessionsClientOptions),
) (*arr.SessionsClient, *wire) {
	t.Helper()
	w := &wire{next: e.Transport()}
	options := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: w}}
	for _, c := range configure {
		c(options)
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		e.Account(),
		azcore.NewKeyCredential(e.Key()),
		options,
	)
	require.NoError(t, err)
	return client, w
}

// fakeClient returns a client whose every request, exchanges included, is answered by handle.
func fakeClient(
	t testing.TB,
	handle func(*http.Request) (*http.Response, error),
	configure ...func(*arr.SessionsClientOptions),
) (*arr.SessionsClient, *wire) {
	t.Helper()
	w := &wire{
		meet: func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			if isExchange(req) {
				return answer(req, http.StatusOK, `{"AccessToken":"`+testToken+`"}`), nil
			}
			return handle(req)
		},
	}
	options := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: w}}
	for _, c := range configure {
		c(options)
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		testAccount,
		azcore.NewKeyCredential(testKey),
		options,
	)
	require.NoError(t, err)
	return client, w
}

// testToken cannot be read, so it lives an hour.
const (
	testToken = "an-opaque-access-token"
	testKey   = "dGhlIGtleSBvZiB0aGUgYWNjb3VudCBpbiB0ZXN0cw=="
)

var keyCredential = azcore.NewKeyCredential(testKey)

var testAccount = arr.Account{
	ID:     "00000000-1111-2222-3333-444455556666",
	Domain: "westeurope.mixedreality.azure.com",
}

func noRetries(o *arr.SessionsClientOptions) { o.Retry.MaxRetries = -1 }

// sessionJSON is a session as the service writes it.
func sessionJSON(id string, status arr.SessionStatus) string {
	return `{"id":"` + id + `","creationTime":"2021-05-14T13:56:19.7826038+00:00","elapsedTimeMinutes":0,"maxLeaseTimeMinutes":30,"size":"Standard","status":"` + string(
		status,
	) + `"}`
}
