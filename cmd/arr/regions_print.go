// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// latencyEntry is a latency as JSON.
type latencyEntry struct {
	Region    arr.Region `json:"region,omitempty"`
	Endpoint  string     `json:"endpoint"`
	Reachable bool       `json:"reachable"`
	Rounds    int        `json:"rounds"`
	ConnectMS float64    `json:"connectMilliseconds,omitempty"`
	TLSMS     float64    `json:"tlsMilliseconds,omitempty"`
	TotalMS   float64    `json:"totalMilliseconds,omitempty"`
	Error     string     `json:"error,omitempty"`
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

func latencyKind() *show.Kind[latency] {
	type row = latency
	span := func(name, field string, of func(row) time.Duration) show.Column[row] {
		return show.Column[row]{
			Name: name,
			Cell: func(l row) show.Cell { return show.Cell{Text: inMilliseconds(of(l))} },
			Fields: []show.Field[row]{{Name: field, Value: func(l row) string {
				return strconv.FormatFloat(milliseconds(of(l)), 'f', -1, 64)
			}}},
			Compare: func(a, b row) int { return cmp.Compare(of(a), of(b)) },
		}
	}
	total := span("total", "totalMilliseconds", func(l row) time.Duration { return l.total })
	cell := total.Cell
	total.Cell = func(l row) show.Cell {
		if !l.reachable() {
			return show.Cell{Text: "unreachable"}
		}
		return cell(l)
	}
	endpoint := show.TextColumn("endpoint", "endpoint", func(l row) string { return l.target.Endpoint })
	endpoint.Cell = func(l row) show.Cell {
		if !l.reachable() {
			return show.Cell{Text: l.target.Endpoint + " (" + l.failure + ")"}
		}
		return show.Cell{Text: l.target.Endpoint}
	}
	region := show.TextColumn("region", "region", func(l row) string { return string(l.target.Region) })
	region.Cell = func(l row) show.Cell {
		return show.Cell{Text: cmp.Or(string(l.target.Region), "-")}
	}
	return &show.Kind[row]{
		Plural: "endpoints",
		Name:   func(l row) string { return cmp.Or(string(l.target.Region), l.target.Endpoint) },
		Object: func(l row) any {
			return latencyEntry{
				l.target.Region,
				l.target.Endpoint,
				l.reachable(),
				l.rounds,
				milliseconds(l.connect),
				milliseconds(l.handshake),
				milliseconds(l.total),
				l.failure,
			}
		},
		Columns: []show.Column[row]{
			region,
			span("connect", "connectMilliseconds", func(l row) time.Duration { return l.connect }).Dropped(3),
			span("tls", "tlsMilliseconds", func(l row) time.Duration { return l.handshake }).Dropped(2),
			total,
			endpoint.Dropped(1).Shortened(16),
			show.TextColumn("error", "error", func(l row) string { return l.failure }).
				Wider().Dropped(4).Shortened(16),
		},
	}
}

func printLatencies(printer *show.Printer, results []latency) error {
	if printer.Format() == show.Name {
		results = slices.DeleteFunc(results, func(l latency) bool { return !l.reachable() })
	}
	return show.WriteList(printer, latencyKind(), results)
}

func inMilliseconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return strconv.FormatFloat(milliseconds(d), 'f', 1, 64) + " ms"
}

// regionEntry is a region as JSON.
type regionEntry struct {
	Region        arr.Region `json:"region,omitempty"`
	Endpoint      string     `json:"endpoint"`
	AccountDomain string     `json:"accountDomain,omitempty"`
}

func regionKind() *show.Kind[regionEntry] {
	type row = regionEntry
	return &show.Kind[row]{
		Plural: "regions",
		Name:   func(r row) string { return string(r.Region) },
		Object: func(r row) any { return r },
		Columns: []show.Column[row]{
			show.TextColumn("region", "region", func(r row) string { return string(r.Region) }),
			show.TextColumn("rendering-endpoint", "endpoint", func(r row) string { return r.Endpoint }).
				Dropped(2).Shortened(16),
			show.TextColumn("account-domain", "accountDomain", func(r row) string { return r.AccountDomain }).
				Dropped(1).Shortened(16),
		},
	}
}
