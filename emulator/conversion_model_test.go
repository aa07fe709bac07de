// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const (
	conversionSteps = 4_000 // per seed
	conversionIDs   = 80    // per region
)

// conversionModel is what the conversions of one account do, written a second time and as plainly
// as can be.
type conversionModel struct {
	now       time.Time
	pageSize  int
	retention time.Duration
	old       bool // the failure of missing assets is that of 2022
	regions   map[string][]*modelledConversion
}

// modelledConversion is one conversion, from its creation until its id is unknown again.
type modelledConversion struct {
	id                      string
	number                  int // of the creation, over all regions
	asked                   askedConversion
	created, started, ended time.Time
	end, code               string
}

// askedConversion is what a request asks for.
type askedConversion struct {
	container, prefix, asset, output string
	noSAS                            bool
}

func (a askedConversion) body() string {
	location := map[string]string{"storageContainerUri": a.container, "relativeInputAssetPath": a.asset}
	if a.prefix != "" {
		location["blobPrefix"] = a.prefix
	}
	if !a.noSAS {
		location["storageContainerReadListSas"] = "sig=model"
	}
	result := map[string]string{
		"storageContainerUri": "https://a.example/out", "storageContainerWriteSas": "?sig=model",
	}
	if a.output != "" {
		result["outputAssetFilename"] = a.output
	}
	body, _ := json.Marshal(map[string]any{
		"settings": map[string]any{"inputLocation": location, "outputLocation": result},
	})
	return string(body)
}

// settled returns the settings as they are shown.
func (a askedConversion) settled() askedConversion {
	a.noSAS = false
	if a.prefix != "" {
		a.prefix = strings.TrimSuffix(a.prefix, "/") + "/"
	}
	if a.output == "" {
		name := a.asset[strings.LastIndex(a.asset, "/")+1:]
		a.output = strings.TrimSuffix(strings.TrimSuffix(name, ".glb"), ".fbx") + ".arrAsset"
	}
	return a
}

func (m *conversionModel) advance(now time.Time) {
	m.now = now
	for region, all := range m.regions {
		m.regions[region] = slices.DeleteFunc(all, func(c *modelledConversion) bool {
			return !now.Before(c.created.Add(m.retention))
		})
	}
}

