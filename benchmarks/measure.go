// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// variant is one way to do the same thing.
type variant struct {
	name string
	// spend does it calls times, and returns what that cost: by default, with do, the CPU time of
	// this process.
	spend func(ctx context.Context, calls int) (time.Duration, error)
}

// inProcess is a variant that runs in this process, in parallel goroutines.
func inProcess(name string, parallel int, do func(ctx context.Context, n int) error) variant {
	return variant{name, func(ctx context.Context, calls int) (time.Duration, error) {
		before := cpuTime()
		err := inParallel(ctx, parallel, calls, do)
		return cpuTime() - before, err
	}}
}

// inParallel does something calls times, in several goroutines. It returns the first error.
func inParallel(
	ctx context.Context, parallel, calls int, do func(ctx context.Context, n int) error,
) error {
	var next atomic.Int64
	var failure error
	var once sync.Once
	var work sync.WaitGroup
	for range parallel {
		work.Go(func() {
			for n := int(next.Add(1)) - 1; n < calls && ctx.Err() == nil; n = int(next.Add(1)) - 1 {
				if err := do(ctx, n); err != nil {
					once.Do(func() { failure = err })
					return
				}
			}
		})
	}
	work.Wait()
	if failure == nil {
		failure = ctx.Err()
	}
	return failure
}

// inTurn measures variants in turn, and returns the cost of one call in each round. A round more
// comes first, whose cost does not count: it opens connections and warms caches.
func inTurn(ctx context.Context, rounds, calls int, variants []variant) ([][]time.Duration, error) {
	costs := make([][]time.Duration, len(variants))
	for round := range rounds + 1 {
		for i := range variants {
			i = (i + round) % len(variants)
			cost, err := variants[i].spend(ctx, calls)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", variants[i].name, err)
			}
			if round > 0 {
				costs[i] = append(costs[i], cost/time.Duration(calls))
			}
		}
	}
	return costs, nil
}

// ratio returns the median of what one thing costs by what another costs in the same round.
func ratio(costs, others []time.Duration) float64 {
	var ratios []float64
	for i := range costs {
		ratios = append(ratios, float64(costs[i])/float64(max(others[i], 1)))
	}
	return median(ratios)
}

func median[T int | time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// exponent returns how a cost grows with a size: 0 is flat, 1 is linear. It is the slope of the
// line that fits the logarithms best.
func exponent(sizes []int, costs []time.Duration) float64 {
	var x, y, xx, xy, n float64
	for i, size := range sizes {
		a, b := math.Log(float64(size)), math.Log(float64(max(costs[i], 1)))
		x, y, xx, xy, n = x+a, y+b, xx+a*a, xy+a*b, n+1
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// table is what a section has found, as docs/performance.md shows it.
type table struct {
	title, note string
	header      []string
	rows        [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// compare adds a row for each variant: its cost, and how many times that of the last variant it is.
func (t *table) compare(variants []variant, costs [][]time.Duration, more ...string) {
	base := costs[len(costs)-1]
	for i, v := range variants {
		t.add(append([]string{v.name, short(median(costs[i])),
			fmt.Sprintf("%.2f", ratio(costs[i], base))}, more...)...)
	}
}

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "### %s\n\n", t.title)
	if t.note != "" {
		fmt.Fprintf(w, "%s\n\n", t.note)
	}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(t.header, " | "), strings.Repeat("---|", len(t.header)))
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
}

// short writes a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
