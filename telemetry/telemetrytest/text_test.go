// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// parse reads a text as Prometheus does.
func parse(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	require.NotEmpty(t, families)
	return families
}

// lint checks names, units and types as "promtool check metrics" does.
func lint(t *testing.T, text string) {
	t.Helper()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

// The metrics of this module keep to the conventions of Prometheus: base units, _total on counters.
func TestMetricsKeepToTheConventionsOfPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		eventful(t, f)
		families, err := f.registry.Gather()
		require.NoError(t, err)
		var text bytes.Buffer
		for _, family := range families {
			_, err := expfmt.MetricFamilyToText(&text, family)
			require.NoError(t, err)
		}
		lint(t, text.String())
	})
}

// The emulator writes its metrics without Prometheus' libraries, which can read them.
func TestPrometheusReadsTheEmulator(t *testing.T) {
	f := newFixture(t, emulator.Options{})
	_, err := f.client.NewListPager(nil).NextPage(t.Context())
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	f.emulator.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost/metrics", nil))
	lint(t, recorder.Body.String())
	families := parse(t, recorder.Body.String())
	requests := families["arr_emulator_requests_total"]
	require.NotNil(t, requests)
	assert.Equal(t, dto.MetricType_COUNTER, requests.GetType())
	assert.Len(t, requests.GetMetric(), 2, "the token exchange and the list")
}

// So does the pool example. Its metrics have the names, types and labels of this module, though not
// all of them, so the dashboard shows them too.
func TestThePoolExampleUsesTheSameNames(t *testing.T) {
	text, err := os.ReadFile("../../examples/pool/testdata/metrics.txt")
	require.NoError(t, err)
	golden, err := os.ReadFile("testdata/metrics.golden")
	require.NoError(t, err)
	types := make(map[string]string)
	for line := range strings.Lines(string(golden)) {
		fields := strings.Fields(line)
		types[fields[0]] = fields[1]
	}
	lint(t, string(text))
	has := known(t)
	for name, family := range parse(t, string(text)) {
		assert.Equal(t, types[name], strings.ToLower(family.GetType().String()), name)
		allowed := has[name]
		if family.GetType() == dto.MetricType_HISTOGRAM {
			allowed = has[name+"_count"]
		}
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				assert.Contains(t, allowed, label.GetName(), name)
			}
		}
	}
}
