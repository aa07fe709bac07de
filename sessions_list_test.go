// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

func TestListPagesThroughAllSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 4}})
		client, w := newClient(t, e)
		var want []string
		for i := range 10 {
			id := fmt.Sprintf("demo-%d", i)
			_, err := client.BeginCreate(t.Context(), id, halfHour, nil)
			require.NoError(t, err)
			want = append(want, id)
		}
		pager := client.NewListPager(nil)
		var got []string
		var pages int
		for pager.More() {
			page, err := pager.NextPage(t.Context())
			require.NoError(t, err)
			assert.NotEmpty(t, page.CorrelationVector)
			pages++
			assert.Equal(t, pages < 3, page.NextLink != "")
			for _, session := range page.Sessions {
				got = append(got, session.ID)
			}
		}
		assert.Equal(t, want, got)
		assert.Equal(t, 3, pages)

		before := w.Count("LIST")
		for session, err := range client.All(t.Context(), nil) {
			require.NoError(t, err)
			if session.ID == "demo-1" {
				break
			}
		}
		assert.Equal(t, 1, w.Count("LIST")-before, "leaving the loop early asks for no further page")
	})
}

func TestAbsentNextLinkHasThreeSpellings(t *testing.T) {
	for _, body := range []string{
		`{"sessions":[]}`, `{"sessions":[],"@nextLink":null}`, `{"sessions":[],"@nextLink":""}`,
	} {
		client, w := fakeClient(
			t,
			func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 200, body), nil },
		)
		for range client.All(t.Context(), nil) {
			t.Fatal("there is no session")
		}
		assert.Equal(t, 1, w.Count("LIST"))
	}
}

// listThenLink returns a client whose list has that next link on every page.
func listThenLink(t *testing.T, base, link string) (*arr.SessionsClient, *testkit.Wire) {
	t.Helper()
	w := &testkit.Wire{
		Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(
				req,
				200,
				`{"sessions":[`+testkit.SessionJSON("demo", "Ready")+`],"@nextLink":"`+link+`"}`,
			), nil
		},
	}
	static, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(t, err)
	options := &arr.SessionsClientOptions{}
	options.Transport = w
	client, err := arr.NewSessionsClientWithAccessToken(base, testAccount.ID, static, options)
	require.NoError(t, err)
	return client, w
}

func TestNextLinksThatAreRefused(t *testing.T) {
	const own = "https://rendering.example/accounts/00000000-1111-2222-3333-444455556666/sessions"
	for name, link := range map[string]string{
		"other host": "https://attacker.example/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"host as a suffix": "https://rendering.example.attacker.example/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"other host, no scheme": "//attacker.example/accounts/00000000-1111-2222-3333-444455556666/" +
			"sessions?skiptoken=1",
		"host as user name": "https://rendering.example@attacker.example/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions",
		"user name": "https://user:secret@rendering.example/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"other port": "https://rendering.example:8443/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"other scheme": "http://rendering.example/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"other scheme, own port": "http://rendering.example:443/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"odd scheme": "file:///accounts/00000000-1111-2222-3333-444455556666/sessions",
		"other account": "https://rendering.example/accounts/" +
			"99999999-1111-2222-3333-444455556666/sessions?skiptoken=1",
		"no account":         "https://rendering.example/",
		"climbing":           own + "/../../../accounts/99999999-1111-2222-3333-444455556666/sessions",
		"climbing, escaped":  own + "/%2e%2e/%2e%2e/99999999-1111-2222-3333-444455556666/sessions",
		"relative, climbing": "../99999999-1111-2222-3333-444455556666/sessions",
		"backslashes":        own + "/\\\\attacker.example",
		"to itself":          own,
		"to itself, in full": "HTTPS://RENDERING.example:443/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?api-version=2021-01-01#x",
		"no address":        "https://rendering.example:port/",
		"control character": "https://rendering.example/\\u0007",
		"broken escape":     own + "?skiptoken=%zz",
	} {
		t.Run(name, func(t *testing.T) {
			client, w := listThenLink(t, endpoint, link)
			var sessions int
			var failure error
			for _, err := range client.All(t.Context(), nil) {
				if err != nil {
					failure = err
				} else {
					sessions++
				}
			}
			require.ErrorContains(t, failure, "next link")
			assert.NotContains(t, failure.Error(), "secret")
			assert.NotContains(t, failure.Error(), "skiptoken")
			assert.Equal(t, 1, sessions)
			assert.Len(t, w.Sent(), 1, "no request is sent to it")
		})
	}
}

