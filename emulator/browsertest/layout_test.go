// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	_ "embed" // for the script
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

var (
	widths  = []int64{390, 768, 1280, 1920}
	schemes = []string{"light", "dark"}
)

// clipped lists what the width of the window cuts off.
//
//go:embed testdata/clipped.js
var clipped string

// everywhere shows the present page at all widths in both schemes.
func (b *tab) everywhere(look func(width int64, name string)) {
	b.t.Helper()
	for _, scheme := range schemes {
		for _, width := range widths {
			b.screen(width, scheme)
			look(width, fmt.Sprintf("%d-%s", width, scheme))
		}
	}
}

// Nothing is cut off and axe finds nothing, from a telephone to a large screen, light and dark.
func TestViewsFitAndAreAccessible(t *testing.T) {
	full := newService(t, emulator.Options{Admin: true, Accounts: []emulator.AccountOptions{
		{ID: emulator.DevelopmentAccountID}, {ID: "11111111-2222-3333-4444-555566667777"},
	}})
	full.fill()
	empty := newService(t, emulator.Options{Admin: true})
	dev := devService(t, emulator.Options{Admin: true})
	long := url.QueryEscape(full.Sessions()[4].ID)
	for name, view := range map[string]struct {
		url  string
		open string // what to click before
	}{
		"empty":        {empty.url("/"), ""},
		"full":         {full.url("/"), ""},
		"connect":      {dev.url("/"), ""},
		"reset":        {empty.url("/"), `details[data-open="reset"] > summary`},
		"no match":     {full.url("/?q=nothing-has-this-name&refresh=off"), ""},
		"story":        {full.url("/?session=ready"), `li[data-event="request"] summary`},
		"long story":   {full.url("/?session=" + long), ""},
		"failed story": {full.url("/?session=failed"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.open(view.url)
			b.shown("body[data-view]")
			if view.open != "" {
				b.click(view.open)
			}
			b.everywhere(func(width int64, look string) {
				assert.Empty(t, evaluate[[]string](b, clipped), "cut off in %s", look)
				if width == 390 || width == 1280 {
					b.accessible(look)
				}
				b.picture(strings.ReplaceAll(name, " ", "-") + "-" + look)
			})
		})
	}
}

// The check above sees what it is for.
func TestCutOffTextIsFound(t *testing.T) {
	for name, defect := range map[string]string{
		"wide text":     `<p style="width: 120vw">wide</p>`,
		"hidden text":   `<p style="width: 5em; overflow: hidden; white-space: nowrap">much more than that</p>`,
		"scrolled box":  `<div style="width: 5em; overflow-x: auto"><p style="width: 9em">a</p></div>`,
		"left of it":    `<p style="position: absolute; left: -9em">left</p>`,
		"bare ellipsis": `<p style="width: 5em; overflow: hidden; text-overflow: ellipsis">oneverylongwordthatends</p>`,
	} {
		b := newTab(t)
		b.open(site(t, `<!DOCTYPE html><link rel="icon" href="data:,"><p>fits</p>`+defect).URL)
		assert.Len(t, evaluate[[]string](b, clipped+`.filter((text) => !text.startsWith("the page"))`), 1, name)
	}
}
