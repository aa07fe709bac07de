// SPDX-License-Identifier: MIT

// Package exposition writes metrics in the text format of Prometheus, version 0.0.4.
package exposition

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// ContentType is the media type of the format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kind is the type of a metric.
type Kind string

// The kinds of metrics.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	histogram Kind = "histogram"
)

// Text is metrics in the format. The zero value has none.
type Text struct {
	buffer bytes.Buffer
	name   string // of the metric whose values follow
}

// Bytes returns the text.
func (t *Text) Bytes() []byte { return t.buffer.Bytes() }

// Metric begins a metric. Its values follow.
func (t *Text) Metric(name string, kind Kind, help string) {
	t.name = name
	t.buffer.WriteString("# HELP " + name + " " + escape(help) + "\n")
	t.buffer.WriteString("# TYPE " + name + " " + string(kind) + "\n")
}

// Value writes a value. labels are names and values in turn.
func (t *Text) Value(value float64, labels ...string) { t.value("", value, labels) }

func (t *Text) value(suffix string, value float64, labels []string) {
	t.buffer.WriteString(t.name + suffix)
	for i := 0; i+1 < len(labels); i += 2 {
		t.buffer.WriteString(separator(i) + labels[i] + `="` + escape(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		t.buffer.WriteString("}")
	}
	t.buffer.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

func separator(place int) string {
	if place == 0 {
		return "{"
	}
	return ","
}

// escape escapes the value of a label. In a help text a quotation mark may be escaped too.
func escape(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(value)
}

// Histogram counts values by their size. It is safe for concurrent use.
type Histogram struct {
	bounds []float64

	mu     sync.Mutex
	counts []float64 // by bound, and above the last
	sum    float64
}

// NewHistogram returns a histogram with upper bounds, which rise.
func NewHistogram(bounds ...float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]float64, len(bounds)+1)}
}

// Observe counts a value.
func (h *Histogram) Observe(value float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[sort.SearchFloat64s(h.bounds, value)]++
	h.sum += value
}

// Write writes the histogram as a metric.
func (h *Histogram) Write(t *Text, name, help string, labels ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.Metric(name, histogram, help)
	sum := 0.0
	for i, count := range h.counts {
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = strconv.FormatFloat(h.bounds[i], 'g', -1, 64)
		}
		sum += count
		t.value("_bucket", sum, append(labels[:len(labels):len(labels)], "le", bound))
	}
	t.value("_sum", h.sum, labels)
	t.value("_count", sum, labels)
}
