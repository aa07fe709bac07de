// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// verdict is what errors.Is(err, ErrOutcomeUnknown) must be when a call fails.
type verdict int

const (
	// never: no byte of the request was written, or it was refused for certain.
	never verdict = iota
	// always: the request was written, and no usable answer came back.
	always
	// either: the client cannot tell in time, or the protocol says that nothing happened. Only a
	// false "not sent" is wrong.
	either
)

// row is one way for a request to fail.
type row struct {
	name    string
	unknown verdict
	// open prepares the way for all runs of the row.
	open func(t *testing.T, w *world) *way
}

// operation is a call that changes something.
type operation struct {
	name string
	call func(context.Context, *arr.SessionsClient, string) error
	// acted reports from the session, as the service has it, whether the call took effect.
	acted func(arr.Session) bool
}

const (
	firstLease = 10 * time.Minute
	nextLease  = 20 * time.Minute
)

var operations = []operation{
	{
		"create",
		func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.BeginCreate(ctx, id, settings, nil)
			return err
		},
		func(s arr.Session) bool { return s.ID != "" },
	},
	{
		"update",
		func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.Update(ctx, id, arr.UpdateSessionSettings{MaxLeaseTime: nextLease}, nil)
			return err
		},
		func(s arr.Session) bool { return s.MaxLeaseTime == nextLease },
	},
	{
		"stop",
		func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.Stop(ctx, id, nil)
			return err
		},
		func(s arr.Session) bool { return s.Status == arr.SessionStatusStopped },
	},
}

var settings = arr.CreateSessionSettings{
	Size:         arr.SessionSizeStandard,
	MaxLeaseTime: firstLease,
}

// tally counts what the runs of a row showed.
type tally struct {
	runs, failed, acted, unknown int
	wrong                        []string
}

// Every failed call says "outcome unknown" when the service may have acted, and does not when the
// request was never written. The service itself is the witness.
func TestOutcomeTable(t *testing.T) {
	runs := 40
	if value := os.Getenv("ARR_CHAOS_RUNS"); value != "" {
		var err error
		runs, err = strconv.Atoi(value)
		require.NoError(t, err)
	}
	w := newWorld(t)
	for i, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := w.runRow(t, r, fmt.Sprintf("row%d", i), runs)
			t.Logf("%d runs, %d failed, %d acted, %d unknown",
				got.runs, got.failed, got.acted, got.unknown)
			if len(got.wrong) > 0 {
				t.Errorf("%d runs are wrong, such as\n%s", len(got.wrong), got.wrong[0])
			}
		})
	}
}

// runRow makes all calls of a row.
func (w *world) runRow(t *testing.T, r row, prefix string, runs int) (got tally) {
	t.Helper()
	through := r.open(t, w)
	for i := range runs {
		op, id := operations[i%len(operations)], fmt.Sprintf("%s-%d", prefix, i)
		acted, err := w.run(t, through, op, id, i/len(operations)%2)
		got.runs++
		unknown := errors.Is(err, arr.ErrOutcomeUnknown)
		if acted {
			got.acted++
		}
		if unknown {
			got.unknown++
		}
		if err != nil {
			got.failed++
		}
		if problem := judge(r.unknown, err, acted); problem != "" {
			got.wrong = append(got.wrong, fmt.Sprintf("%s: %s: %v", op.name, problem, err))
		}
	}
	if got.failed == 0 {
		got.wrong = append(got.wrong, "no call failed, so the row shows nothing")
	}
	return got
}

// judge returns what is wrong with the result of a call, "" if nothing is.
func judge(want verdict, err error, acted bool) string {
	unknown := errors.Is(err, arr.ErrOutcomeUnknown)
	switch {
	case err == nil && !acted:
		return "reports success, but the service did nothing"
	case err == nil:
		return ""
	case acted && !unknown:
		return "the service acted, and the error does not say that it may have"
	case want == never && unknown:
		return "the request was never written, and the error says that it may have been"
	case want == always && !unknown:
		return "the request was written, and the error says that nothing happened"
	}
	return ""
}

