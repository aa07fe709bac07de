// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
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

func printLatencies(printer *show.Printer, results []latency) error {
	rows := [][]show.Cell{printer.Heading("REGION", "CONNECT", "TLS", "TOTAL", "ENDPOINT")}
	for _, l := range results {
		var err error
		switch {
		case printer.Format == show.JSON:
			err = printer.Object(
				latencyEntry{
					l.target.Region,
					l.target.Endpoint,
					l.reachable(),
					l.rounds,
					milliseconds(l.connect),
					milliseconds(l.handshake),
					milliseconds(l.total),
					l.failure,
				},
			)
		case printer.Format == show.Quiet && l.reachable():
			err = printer.Line(cmp.Or(string(l.target.Region), l.target.Endpoint))
		case l.reachable():
			rows = append(
				rows,
				show.Text(
					cmp.Or(string(l.target.Region), "-"),
					inMilliseconds(l.connect),
					inMilliseconds(l.handshake),
					inMilliseconds(l.total),
					l.target.Endpoint,
				),
			)
		default:
			rows = append(
				rows,
				show.Text(
					cmp.Or(string(l.target.Region), "-"),
					"-",
					"-",
					"unreachable",
					l.target.Endpoint+" ("+l.failure+")",
				),
			)
		}
		if err != nil {
			return err
		}
	}
	if printer.Format != show.ForPeople {
		return nil
	}
	return printer.Table(rows)
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

func printRegions(printer *show.Printer, entries []regionEntry) error {
	rows := [][]show.Cell{printer.Heading("REGION", "RENDERING ENDPOINT", "ACCOUNT DOMAIN")}
	for _, entry := range entries {
		var err error
		switch printer.Format {
		case show.JSON:
			err = printer.Object(entry)
		case show.Quiet:
			err = printer.Line(string(entry.Region))
		default:
			rows = append(
				rows,
				show.Text(string(entry.Region), entry.Endpoint, entry.AccountDomain),
			)
		}
		if err != nil {
			return err
		}
	}
	if printer.Format != show.ForPeople {
		return nil
	}
	return printer.Table(rows)
}
