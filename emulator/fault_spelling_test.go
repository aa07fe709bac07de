// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// What goes over the wire, in a get and in a list.
func TestSpellings(t *testing.T) {
	for spelling, want := range map[emulator.SpellingFault]string{
		"time-without-zone":    `"creationTime":"2000-01-01T00:00:00.0000000",`,
		"time-with-space":      `"creationTime":"2000-01-01 00:00:00.0000000+00:00",`,
		"time-lower-case":      `"creationTime":"2000-01-01t00:00:00.0000000z",`,
		"time-unreadable":      `"creationTime":"yesterday",`,
		"numbers-with-point":   `"maxLeaseTimeMinutes":5.0,`,
		"numbers-as-text":      `"maxLeaseTimeMinutes":"5",`,
		"numbers-out-of-range": `"maxLeaseTimeMinutes":2147483648,`,
		"numbers-nan":          `"teraflops":NaN`,
		"text-with-line-break": "\"hostname\":\"\n",
		"enums-lower-case":     `"size":"standard","status":"ready"`,
		"enums-upper-case":     `"size":"STANDARD","status":"READY"`,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, emulator.Options{})
			s.create("a", standard5)
			plain := s.get("a")
			s.inject(emulator.Fault{Spelling: spelling})
			for _, r := range []reply{s.get("a"), s.call(http.MethodGet, s.list()+apiVersion, "")} {
				assert.Equal(t, http.StatusOK, r.status)
				assert.Contains(t, r.body, want)
				assert.Contains(t, r.body, `{"id":"a","creationTime":`, "the order stays")
			}
			s.ClearFaults()
			assert.Equal(t, plain.body, s.get("a").body)
		})
	}
}

func TestSpellingsOfOtherParts(t *testing.T) {
	s := start(t, emulator.Options{})
	s.create("a", standard5)
	s.create("b", standard5)
	list := func() string { return s.call(http.MethodGet, s.list()+apiVersion, "").body }
	for spelling, test := range map[emulator.SpellingFault]struct {
		ask  func() string
		want string
	}{
		"byte-order-mark": {
			func() string { return s.exchange(s.Account().ID + ":" + s.Key()).body },
			"\xef\xbb\xbf" + `{"AccessToken":"`,
		},
		"other-id": {func() string { return s.get("a").body }, `{"id":"other-a","creationTime":`},
		"error-as-text": {
			func() string { return s.put("a", `{"maxLeaseTimeMinutes":7,"size":"Standard"}`).body },
			`{"error":"A resource already exists under the given ID."}`,
		},
		"element-number":            {list, `{"sessions":[17,{"id":"b",`},
		"element-without-id":        {list, `{"sessions":[{"creationTime":`},
		"element-id-unreadable":     {list, `{"sessions":[{"id":{"id":1},"creationTime":`},
		"element-status-unreadable": {list, `"size":"Standard","status":5,`},
	} {
		remove := s.inject(emulator.Fault{Spelling: spelling})
		assert.True(t, strings.HasPrefix(test.ask(), test.want) || spelling == "element-status-unreadable")
		assert.Contains(t, test.ask(), test.want, spelling)
		remove()
		assert.NotContains(t, test.ask(), test.want, spelling)
	}
}

func TestSpellingsOfSeveralFaultsAddUp(t *testing.T) {
	s := start(t, emulator.Options{})
	s.create("a", standard5)
	for _, spelling := range []emulator.SpellingFault{
		"byte-order-mark", "numbers-as-text", "numbers-with-point", "time-unreadable", "time-with-space",
		"text-with-line-break",
	} {
		s.inject(emulator.Fault{Spelling: spelling, Operation: "get"})
	}
	body := s.get("a").body
	assert.True(t, strings.HasPrefix(body, "\xef\xbb\xbf{"), body)
	assert.Contains(t, body, `"maxLeaseTimeMinutes":"5"`, "the first counts")
	assert.Contains(t, body, `"creationTime":"yesterday"`)
	assert.Contains(t, body, "\"hostname\":\"\n", "after the edits of members")
}

func TestRetryAfterInMilliseconds(t *testing.T) {
	for _, spelling := range []emulator.SpellingFault{"retry-after-ms", "x-ms-retry-after-ms"} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, emulator.Options{})
			s.inject(emulator.Fault{
				Operation: "get", Status: 503, RetryAfter: 1500 * time.Millisecond,
				Spelling: spelling, Count: 1,
			})
			s.create("a", standard5)
			r := s.get("a")
			assert.Equal(t, "1500", r.header.Get(string(spelling)))
			assert.Empty(t, r.header.Get("Retry-After"))

			s.inject(emulator.Fault{
				Operation: "get", Status: 503, RetryAfter: 7 * time.Second, Spelling: spelling, Count: 1,
			})
			client, err := s.SessionsClient(nil)
			require.NoError(t, err)
			before := time.Now()
			_, err = client.Get(t.Context(), "a", nil)
			require.NoError(t, err)
			assert.Equal(t, 7*time.Second, time.Since(before), "the client waits as long")
		})
	}
}