func TestNextLinksThatAreFollowed(t *testing.T) {
	for name, link := range map[string]string{
		"absolute": "https://rendering.example/base/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=a%2Bb%3D",
		"default port": "https://rendering.example:443/base/accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=a%2Bb%3D",
		"other case": "https://RENDERING.EXAMPLE/base/Accounts/" +
			"00000000-1111-2222-3333-444455556666/sessions?skiptoken=a%2Bb%3D",
		"relative":             "/base/accounts/00000000-1111-2222-3333-444455556666/sessions?skiptoken=a%2Bb%3D",
		"query alone":          "?skiptoken=a%2Bb%3D",
		"other service verion": "?api-version=2020-01-01&skiptoken=a%2Bb%3D",
	} {
		t.Run(name, func(t *testing.T) {
			client, w := listThenLink(t, endpoint+"/base", link)
			pager := client.NewListPager(nil)
			_, err := pager.NextPage(t.Context())
			require.NoError(t, err)
			var second *http.Request
			w.Handle(
				func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
					second = req
					return testkit.Answer(req, 200, `{"sessions":[],"@nextLink":"`+link+`"}`), nil
				},
			)
			_, err = pager.NextPage(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "a+b=", second.URL.Query().Get("skiptoken"))
			assert.Equal(t, "2021-01-01", second.URL.Query().Get("api-version"))
			assert.Equal(t, "Bearer "+testkit.Token, second.Header.Get("Authorization"))

			_, err = pager.NextPage(t.Context())
			require.ErrorContains(t, err, "same next link twice")
			assert.False(t, pager.More())
		})
	}
}

// Go drops a parameter with a semicolon. Then the second page would be the first one again.
func TestNextLinkWithASemicolonIsFollowed(t *testing.T) {
	client, w := listThenLink(t, endpoint, "?skiptoken=a;b")
	pager := client.NewListPager(nil)
	_, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	var token string
	w.Handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
		token = req.URL.Query().Get("skiptoken")
		return testkit.Answer(req, 200, `{"sessions":[]}`), nil
	})
	_, err = pager.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "a;b", token)
}

func TestNextLinksInACircleAreNoticed(t *testing.T) {
	n := 0
	client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		n++
		return testkit.Answer(
			req,
			200,
			fmt.Sprintf(`{"sessions":[],"@nextLink":"?skiptoken=%d"}`, n%3),
		), nil
	})
	var failure error
	for _, err := range client.All(t.Context(), nil) {
		failure = err
	}
	require.ErrorContains(t, failure, "same next link twice")
	assert.Equal(t, 4, w.Count("LIST"))
}

func TestListAnswersThatCannotBeRead(t *testing.T) {
	for _, body := range []string{
		"", "null", "{}", "[]", `{"sessions":null}`, `{"sessions":{}}`,
		`{"sessions":[`, `{"sessions":[],"@nextLink":7}`,
	} {
		client, _ := fakeClient(
			t,
			func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 200, body), nil },
		)
		_, err := client.NewListPager(nil).NextPage(t.Context())
		require.ErrorContains(t, err, "cannot be read", body)
		assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
	}
}

// A program that stops all its sessions must not miss forty-nine because of one.
func TestOneOddSessionHidesNoOther(t *testing.T) {
	for name, odd := range map[string]string{
		"a number":           `7`,
		"an array":           `["odd"]`,
		"no id":              `{"status":"Ready"}`,
		"an id of no string": `{"id":7,"status":"Ready"}`,
		"an odd time":        `{"id":"odd","status":"Ready","creationTime":"yesterday"}`,
		"odd minutes":        `{"id":"odd","status":"Ready","maxLeaseTimeMinutes":"?"}`,
		"an odd status":      `{"id":"odd","status":7}`,
	} {
		body := "\xef\xbb\xbf" + `{"sessions":[` + testkit.SessionJSON("first", "Ready") + "," + odd + "," +
			testkit.SessionJSON("last", "Ready") + `]}`
		client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 200, body), nil
		})
		var ids []string
		for session, err := range client.All(t.Context(), nil) {
			require.NoError(t, err, name)
			ids = append(ids, session.ID)
		}
		want := []string{"first", "odd", "last"}
		if !strings.Contains(odd, `"id":"odd"`) {
			want = []string{"first", "last"}
		}
		assert.Equal(t, want, ids, name)
	}
}

func TestUnreadMembersAreLoggedOnceByName(t *testing.T) {
	var entries []string
	log.SetListener(func(_ log.Event, text string) {
		if strings.Contains(text, "cannot be read") {
			entries = append(entries, text)
		}
	})
	defer log.SetListener(nil)
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 200, `{"id":"demo","status":"Ready","creationTime":"a secret?","size":7}`), nil
	})
	for range 3 {
		_, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
	}
	require.Len(t, entries, 1)
	assert.Contains(t, entries[0], "creationTime")
	assert.Contains(t, entries[0], "size")
	assert.NotContains(t, entries[0], "a secret?")
	assert.NotContains(t, entries[0], testkit.Token)
}

func TestListGoesOnWhileSessionsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 3}})
		client, _ := newClient(t, e)
		create := func(id string) {
			_, err := client.BeginCreate(t.Context(), id, halfHour, nil)
			require.NoError(t, err)
		}
		for i := range 9 {
			create(fmt.Sprintf("old-%d", i))
		}
		seen := map[string]int{}
		n := 0
		for session, err := range client.All(t.Context(), nil) {
			require.NoError(t, err)
			seen[session.ID]++
			if n++; n == 3 { // between two pages
				_, err := client.Stop(t.Context(), "old-0", nil)
				require.NoError(t, err)
				create("new")
				time.Sleep(time.Second)
			}
		}
		for i := range 9 {
			assert.Equal(t, 1, seen[fmt.Sprintf("old-%d", i)])
		}
		assert.Equal(t, 1, seen["new"])
	})
}
