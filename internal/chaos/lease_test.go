// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"os"
	"path"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
	"github.com/arr-go/azremoterendering/lease"
)

const (
	devices     = 14
	acquirers   = 5
	keepers     = 5
	leaseTime   = 2 * time.Minute
	threshold   = 110 * time.Second // so that leases are extended soon
	idleTimeout = 6 * time.Second
	claimTime   = 15 * time.Second
	starvation  = 15 * time.Second
)

// run is one lease run: programs on one side, the service on the other, and between them a proxy
// that breaks connections.
type run struct {
	*history
	t       *testing.T
	seed    uint64
	secure  bool
	service *process
	proxy   *faultproxy.Proxy
	client  *arr.SessionsClient
	calm    atomic.Bool // no more faults
	// handedOut is when the pool has handed out a session last, in Unix milliseconds.
	handedOut atomic.Int64
	pool      atomic.Pointer[lease.Pool]
	pools     int          // how many there were
	dials     atomic.Int64 // connections to the proxy
	kills     int
	ends      int // of sessions, by the operator
}

// Programs hold sessions while connections break, an operator ends sessions, the service is killed
// and started again, with its state or without, and so is the pool. No session is in two hands, none
// is left over, and every error is true.
func TestLeaseChaos(t *testing.T) {
	program := buildProgram(t)
	for name, kind := range map[string]struct{ secure, keepsState bool }{
		"http":                 {false, false},
		"https":                {true, false},
		"http, state is kept":  {false, true},
		"https, state is kept": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, program, kind.secure, kind.keepsState)
			defer r.report()
			r.play(chaosTime(t))
			ids, err := r.service.running(t.Context())
			require.NoError(t, err)
			for _, id := range ids {
				r.problem(kindRuns, id)
			}
		})
	}
}

func chaosTime(t *testing.T) time.Duration {
	t.Helper()
	value := os.Getenv("ARR_CHAOS_TIME")
	if value == "" {
		return 45 * time.Second
	}
	d, err := time.ParseDuration(value)
	require.NoError(t, err)
	return d
}

func newRun(t *testing.T, program string, secure, keepsState bool) *run {
	t.Helper()
	r := &run{
		history: newHistory(),
		t:       t,
		secure:  secure,
		seed:    rand.Uint64N(1e9),
	}
	if value := os.Getenv("ARR_CHAOS_SEED"); value != "" {
		var err error
		r.seed, err = strconv.ParseUint(value, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("seed %d: ARR_CHAOS_SEED repeats its draws", r.seed)
	r.service = startProcess(t, program, secure, keepsState, r.history)
	var err error
	r.proxy, err = faultproxy.Listen(r.service.address, r.plan)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.proxy.Close()) })
	r.client = r.newClient()
	return r
}

// draws returns the random numbers of one participant.
func (r *run) draws(stream int) *rand.Rand { return rand.New(rand.NewPCG(r.seed, uint64(stream))) }

// plan draws what happens to the n-th connection. None lives long.
func (r *run) plan(n int) faultproxy.Plan {
	r.dials.Add(1)
	random := r.draws(1000 + n)
	var plan faultproxy.Plan
	if r.calm.Load() {
		return plan
	}
	actions := []faultproxy.Action{
		faultproxy.Reset, faultproxy.Close, faultproxy.HalfClose, faultproxy.Stall,
		faultproxy.Garbage,
	}
	fault := faultproxy.Fault{
		Action: actions[random.IntN(len(actions))],
		For:    between(random, time.Millisecond, 4*time.Second),
		Delay:  between(random, 0, 40*time.Millisecond),
		Data:   []byte("SSH-2.0-OpenSSH_9.6\r\n"),
	}
	fault.After = random.Int64N(16_000)
	if random.IntN(3) == 0 {
		fault.After = random.Int64N(1500) // within the first exchange, or the handshake
	}
	switch {
	case random.IntN(2) == 0:
		plan.Answer = fault
	case fault.Action == faultproxy.HalfClose && !r.secure:
		// The server would answer half a request with 400, which is a refusal like others.
		fault.Action = faultproxy.Reset
		fallthrough
	default:
		plan.Request = fault
	}
	return plan
}

// newClient returns the client that all programs share.
func (r *run) newClient() *arr.SessionsClient {
	transport := newTransport(r.t, r.service.caFile)
	r.t.Cleanup(transport.CloseIdleConnections)
	scheme := "http://"
	if r.secure {
		scheme = "https://"
	}
	endpoint := scheme + r.proxy.Addr()
	options := &arr.SessionsClientOptions{STSEndpoint: endpoint}
	options.Transport = &witness{history: r.history, next: &http.Client{Transport: transport}}
	options.InsecureAllowCredentialWithHTTP = true
	options.Retry = policy.RetryOptions{
		TryTimeout:    5 * time.Second,
		RetryDelay:    50 * time.Millisecond,
		MaxRetryDelay: 500 * time.Millisecond,
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		arr.Account{ID: emulator.DevelopmentAccountID},
		azcore.NewKeyCredential(accountKey),
		options,
	)
	require.NoError(r.t, err)
	return client
}

