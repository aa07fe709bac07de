// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// sas is a shared access signature with the characters that are escaped in addresses and in JSON.
const sas = "sv=2024-11-04&sp=rl&sig=Very%2BSecret%2FSignature%3D"

// echo is a gateway that repeats what it was sent, in places and spellings that it chooses.
type echo struct {
	random *rand.Rand

	mu      sync.Mutex
	secrets map[string]bool // all credentials that were sent
	echoed  int
}

// meet forwards a request, or repeats its credential and its body.
func (g *echo) meet(req *http.Request, forward testkit.Forward) (*http.Response, error) {
	credential := req.Header.Get("Authorization")
	_, secret, _ := strings.Cut(credential, " ")
	if _, key, ok := strings.Cut(secret, ":"); ok {
		secret = key
	}
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.secrets[secret] = true
	if g.random.IntN(3) == 0 {
		return forward()
	}
	g.echoed++
	one := func(choices ...string) string { return choices[g.random.IntN(len(choices))] }
	said := one(credential, secret, url.QueryEscape(secret), url.PathEscape(credential), string(body))
	if bytes.Contains(body, []byte("sig=")) {
		said = one(said, sas)
	}
	statuses := []int{200, 201, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503}
	status := statuses[g.random.IntN(len(statuses))]
	answer := one(
		fmt.Sprintf(`{"error":{"code":%q,"message":%[1]q}}`, said),
		fmt.Sprintf(`{"error":{"message":%q,"details":[{"target":%[1]q}]}}`, said),
		"<html>"+said+"</html>", said,
		testkit.SessionJSON("show-1", arr.SessionStatusError))
	header := one("Ms-Cv", "Retry-After", "Location", "X-Ms-Error-Code", "WWW-Authenticate",
		"Content-Type", "X-Emulator-Hint", "Api-Supported-Versions", "X-Echo")
	resp := testkit.Answer(req, status, answer)
	resp.Header.Set(header, said)
	return resp, nil
}

// use calls what sends requests. All of it may fail.
func use(ctx context.Context, f *fixture, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	settings := arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: time.Hour}
	_, _ = f.client.BeginCreate(ctx, "show-1", settings, nil)
	_, _ = f.client.Get(ctx, "show-1", nil)
	_, _ = f.client.Update(ctx, "show-1", arr.UpdateSessionSettings{MaxLeaseTime: 2 * time.Hour}, nil)
	_, _ = f.client.Stop(ctx, "show-1", nil)
	_, _ = f.client.NewListPager(nil).NextPage(ctx)
	_, _ = f.client.NewConversionsClient().BeginCreate(ctx, "model", arr.ConversionSettings{
		Input: arr.ConversionInput{
			StorageContainerURL:         "https://storage.example/in",
			StorageContainerReadListSAS: sas,
			RelativeInputAssetPath:      "box.glb",
		},
		Output: arr.ConversionOutput{
			StorageContainerURL: "https://storage.example/out", StorageContainerWriteSAS: sas,
		},
	}, nil)
	l, err := lease.Acquire(ctx, f.client, lease.AcquireOptions{
		StartTimeout: 5 * time.Minute, Logger: log, Observe: f.metrics.Observe,
	})
	if err == nil {
		_ = l.Release(ctx)
	}
	pool, err := lease.NewPool(f.client, lease.PoolOptions{
		IDPrefix: "show-", Warm: 1, Max: 2, Logger: log, Observe: f.metrics.Observe,
	})
	if err != nil {
		return
	}
	if l, err := pool.Acquire(ctx); err == nil {
		_ = pool.Return(l)
	}
	stats, _ := pool.Stats().MarshalJSON()
	log.Info("stats", "json", string(stats))
	_ = pool.Close(ctx)
}

// A gateway repeats keys, tokens and signatures wherever it can. None of them is in a span, a
// metric, a record of the log at level Debug, or the statistics of a pool.
func TestNoSecretIsSeen(t *testing.T) {
	const runs = 40
	for seed := range uint64(runs) {
		var log lockedBuffer
		azlog.SetListener(func(event azlog.Event, text string) { fmt.Fprintln(&log, event, text) })
		t.Cleanup(func() { azlog.SetListener(nil) })
		gateway := &echo{random: rand.New(rand.NewPCG(seed, 0)), secrets: make(map[string]bool)}
		var f *fixture
		var metrics bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			f = newFixture(t, emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Second)})
			f.wire.Meet = gateway.meet
			use(t.Context(), f, slog.New(slog.NewJSONHandler(&log,
				&slog.HandlerOptions{Level: slog.LevelDebug})))
			synctest.Wait()
			families, err := f.registry.Gather()
			require.NoError(t, err)
			for _, family := range families {
				_, err := expfmt.MetricFamilyToText(&metrics, family)
				require.NoError(t, err)
			}
		})
		spans := f.export(t).bytes
		require.NotEmpty(t, spans)
		require.Positive(t, gateway.echoed)
		gateway.secrets[f.emulator.Key()] = true
		gateway.secrets["Very%2BSecret%2FSignature%3D"] = true
		gateway.secrets["Very+Secret/Signature="] = true
		for secret := range gateway.secrets {
			if secret == "" {
				continue
			}
			for _, spelling := range []string{secret, url.QueryEscape(secret)} {
				for where, text := range map[string]string{
					"spans": string(spans), "metrics": metrics.String(), "log": log.String(),
				} {
					place := strings.Index(text, spelling)
					if place >= 0 {
						assert.Fail(t, "a secret is in the "+where, "seed %d: …%s", seed,
							text[max(0, place-200):min(len(text), place+len(spelling)+50)])
					}
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
