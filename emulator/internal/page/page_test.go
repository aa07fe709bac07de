// SPDX-License-Identifier: MIT

package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/connect"
)

// golden compares a page with the file of that name. With ARR_GOLDEN=1 in the environment it writes
// the file instead.
func golden(t *testing.T, name string, view pageView) {
	t.Helper()
	page, err := view.render()
	require.NoError(t, err)
	got := version.ReplaceAllString(string(page), "/page.")
	file := filepath.Join("testdata", "golden", name+".html")
	if os.Getenv("ARR_GOLDEN") == "1" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "set ARR_GOLDEN=1 if that is intended")
}

// version is the version in the names of files, which changes with every edit.
var version = regexp.MustCompile(`/page-[0-9a-f]+\.`)

func emptyPage() Page {
	return Page{State: State{
		Time: time.Date(2021, time.May, 4, 12, 30, 0, 0, time.UTC),
		Accounts: []Account{
			{ID: accountID, Domain: "westeurope.mixedreality.azure.com", Region: "westeurope"},
		},
	}}
}

func TestPageWithEverything(t *testing.T) {
	golden(t, "everything", newPageView(pageSample()))
}

func TestPageOfASession(t *testing.T) {
	golden(t, "story", newPageView(storySample()))
}

func TestPageWithNothing(t *testing.T) {
	golden(t, "nothing", newPageView(emptyPage()))
}

const evil = `</style></title></svg></pre>"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}` +
	"\x00\u202e"

// hostilePage is a page whose every text that anybody can choose wants to be more than text.
func hostilePage() Page {
	s := emptyPage()
	s.Token, s.Problem, s.Query.Search = evil, evil, evil
	s.Connection.Endpoint, s.Connection.AccountKey = evil, evil
	s.Connection.Needs = connect.NeedsDomain
	s.Accounts[0].Domain = evil
	s.Accounts = append(s.Accounts, Account{
		ID: `x" onclick="alert(1)`, Domain: "javascript:alert(1)", Region: "eastus",
	})
	s.Sessions = []Session{
		{
			Account: accountID,
			Region:  azremoterendering.Region(evil),
			Since:   s.Time.Add(-time.Minute),
			ReadyAt: s.Time.Add(-2 * time.Minute),
			Session: azremoterendering.Session{
				ID:       "a",
				Status:   azremoterendering.SessionStatus(evil),
				Size:     azremoterendering.SessionSize(evil),
				Hostname: "javascript:alert(1)" + evil,
				CreationTime: s.Time.Add(
					-3 * time.Minute,
				),
				Error: &azremoterendering.ErrorDetail{Code: evil, Message: evil},
			},
		},
	}
	s.Requests = []Request{
		{
			Operation:         "unknown",
			Method:            "<SCRIPT>",
			Session:           `" autofocus x="`,
			Status:            200,
			CorrelationVector: evil,
			Faults:            []string{evil},
		},
	}
	s.Conversions = []Conversion{{
		Account: accountID, Region: azremoterendering.Region(evil), Since: s.Time,
		Conversion: azremoterendering.Conversion{
			ID: evil, Status: azremoterendering.ConversionStatus(evil), OutputAssetURL: "javascript:alert(1)",
			Error: &azremoterendering.ErrorDetail{Code: evil, Message: evil},
			Settings: azremoterendering.ConversionSettings{
				Input: azremoterendering.ConversionInput{
					StorageContainerURL: "javascript:alert(1)", BlobPrefix: evil, RelativeInputAssetPath: evil,
				},
				Output: azremoterendering.ConversionOutput{StorageContainerURL: evil, OutputAssetFilename: evil},
			},
		},
	}}
	s.Faults = []Fault{{ID: 1, Name: evil, What: "javascript:alert(1)"}}
	return s
}

// hostileStory is the same for the story of a session.
func hostileStory() Page {
	p := hostilePage()
	r := p.Requests[0]
	r.UserAgent, r.RequestBody, r.ErrorCode = evil, evil, evil
	r.ResponseBody = `{"a":"</pre><script>alert(1)</script>"}`
	p.Story = &Story{Session: p.Sessions[0], Requests: []Request{r}}
	return p
}