func newTransport(t *testing.T, caFile string) *http.Transport {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSHandshakeTimeout: 3 * time.Second}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		require.NoError(t, err)
		pool := x509.NewCertPool()
		require.True(t, pool.AppendCertsFromPEM(pem))
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return transport
}

// witness is a transport that notes which requests were written.
type witness struct {
	history *history
	next    *http.Client
}

func (w *witness) Do(req *http.Request) (*http.Response, error) {
	method, id := req.Method, path.Base(req.URL.Path)
	if method == http.MethodPost { // …/sessions/ID/:stop
		id = path.Base(path.Dir(req.URL.Path))
	}
	trace := &httptrace.ClientTrace{WroteHeaders: func() { w.history.wrote(method, id) }}
	return w.next.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
}

// play lets everybody work for a time, and then put things in order.
func (r *run) play(d time.Duration) {
	ctx, stop := context.WithTimeout(r.t.Context(), d)
	defer stop()
	r.openPool()
	var disturbers, users sync.WaitGroup
	disturbers.Go(func() { r.killer(ctx) })
	disturbers.Go(func() { r.operator(ctx) })
	disturbers.Go(func() { r.restarter(ctx) })
	for i := range devices {
		users.Go(func() { r.device(ctx, i) })
	}
	for i := range acquirers {
		users.Go(func() { r.acquirer(ctx, 100+i) })
	}
	for i := range keepers {
		users.Go(func() { r.keepAlive(ctx, 200+i) })
	}
	<-ctx.Done()
	r.calm.Store(true)
	disturbers.Wait()
	r.proxy.Disconnect()
	users.Wait()
	r.t.Logf("pool at the end: %+v", r.pool.Load().Stats())
	r.closePool()
}

// openPool starts a pool, which takes over what the one before has left.
func (r *run) openPool() {
	p, err := lease.NewPool(r.client, lease.PoolOptions{
		IDPrefix:       "pool-",
		Warm:           2,
		Max:            devices - 2, // so that some always wait
		LeaseTime:      leaseTime,
		Step:           time.Minute,
		Threshold:      threshold,
		MinRemaining:   time.Minute,
		IdleTimeout:    idleTimeout,
		ClaimTime:      claimTime,
		CreateInterval: 100 * time.Millisecond,
		Watch:          lease.WatcherOptions{Interval: time.Second, IdleInterval: 2 * time.Second},
	})
	require.NoError(r.t, err)
	r.pools++
	r.pool.Store(p)
}

// closePool closes the pool. It stops what is idle, and detaches what devices hold.
func (r *run) closePool() {
	err := r.pool.Load().Close(context.Background())
	r.count("Pool.Close: " + outcome(err))
	if err != nil && r.calm.Load() {
		r.problem(kindNotStop, "close: "+err.Error())
	}
}

// restarter is a program that is restarted now and then, while devices hold its sessions.
func (r *run) restarter(ctx context.Context) {
	random := r.draws(3)
	for pause(ctx, between(random, 15*time.Second, 30*time.Second)) {
		r.closePool()
		r.openPool()
	}
}

// killer kills the service every now and then, and starts it again.
func (r *run) killer(ctx context.Context) {
	random := r.draws(1)
	for pause(ctx, between(random, 8*time.Second, 25*time.Second)) {
		r.service.kill()
		r.kills++
		time.Sleep(between(random, 100*time.Millisecond, 3*time.Second))
		for {
			err := r.service.start()
			if err == nil {
				break
			}
			r.t.Logf("again: %v", err) // the port was taken for a moment
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// operator ends sessions that others use.
func (r *run) operator(ctx context.Context) {
	random := r.draws(2)
	for pause(ctx, between(random, time.Second, 4*time.Second)) {
		ids, err := r.service.running(ctx)
		if err != nil || len(ids) == 0 {
			continue
		}
		id := ids[random.IntN(len(ids))]
		status := []arr.SessionStatus{
			arr.SessionStatusStopped, arr.SessionStatusError,
		}[random.IntN(2)]
		r.endedBy(id, status)
		if r.service.setStatus(ctx, id, status) == nil {
			r.ends++
		}
	}
}

// report logs what happened, and fails the test for what is wrong.
func (r *run) report() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.t.Logf("%d kills, %d pools, %d sessions ended by the operator, %d connections, faults %v",
		r.kills, r.pools, r.ends, r.dials.Load(), r.proxy.Counts())
	r.t.Logf("answers of the service: %v", r.counts)
	for _, result := range slices.Sorted(maps.Keys(r.results)) {
		r.t.Logf("%5d %s", r.results[result], result)
	}
	for kind, texts := range r.problems {
		text := fmt.Sprintf("%d times: %s, such as\n%s", len(texts), kind, texts[0])
		if reason, known := knownToday[kind]; known {
			r.t.Logf("known today, %s\n%s", reason, text)
		} else {
			r.t.Errorf("seed %d, %s", r.seed, text)
		}
	}
	for kind := range knownToday {
		if len(r.problems[kind]) == 0 {
			r.t.Logf("known today, but not seen in this run: %s", kind)
		}
	}
	assert.NotEmpty(r.t, r.uses, "sessions were handed out")
	assert.NotZero(r.t, r.counts["UpdateSession"], "leases were extended")
}

// pause waits, and reports whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func between(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Int64N(int64(to-from)))
}
