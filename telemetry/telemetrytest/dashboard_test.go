// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// known are the labels of each metric, as TestNamesOfMetrics finds them.
func known(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/metrics.golden")
	require.NoError(t, err)
	metrics := make(map[string][]string)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		names := strings.Split(fields[2], ",")
		if fields[1] != "histogram" {
			metrics[fields[0]] = names
			continue
		}
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			metrics[fields[0]+suffix] = append(slices.Clone(names), "le")
		}
	}
	return metrics
}

type dashboard struct {
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
	Panels []struct {
		ID         int
		Title      string
		GridPos    struct{ X, Y, W, H int }
		Datasource struct{ UID string }
		Targets    []struct{ Expr string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	data, err := os.ReadFile("../dashboard.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &d))
	return d
}

// Prometheus can parse each query, and each names metrics and labels that there are. What is
// exported and shown on no panel would be forgotten, so each metric is on one.
func TestQueriesOfTheDashboard(t *testing.T) {
	metrics, used := known(t), make(map[string]bool)
	variables := strings.NewReplacer("$__rate_interval", "5m", "$pool", ".*", "$region", ".*")
	dashboard := readDashboard(t)
	require.NotEmpty(t, dashboard.Panels)
	for _, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			query := variables.Replace(target.Expr)
			require.NotContains(t, query, "$", panel.Title)
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
			require.NoError(t, err, "%s: %s", panel.Title, query)
			checkLabels(t, expr, metrics, used)
		}
	}
	for metric := range metrics {
		metric = strings.TrimSuffix(strings.TrimSuffix(metric, "_sum"), "_count")
		metric = strings.TrimSuffix(metric, "_bucket")
		if metric != "target_info" {
			assert.True(t, used[metric] || used[metric+"_bucket"] || used[metric+"_count"], metric)
		}
	}
}

// checkLabels checks the metrics and labels of a query.
func checkLabels(
	t *testing.T,
	expr parser.Expr,
	metrics map[string][]string,
	used map[string]bool,
) {
	t.Helper()
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		has, ok := metrics[selector.Name]
		assert.True(t, ok, "there is no metric %s", selector.Name)
		used[selector.Name] = true
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != model.MetricNameLabel {
				assert.Contains(t, has, matcher.Name, selector.Name)
			}
		}
		for _, above := range path {
			if aggregation, ok := above.(*parser.AggregateExpr); ok {
				assert.Subset(t, has, aggregation.Grouping, selector.Name)
			}
		}
		return nil
	})
}

// Panels do not overlap, and the choices at the top come from metrics that there are.
func TestTheDashboardIsWellFormed(t *testing.T) {
	d, metrics := readDashboard(t), known(t)
	ids, cells := make(map[int]bool), make(map[[2]int]string)
	for _, p := range d.Panels {
		assert.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
		assert.Equal(t, "${datasource}", p.Datasource.UID)
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				assert.Empty(t, cells[[2]int{x, y}], p.Title)
				cells[[2]int{x, y}] = p.Title
			}
		}
	}
	values := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			match := values.FindStringSubmatch(v.Query)
			require.NotNil(t, match, v.Query)
			assert.Contains(t, metrics[match[1]], match[2], v.Name)
		}
	}
}
