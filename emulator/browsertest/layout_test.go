// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	_ "embed" // for the script
	"fmt"
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

// everywhere shows an address at all widths in both schemes.
func (b *tab) everywhere(url string, look func(view string)) {
	b.t.Helper()
	b.open(url)
	for _, scheme := range schemes {
		for _, width := range widths {
			b.screen(width, scheme)
			look(fmt.Sprintf("%d-%s", width, scheme))
		}
	}
}

// Nothing is cut off and axe finds nothing, from a telephone to a large screen, light and dark.
func TestViewsFitAndAreAccessible(t *testing.T) {
	full := newService(t, emulator.Options{Admin: true})
	full.fill()
	empty := newService(t, emulator.Options{Admin: true})
	for name, url := range map[string]string{
		"full":  full.url("/?refresh=off"),
		"empty": empty.url("/?refresh=off"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.everywhere(url, func(view string) {
				assert.Empty(t, evaluate[[]string](b, clipped), "cut off in %s", view)
				b.accessible(view)
				b.picture(name + "-" + view)
			})
		})
	}
}