// run makes one call, and returns whether the service acted, and the error of the call.
func (w *world) run(
	t *testing.T,
	through *way,
	op operation,
	id string,
	retries int,
) (acted bool, err error) {
	t.Helper()
	if op.name != "create" {
		_, err := w.direct.BeginCreate(t.Context(), id, settings, nil)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	through.cancel.Store(&cancel)
	if through.retries > 0 {
		retries = through.retries
	}
	transport := through.newTransport(w)
	defer transport.CloseIdleConnections()
	client := w.newClient(t, through, transport, retries)
	if through.before != nil {
		through.before(ctx, client, cancel)
	}
	undo := w.inject(t, through.faults, id)
	err = op.call(ctx, client, id)
	undo()

	session, lookErr := w.direct.Get(t.Context(), id, nil)
	if lookErr != nil {
		require.ErrorIs(t, lookErr, arr.ErrNotFound)
	}
	return op.acted(session.Session), err
}

// inject puts faults in force for one session, until undo is called.
func (w *world) inject(t *testing.T, faults []emulator.Fault, id string) (undo func()) {
	t.Helper()
	var removals []func()
	for _, fault := range faults {
		fault.Session = id
		remove, err := w.emulator.Inject(fault)
		require.NoError(t, err)
		removals = append(removals, remove)
	}
	return func() {
		for _, remove := range removals {
			remove()
		}
	}
}

// newClient returns a client of the way.
func (w *world) newClient(
	t *testing.T,
	through *way,
	transport *http.Transport,
	retries int,
) *arr.SessionsClient {
	t.Helper()
	options := &arr.SessionsClientOptions{STSEndpoint: through.sts}
	options.Transport = &http.Client{Transport: transport}
	options.InsecureAllowCredentialWithHTTP = true
	options.Retry.MaxRetries = int32(retries)
	if retries == 0 {
		options.Retry.MaxRetries = -1
	}
	options.Retry.RetryDelay = time.Millisecond
	options.Retry.MaxRetryDelay = 2 * time.Millisecond
	account := w.emulator.Account()
	var client *arr.SessionsClient
	var err error
	if through.sts != "" {
		key := cmp.Or(through.key, w.emulator.Key())
		client, err = arr.NewSessionsClientWithKeyCredential(
			through.endpoint, account, azcore.NewKeyCredential(key), options)
	} else {
		client, err = arr.NewSessionsClientWithAccessToken(
			through.endpoint, account.ID, w.token, options)
	}
	require.NoError(t, err)
	return client
}

// newWorld starts the service, over http and https.
func newWorld(t *testing.T) *world {
	t.Helper()
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	authority, err := emulator.OpenAuthority(t.TempDir(), "arr.test")
	require.NoError(t, err)
	plain, err := e.Listen("")
	require.NoError(t, err)
	t.Cleanup(func() { _ = plain.Close() })
	secure, err := e.ListenTLS("", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { _ = secure.Close() })
	direct, err := e.SessionsClient(nil)
	require.NoError(t, err)
	return &world{
		emulator:  e,
		authority: authority,
		plain:     strings.TrimPrefix(plain.URL, "http://"),
		secure:    strings.TrimPrefix(secure.URL, "https://"),
		direct:    direct,
		token:     accessToken(t, e),
	}
}

// accessToken signs in once. The way to the token service is not what most rows break.
func accessToken(t *testing.T, e *emulator.Emulator) azcore.TokenCredential {
	t.Helper()
	options := &arr.TokenClientOptions{}
	options.Transport = e.Transport()
	client, err := arr.NewTokenClientWithKeyCredential(
		e.Account(), azcore.NewKeyCredential(e.Key()), options)
	require.NoError(t, err)
	token, err := client.GetToken(t.Context(), policyTokenRequest)
	require.NoError(t, err)
	static, err := arr.NewStaticAccessToken(token.Token)
	require.NoError(t, err)
	return static
}