var (
	pageElements = "html head meta title link script noscript body header div h1 p span time br a nav b main " +
		"section h2 h3 ol li svg defs g use line rect circle form fieldset legend label input " +
		"button details summary dl dt dd figure figcaption pre wbr text small strong i table thead tbody tr th td"
	pageAttributes = "lang charset name content http-equiv class datetime href id aria-label " +
		"aria-labelledby aria-hidden aria-current role tabindex scope title rel src defer " +
		"method action type value for checked open maxlength placeholder autocomplete spellcheck " +
		"x y x1 x2 y1 y2 cx cy r rx width height text-anchor"
	pageTargets = regexp.MustCompile(`^(/(\?[\w=&%+.-]*)?|#\w+|/_page/[\w.-]+)$`)
)

// Whatever stands in the data, no page has an element, an attribute, a script or a link that the
// template does not have.
func TestPageEscapesEverything(t *testing.T) {
	golden(t, "hostile", newPageView(hostilePage()))
	for _, p := range []Page{hostilePage(), hostileStory(), pageSample(), storySample(), emptyPage()} {
		page, err := newPageView(p).render()
		require.NoError(t, err)
		assert.Equal(t, 1, bytes.Count(page, []byte("<script ")))
		assert.NotContains(t, string(page), "<script>")
		assert.NotContains(t, string(page), "<style")
		assert.NotContains(t, string(page), " style=")
		assert.NotContains(t, string(page), "<img")
		assert.NotContains(t, string(page), "ZgotmplZ", "the template refused a value")
		decoder := xml.NewDecoder(bytes.NewReader(bytes.ReplaceAll(page, []byte{0}, nil)))
		decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if element, ok := token.(xml.StartElement); ok {
				checkElement(t, element)
			}
		}
	}
}

func checkElement(t *testing.T, element xml.StartElement) {
	t.Helper()
	assert.Contains(t, strings.Fields(pageElements), element.Name.Local)
	for _, a := range element.Attr {
		if !strings.HasPrefix(a.Name.Local, "data-") {
			assert.Contains(t, strings.Fields(pageAttributes), a.Name.Local)
		}
		switch a.Name.Local {
		case "href", "src", "action":
			assert.Regexp(t, pageTargets, a.Value)
		}
	}
}

// The policy allows the files of the page and nothing inline.
func TestPagePolicy(t *testing.T) {
	policy := Header().Get("Content-Security-Policy")
	assert.True(t, strings.HasPrefix(policy, "default-src 'none'; "))
	assert.NotContains(t, policy, "unsafe")
	assert.NotContains(t, policy, "http")
	for path, asset := range assets {
		found, ok := FindAsset(path)
		require.True(t, ok)
		assert.Equal(t, asset, found)
		assert.Equal(t, "nosniff", asset.Header().Get("X-Content-Type-Options"))
		assert.Contains(t, asset.Header().Get("Cache-Control"), "immutable")
		assert.NotContains(t, string(asset.Body), "url(")
		assert.NotContains(t, string(asset.Body), "@import")
		assert.NotContains(t, string(asset.Body), "innerHTML")
		assert.Less(t, len(asset.Body), 20_000, "small enough to read")
	}
	page, err := Render(pageSample())
	require.NoError(t, err)
	for path := range assets {
		assert.Contains(t, string(page), `"`+path+`"`)
	}
	_, ok := FindAsset(Folder + "other")
	assert.False(t, ok)
}

// The page is short, however many faults there are. Everything else is selected before.
func TestPageIsLimited(t *testing.T) {
	p := emptyPage()
	p.Faults = make([]Fault, 70)
	p.Conversions = make([]Conversion, MaxConversions)
	p.AllConversions, p.MatchingConversions = 70, 60
	page, err := Render(p)
	require.NoError(t, err)
	text := string(page)
	assert.Contains(t, text, `<b data-count="conversions">70</b> conversions`)
	assert.Contains(t, text, "Not shown: 10 older.")
	assert.Contains(t, text, `<b data-count="faults">70</b> faults in force`)
	assert.Contains(t, text, "Not shown: 20 more.")
	assert.Less(t, len(page), 100_000)
}
