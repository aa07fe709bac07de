// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	_ "embed" // for axe
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
)

// axe is axe-core as its authors publish it, under the Mozilla Public License 2.0; see the folder.
//
//go:embed testdata/axe-core/axe.min.js
var axe string

// finding is a violation that axe reports.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML, FailureSummary string
	}
}

func (f finding) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s): %s", f.ID, f.Impact, f.Help)
	for _, n := range f.Nodes[:min(len(f.Nodes), 5)] {
		fmt.Fprintf(&text, "\n  %.300s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
	}
	return text.String()
}

// accessible checks the present page with all rules of axe, best practices included.
func (b *tab) accessible(view string) {
	b.t.Helper()
	if !evaluate[bool](b, "'axe' in window") {
		b.do(chromedp.Evaluate[chromedp.Void](axe))
	}
	found := evaluate[[]finding](b,
		"axe.run({resultTypes: ['violations'], preload: false}).then(r => r.violations)")
	for _, f := range found {
		assert.Fail(b.t, "axe objects to "+view, f.String())
	}
}