func (m *conversionModel) find(region, id string) *modelledConversion {
	for _, c := range m.regions[region] {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (m *conversionModel) status(c *modelledConversion) string {
	switch {
	case !m.now.Before(c.ended):
		return c.end
	case !m.now.Before(c.started):
		return "Running"
	}
	return "NotStarted"
}

// create returns the status of the answer.
func (m *conversionModel) create(
	region, id string, number int, asked askedConversion, notStarted, running time.Duration,
) int {
	switch {
	case asked.asset == "":
		return 400
	case asked.output != "" && !strings.HasSuffix(asked.output, ".arrAsset"):
		return 400
	case asked.noSAS:
		return 403
	}
	if c := m.find(region, id); c != nil {
		if c.asked != asked.settled() {
			return 409
		}
		return 200
	}
	c := &modelledConversion{
		id: id, number: number, asked: asked.settled(), created: m.now, started: m.now.Add(notStarted),
		ended: m.now.Add(notStarted + running), end: "Succeeded",
	}
	switch {
	case !strings.HasPrefix(asked.container, "https://"):
		c.end, c.code = "Failed", "InternalServerError"
	case strings.Contains(asked.asset, "DoesNotExist") && m.old:
		c.end, c.code = "Failed", "ConversionProcessFailed"
	case strings.Contains(asked.asset, "DoesNotExist"):
		c.end, c.code = "Failed", "InputContainerError"
	}
	m.regions[region] = append(m.regions[region], c)
	return 201
}

func (m *conversionModel) list(region string, after int) (page []*modelledConversion, more bool) {
	for _, c := range m.regions[region] {
		switch {
		case c.number <= after:
		case len(page) == m.pageSize:
			return page, true
		default:
			page = append(page, c)
		}
	}
	return page, false
}

// shownByModel is a conversion as an answer shows it.
type shownByModel struct {
	ID, Status   string
	CreationTime time.Time
	Settings     struct {
		InputLocation struct {
			StorageContainerURI, BlobPrefix, RelativeInputAssetPath string
		}
		OutputLocation struct{ OutputAssetFilename string }
	}
	Output *struct{ OutputAssetURI string }
	Error  *struct{ Code string }
}

// conversionComparison drives the emulator and the model side by side.
type conversionComparison struct {
	comparison
	conversions         *conversionModel
	notStarted, running time.Duration // of the next creation
}

// TestConversionsAgainstTheModel does random operations on many conversions, and compares every
// answer with that of the model.
func TestConversionsAgainstTheModel(t *testing.T) {
	for _, seed := range []uint64{rand.Uint64(), 0, 1, 2, 3, 4} {
		t.Run("", func(t *testing.T) {
			t.Logf("seed %d", seed)
			synctest.Test(t, func(t *testing.T) {
				c := newConversionComparison(t, seed)
				for c.step = range conversionSteps {
					c.random()
					if t.Failed() {
						t.Fatalf("seed %d, step %d", seed, c.step)
					}
				}
				assert.Positive(t, c.done, "no walk over the list came to its end")
			})
		})
	}
}

func newConversionComparison(t *testing.T, seed uint64) *conversionComparison {
	c := &conversionComparison{comparison: comparison{
		rand: rand.New(rand.NewPCG(seed, 2)), walks: make(map[string]*listWalk),
	}}
	c.conversions = &conversionModel{
		pageSize:  1 + c.rand.IntN(9),
		retention: time.Duration(1+c.rand.IntN(300)) * time.Minute,
		old:       c.rand.IntN(2) == 0,
		regions:   make(map[string][]*modelledConversion),
	}
	vintage := emulator.Vintage2023
	if c.conversions.old {
		vintage = emulator.Vintage2022
	}
	c.service = start(t, emulator.Options{
		TokenLifetime: 20 * 365 * 24 * time.Hour,
		Retention:     c.conversions.retention,
		Decisions:     emulator.Decisions{PageSize: c.conversions.pageSize, Vintage: vintage},
		Conversions: emulator.ConversionOptions{
			Times: func() (_, _ time.Duration) { return c.notStarted, c.running },
		},
	})
	return c
}

func (c *conversionComparison) random() {
	c.conversions.advance(time.Now())
	region := modelRegions[c.rand.IntN(len(modelRegions))]
	id := fmt.Sprintf("conversion-%d", c.rand.IntN(conversionIDs))
	switch n := c.rand.IntN(100); {
	case n < 40:
		c.create(region, id)
	case n < 65:
		r := c.ask(region, http.MethodGet, c.service.conversions()+"/"+id, "")
		want := c.conversions.find(region, id)
		if want == nil {
			assert.Equal(c.t, http.StatusNotFound, r.status, r.body)
			return
		}
		require.Equal(c.t, http.StatusOK, r.status, r.body)
		c.compareBody(want, r.body, c.conversions.status(want))
	case n < 85:
		c.listPage(region)
	default:
		longest := []time.Duration{time.Second, time.Minute, 10 * time.Minute, 3 * time.Hour}[c.rand.IntN(4)]
		time.Sleep(c.upTo(longest).Truncate(100 * time.Nanosecond)) // the precision of creationTime
	}
}

func (c *conversionComparison) create(region, id string) {
	pick := func(texts ...string) string { return texts[c.rand.IntN(len(texts))] }
	asked := askedConversion{
		container: pick("https://a.example/in", "https://a.example/in", "storagetest01"),
		prefix:    pick("", "x", "x/"),
		asset:     pick("box.glb", "models/box.fbx", "DoesNotExist.fbx", "box.glb", ""),
		output:    pick("", "", "box.arrAsset", "box.fbx"),
		noSAS:     c.rand.IntN(10) == 0,
	}
	c.notStarted = []time.Duration{0, c.upTo(time.Minute)}[c.rand.IntN(2)]
	c.running = []time.Duration{0, c.upTo(10 * time.Minute)}[c.rand.IntN(2)]
	c.created++
	r := c.ask(region, http.MethodPut, c.service.conversions()+"/"+id, asked.body())
	want := c.conversions.create(region, id, c.created, asked, c.notStarted, c.running)
	require.Equal(c.t, want, r.status, "%s %+v", r.body, asked)
	existing := c.conversions.find(region, id)
	switch want {
	case http.StatusCreated:
		c.compareBody(existing, r.body, "NotStarted") // however fast it is
	case http.StatusOK:
		c.compareBody(existing, r.body, c.conversions.status(existing))
	}
}

func (c *conversionComparison) compareBody(want *modelledConversion, body, status string) {
	c.t.Helper()
	var got shownByModel
	require.NoError(c.t, json.Unmarshal([]byte(body), &got))
	c.compareConversion(want, got, status)
}

func (c *conversionComparison) compareConversion(want *modelledConversion, got shownByModel, status string) {
	c.t.Helper()
	code, output := "", ""
	if got.Error != nil {
		code = got.Error.Code
	}
	if got.Output != nil {
		output = got.Output.OutputAssetURI
	}
	wantCode, wantOutput := "", ""
	switch status {
	case "Failed":
		wantCode = want.code
	case "Succeeded":
		wantOutput = "https://a.example/out/" + want.asked.output
	}
	in := got.Settings.InputLocation
	assert.Equal(c.t,
		[]any{want.id, status, wantCode, wantOutput, want.asked},
		[]any{got.ID, got.Status, code, output, askedConversion{
			container: in.StorageContainerURI, prefix: in.BlobPrefix, asset: in.RelativeInputAssetPath,
			output: got.Settings.OutputLocation.OutputAssetFilename,
		}})
	assert.True(c.t, want.created.Equal(got.CreationTime), "%s: created at %v, not %v",
		want.id, want.created, got.CreationTime)
}

// listPage goes one page on in the walk over a region. Much happens between two pages.
func (c *conversionComparison) listPage(region string) {
	walk := c.walks[region]
	if walk == nil {
		walk = &listWalk{next: c.service.conversions(), seen: make(map[int]bool)}
		c.walks[region] = walk
	}
	r := c.ask(region, http.MethodGet, walk.next, "")
	require.Equal(c.t, http.StatusOK, r.status, r.body)
	var page struct {
		Conversions []shownByModel
		NextLink    string `json:"@nextLink"`
	}
	require.NoError(c.t, json.Unmarshal([]byte(r.body), &page))
	want, more := c.conversions.list(region, walk.after)
	require.Len(c.t, page.Conversions, len(want))
	assert.Equal(c.t, more, page.NextLink != "")
	for i, each := range want {
		c.compareConversion(each, page.Conversions[i], c.conversions.status(each))
		assert.False(c.t, walk.seen[each.number], "%s is there twice", each.id)
		walk.seen[each.number], walk.after = true, each.number
	}
	if walk.next = page.NextLink; !more {
		delete(c.walks, region)
		c.done++
	}
}
