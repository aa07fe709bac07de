// SPDX-License-Identifier: MIT

package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
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
)

// golden compares a page with the file of that name. With ARR_GOLDEN=1 in the environment it writes
// the file instead.
func golden(t *testing.T, name string, view pageView) {
	t.Helper()
	page, err := view.render()
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(page, []byte(pageStyle)))
	got := strings.Replace(string(page), pageStyle, "(style)", 1)
	file := filepath.Join("testdata", "golden", name+".html")
	if os.Getenv("ARR_GOLDEN") == "1" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "set ARR_GOLDEN=1 if that is intended")
}

func emptyState() State {
	return State{
		Time: time.Date(2021, time.May, 4, 12, 30, 0, 0, time.UTC),
		Accounts: []Account{
			{accountID, "westeurope.mixedreality.azure.com", "westeurope"},
		},
	}
}

func TestPageWithEverything(t *testing.T) {
	state := pageSample()
	state.Refresh = true
	golden(t, "everything", newPageView(state))
}

func TestPageWithNothing(t *testing.T) {
	golden(t, "nothing", newPageView(emptyState()))
}

// hostilePage is a page whose every text that anybody can choose wants to be more than text.
func hostilePage() pageView {
	const evil = `</style></title></svg>"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}` + "\x00\u202e"
	s := emptyState()
	s.Accounts[0].Domain = evil
	s.Accounts = append(
		s.Accounts,
		Account{`x" onclick="alert(1)`, "javascript:alert(1)", "eastus"},
	)
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
	return newPageView(s)
}

var (
	pageElements = "html head meta title style body header div h1 p span time br a nav b main " +
		"section h2 h3 ol li svg line rect circle " +
		"wbr text small strong i table thead tbody tr th td"
	pageAttributes = "lang charset name content http-equiv class datetime href id aria-label " +
		"aria-labelledby aria-hidden role tabindex scope title " +
		"x y x1 x2 y1 y2 cx cy r rx width height text-anchor"
	pageLinks = "/ ?refresh=off #sessions #conversions #faults #requests #accounts"
)

// Whatever stands in the data, no page has an element, an attribute or a link that the template
// does not have.
func TestPageEscapesEverything(t *testing.T) {
	golden(t, "hostile", hostilePage())
	everything := newPageView(pageSample())
	everything.Refresh = true
	for _, view := range []pageView{hostilePage(), everything, newPageView(emptyState())} {
		page, err := view.render()
		require.NoError(t, err)
		assert.NotContains(t, string(page), "<script")
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
				assert.Contains(t, strings.Fields(pageElements), element.Name.Local)
				for _, a := range element.Attr {
					assert.Contains(t, strings.Fields(pageAttributes), a.Name.Local)
					if a.Name.Local == "href" {
						assert.Contains(t, strings.Fields(pageLinks), a.Value)
					}
				}
			}
		}
	}
}

// The policy allows the style sheet as it stands in the page, and there is no other style.
func TestPagePolicyCoversTheStyle(t *testing.T) {
	page, err := newPageView(pageSample()).render()
	require.NoError(t, err)
	styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllSubmatch(page, -1)
	require.Len(t, styles, 1)
	hash := sha256.Sum256(styles[0][1])
	assert.Contains(
		t,
		pagePolicy,
		"style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'",
	)
	assert.True(t, strings.HasPrefix(pagePolicy, "default-src 'none'; "))
	assert.NotContains(t, pagePolicy, "unsafe")
	assert.NotContains(t, string(page), " style=")
	assert.NotContains(t, pageStyle, "url(")
	assert.NotContains(t, pageStyle, "@import")
}

func TestPageIsLimited(t *testing.T) {
	s := emptyState()
	for i := range 300 {
		each := Session{Account: accountID, Session: azremoterendering.Session{
			ID: fmt.Sprintf(
				"session-%03d",
				i,
			),
			Status:       "Ready",
			CreationTime: s.Time.Add(time.Duration(i-300) * time.Second),
		}}
		if i < 40 {
			each.EndedAt = s.Time
		}
		s.Sessions = append(s.Sessions, each)
	}
	s.Requests = make([]Request, 200)
	for i := range s.Requests {
		s.Requests[i].Session = fmt.Sprintf("request-%03d", i)
	}
	s.Faults = make([]Fault, 70)
	s.Conversions = make([]Conversion, 60)
	for i := range s.Conversions {
		s.Conversions[i].Conversion.ID = fmt.Sprintf("conversion-%03d", i)
	}
	page, err := Render(s)
	require.NoError(t, err)
	ids := regexp.MustCompile(`<h3>(session.*?)</h3>`).FindAllSubmatch(page, -1)
	require.Len(t, ids, 100)
	assert.Equal(t, "session-299", string(ids[0][1]), "the newest first")
	assert.Equal(t, "session-200", string(ids[99][1]))
	assert.Contains(
		t,
		string(page),
		"Not shown: 200 older sessions, of which 160 living and 40 ended.",
	)
	assert.Contains(t, string(page), "<b>260</b> living")
	shown := regexp.MustCompile(`>(request-\d+)<`).FindAllSubmatch(page, -1)
	require.Len(t, shown, 50)
	assert.Equal(t, "request-199", string(shown[0][1]), "the newest first")
	assert.Contains(t, string(page), "<b>60</b> conversions")
	assert.Contains(t, string(page), "Not shown: 10 older.")
	converted := regexp.MustCompile(`>(conversion-\d+)</h3>`).FindAllSubmatch(page, -1)
	require.Len(t, converted, 50)
	assert.Equal(t, "conversion-059", string(converted[0][1]), "the newest first")
	assert.Contains(t, string(page), "<b>70</b> faults in force")
	assert.Contains(t, string(page), "Not shown: 20 more.")
	assert.Less(t, len(page), 300_000)
}