// The client works with each spelling: a create comes to its end, a list shows the session, and
// StopAll stops it.
func TestTheClientReadsEverySpelling(t *testing.T) {
	for _, spelling := range []emulator.SpellingFault{
		"time-without-zone", "time-with-space", "time-lower-case", "time-unreadable",
		"numbers-with-point", "numbers-as-text", "numbers-out-of-range",
		"numbers-nan", "text-with-line-break",
		"enums-lower-case", "enums-upper-case", "error-as-text", "byte-order-mark",
	} {
		t.Run(string(spelling), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(20 * time.Second)})
				s.inject(emulator.Fault{Spelling: spelling})
				client, err := s.SessionsClient(nil)
				require.NoError(t, err)
				created := time.Now()
				settings := azremoterendering.CreateSessionSettings{
					Size: azremoterendering.SessionSizeStandard, MaxLeaseTime: 30 * time.Minute,
				}
				poller, err := client.BeginCreate(t.Context(), "a", settings, nil)
				require.NoError(t, err)
				ready, err := poller.PollUntilDone(t.Context(), nil)
				require.NoError(t, err)
				assert.Equal(t, azremoterendering.SessionStatusReady, ready.Status)
				assert.Equal(t, azremoterendering.SessionSizeStandard, ready.Size)
				if spelling == "time-unreadable" {
					created = time.Time{}
				}
				assert.WithinDuration(t, created, ready.CreationTime, 0)
				if spelling == "numbers-out-of-range" {
					settings.MaxLeaseTime = 0
					assert.Zero(t, ready.Teraflops)
				}
				assert.Equal(t, settings.MaxLeaseTime, ready.MaxLeaseTime)

				_, err = client.BeginCreate(t.Context(), "a", azremoterendering.CreateSessionSettings{
					Size: azremoterendering.SessionSizePremium, MaxLeaseTime: time.Hour,
				}, nil)
				require.ErrorIs(t, err, azremoterendering.ErrConflict)
				assert.ErrorContains(t, err, "A resource already exists under the given ID.")

				stopped, err := lease.StopAll(t.Context(), client, lease.StopAllOptions{EveryPrefix: true})
				require.NoError(t, err)
				require.Len(t, stopped, 1)
				assert.Equal(t, "a", stopped[0].ID)
				s.ClearFaults()
				assert.Empty(t, s.walk())
			})
		})
	}
}

// An odd element hides no other session.
func TestTheClientSeesBesideOddElements(t *testing.T) {
	for spelling, visible := range map[emulator.SpellingFault][]string{
		"element-number":            {"b", "c"},
		"element-without-id":        {"b", "c"},
		"element-id-unreadable":     {"b", "c"},
		"element-status-unreadable": {"a", "b", "c"},
	} {
		t.Run(string(spelling), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, emulator.Options{})
				for _, id := range []string{"a", "b", "c"} {
					s.create(id, standard5)
				}
				remove := s.inject(emulator.Fault{Spelling: spelling})
				client, err := s.SessionsClient(nil)
				require.NoError(t, err)
				var seen []string
				for session, err := range client.All(t.Context(), nil) {
					require.NoError(t, err)
					seen = append(seen, session.ID)
				}
				assert.Equal(t, visible, seen)
				stopped, err := lease.StopAll(t.Context(), client, lease.StopAllOptions{EveryPrefix: true})
				require.NoError(t, err)
				assert.Len(t, stopped, len(visible))
				remove()
				for _, id := range []string{"a", "b", "c"} {
					want := "Ready"
					if slices.Contains(visible, id) {
						want = "Stopped"
					}
					assert.Equal(t, want, s.look(id).Status, id)
				}
			})
		})
	}
}

// An answer about another session is not taken for one's own.
func TestTheClientRefusesAnotherSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.create("a", standard5)
		s.inject(emulator.Fault{Spelling: emulator.SpellOtherID})
		client, err := s.SessionsClient(nil)
		require.NoError(t, err)
		_, err = client.Get(t.Context(), "a", nil)
		require.ErrorContains(t, err, "other-a")
		_, err = client.BeginCreate(t.Context(), "b", azremoterendering.CreateSessionSettings{
			Size: azremoterendering.SessionSizeStandard, MaxLeaseTime: time.Hour,
		}, nil)
		require.ErrorIs(t, err, azremoterendering.ErrOutcomeUnknown)
		assert.True(t, s.exists("b"))
	})
}

func TestSpellingsWithoutEffectAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"spelling=odd": `spelling "odd" is unknown; give one of time-without-zone, `,
		"spelling=time-with-space operation=stop":                 "has no effect on StopSession",
		"spelling=time-with-space operation=token":                "has no effect on GetToken",
		"spelling=error-as-text operation=token":                  "has no effect on GetToken",
		"spelling=element-number operation=get":                   "inject it as another fault for ListSessions",
		"spelling=other-id operation=list":                        "has no effect on ListSessions",
		"spelling=time-with-space status=503":                     "leave out status or spelling",
		"spelling=error-as-text status=404":                       "whose answer has no body",
		"spelling=byte-order-mark status=204":                     "whose answer has no body",
		"spelling=retry-after-ms":                                 "has no effect without retry-after",
		"spelling=time-with-space drop=after":                     "leave out drop or spelling",
		"spelling=time-with-space body=empty":                     "leave out body or spelling",
		"status=503 retry-after=1500ms":                           "is not whole seconds",
		"status=503 retry-after=1us spelling=x-ms-retry-after-ms": "is not whole milliseconds",
		"read-lag=10s operation=get":                              "has no effect on GetSession",
		"read-lag=25h":                                            "is out of range",
		"read-lag=10s status=503":                                 "leave out status or read-lag",
	} {
		_, err := emulator.ParseFault(text)
		require.ErrorContains(t, err, want, text)
	}
	for _, text := range []string{
		"spelling=error-as-text status=503", "spelling=byte-order-mark status=400 body=slow",
		"spelling=retry-after-ms status=429 retry-after=1500ms", "read-lag=10s drop=after",
		"read-lag=10s status=503 after-effect", "spelling=other-id operation=update body=truncated",
	} {
		_, err := emulator.ParseFault(text)
		assert.NoError(t, err, text)
	}
}
