// SPDX-License-Identifier: MIT

package emulator

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
	"testing/synctest"
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
	file := filepath.Join("testdata", "page", name+".html")
	if os.Getenv("ARR_GOLDEN") == "1" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "set ARR_GOLDEN=1 if that is intended")
}

func emptySnapshot() snapshot {
	return snapshot{
		time: time.Date(2021, time.May, 4, 12, 30, 0, 0, time.UTC),
		accounts: []accountSnapshot{
			{DefaultAccountID, "westeurope.mixedreality.azure.com", "westeurope"},
		},
	}
}

func TestPageWithEverything(t *testing.T) {
	view := newPageView(pageSample())
	view.Refresh = true
	golden(t, "everything", view)
}

func TestPageWithNothing(t *testing.T) {
	golden(t, "nothing", newPageView(emptySnapshot(), nil, nil))
}

// pageBackend starts servers that are Ready after a minute.
type pageBackend struct{}

func (pageBackend) Start(
	ServerSpec,
) BackendServer {
	return pageServer{time.Now().Add(time.Minute)}
}

type pageServer struct{ readyAt time.Time }

func (s pageServer) Status() ServerStatus {
	return ServerStatus{
		ReadyAt:          s.readyAt,
		Hostname:         "server.example",
		HandshakePort:    50051,
		ArrInspectorPort: 50052,
		Settled:          true,
	}
}
func (pageServer) SetLease(time.Duration) {}
func (pageServer) Stop()                  {}

// The page shows what becomes of sessions as the clock goes.
func TestPageOfALife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Options{Backend: pageBackend{}})
		require.NoError(t, err)
		create := func(id string, lease time.Duration) {
			_, _, refused := e.fleet.create(
				home{e.accounts[0], "westeurope"},
				id,
				"Standard",
				lease,
				e.backend.Start,
			)
			require.Nil(t, refused)
		}
		create("expires", 2*time.Minute)
		create("goes-on", time.Hour)
		create("moves", time.Hour)
		time.Sleep(2 * time.Minute)
		create("stopped", 5*time.Minute)
		require.NoError(t, e.SetStatus("moves", "Migrating"))
		time.Sleep(90 * time.Second)
		require.NoError(t, e.SetStatus("stopped", azremoterendering.SessionStatusStopped))
		create("starts", 10*time.Minute)
		time.Sleep(15 * time.Second)
		golden(t, "life", newPageView(e.snapshot(), nil, nil))
	})
}

// hostilePage is a page whose every text that anybody can choose wants to be more than text.
func hostilePage() pageView {
	const evil = `</style></title></svg>"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}` + "\x00\u202e"
	s := emptySnapshot()
	s.accounts[0].domain = evil
	s.accounts = append(
		s.accounts,
		accountSnapshot{`x" onclick="alert(1)`, "javascript:alert(1)", "eastus"},
	)
	s.sessions = []sessionSnapshot{
		{
			account: DefaultAccountID,
			region:  azremoterendering.Region(evil),
			since:   s.time.Add(-time.Minute),
			readyAt: s.time.Add(-2 * time.Minute),
			session: session{
				ID:       "a",
				Status:   sessionStatus(evil),
				Size:     sessionSize(evil),
				Hostname: "javascript:alert(1)" + evil,
				CreationTime: s.time.Add(
					-3 * time.Minute,
				),
				Error: &azremoterendering.ErrorDetail{Code: evil, Message: evil},
			},
		},
	}
	requests := []requestRecord{
		{
			operation:         "unknown",
			method:            "<SCRIPT>",
			session:           `" autofocus x="`,
			status:            200,
			correlationVector: evil,
			faults:            []string{evil},
		},
	}
	return newPageView(s, requests, []pageFault{{ID: 1, Name: evil, What: "javascript:alert(1)"}})
}

var (
	pageElements = "html head meta title style body header div h1 p span time br a nav b main section h2 h3 ol li svg line rect circle " +
		"wbr text small strong i table thead tbody tr th td"
	pageAttributes = "lang charset name content http-equiv class datetime href id aria-label aria-labelledby aria-hidden role tabindex scope title " +
		"x y x1 x2 y1 y2 cx cy r rx width height text-anchor"
	pageLinks = "/ ?refresh=off #sessions #faults #requests #accounts"
)

// Whatever stands in the data, no page has an element, an attribute or a link that the template
// does not have.
func TestPageEscapesEverything(t *testing.T) {
	golden(t, "hostile", hostilePage())
	everything := newPageView(pageSample())
	everything.Refresh = true
	for _, view := range []pageView{hostilePage(), everything, newPageView(emptySnapshot(), nil, nil)} {
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
	s := emptySnapshot()
	for i := range 300 {
		each := sessionSnapshot{account: DefaultAccountID, session: session{
			ID: fmt.Sprintf(
				"session-%03d",
				i,
			),
			Status:       "Ready",
			CreationTime: s.time.Add(time.Duration(i-300) * time.Second),
		}}
		if i < 40 {
			each.endedAt = s.time
		}
		s.sessions = append(s.sessions, each)
	}
	requests := make([]requestRecord, 200)
	for i := range requests {
		requests[i].session = fmt.Sprintf("request-%03d", i)
	}
	page, err := newPageView(s, requests, make([]pageFault, 70)).render()
	require.NoError(t, err)
	ids := regexp.MustCompile(`<h3>(.*?)</h3>`).FindAllSubmatch(page, -1)
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
	assert.Contains(t, string(page), "<b>70</b> faults in force")
	assert.Contains(t, string(page), "Not shown: 20 more.")
	assert.Less(t, len(page), 300_000)
}
