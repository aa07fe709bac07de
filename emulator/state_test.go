// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// ask sends a request to the emulator that the account's keys allow.
func ask(t *testing.T, e *Emulator, method, url, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, url, strings.NewReader(body))
	if a := e.accountOf(locate(req.URL.EscapedPath()).accountID); a != nil {
		token, err := e.tokens.issue(a)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
	}
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, req)
	return recorder
}

func TestStateOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const other = "00000000-0000-0000-0000-00000000000a"
		e, err := New(Options{
			StartupTime: FixedStartup(time.Minute),
			Capacity: func(_ azremoterendering.Region, size sessionSize) int {
				return map[sessionSize]int{"Standard": -1}[size]
			},
			Accounts: []AccountOptions{{}, {ID: other, Region: "uksouth"}},
		})
		require.NoError(t, err)
		create := func(account, region, id, size string) {
			r := ask(
				t,
				e,
				"PUT",
				fmt.Sprintf(
					"https://remoterendering.%s.example/accounts/%s/sessions/%s?api-version=2021-01-01",
					region,
					account,
					id,
				),
				`{"maxLeaseTimeMinutes":5,"size":"`+size+`"}`,
			)
			require.Equal(t, http.StatusCreated, r.Code)
		}
		begin := time.Now()
		create(other, "eastus", "b", "Standard")
		create(DefaultAccountID, "westeurope", "z", "Standard")
		create(DefaultAccountID, "westeurope", "failed", "Premium")
		create(DefaultAccountID, "eastus", "stopped", "Standard")
		time.Sleep(30 * time.Second)
		require.NoError(t, e.SetStatus("stopped", azremoterendering.SessionStatusStopped))
		time.Sleep(90 * time.Second)
		create(DefaultAccountID, "westeurope", "a", "Standard")
		require.NoError(t, e.SetStatus("b", "Hibernating"))
		time.Sleep(30 * time.Second)
		require.NoError(t, e.SetStatus("b", "Hibernating"))

		s := e.state()
		assert.Equal(t, time.Now(), s.Time)
		assert.Equal(t, []page.Account{
			{
				ID:     DefaultAccountID,
				Domain: "westeurope.mixedreality.azure.com",
				Region: "westeurope",
			},
			{ID: other, Domain: "uksouth.mixedreality.azure.com", Region: "uksouth"},
		}, s.Accounts)
		var lines []string
		for _, x := range s.Sessions {
			lines = append(
				lines,
				fmt.Sprintf(
					"%s %s %s %s",
					x.Account[30:],
					x.Region,
					x.Session.ID,
					x.Session.Status,
				)+
					after(
						begin,
						"since",
						x.Since,
					)+after(
					begin,
					"ready",
					x.ReadyAt,
				)+after(
					begin,
					"lease",
					x.LeaseEnd,
				)+after(
					begin,
					"end",
					x.EndedAt,
				),
			)
		}
		assert.Equal(t, []string{
			"556666 eastus stopped Stopped since 30s lease 6m0s end 30s",
			"556666 westeurope z Ready since 1m0s ready 1m0s lease 6m0s",
			"556666 westeurope failed Error since 1m0s end 1m0s",
			"556666 westeurope a Starting since 2m0s lease 8m0s",
			"00000a eastus b Hibernating since 2m0s ready 1m0s lease 6m0s",
		}, lines)
	})
}

func after(begin time.Time, what string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf(" %s %v", what, t.Sub(begin))
}

func TestRecentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(
			Options{
				Regions:     []azremoterendering.Region{},
				StartupTime: func(sessionSize) time.Duration { time.Sleep(time.Second); return 0 },
			},
		)
		require.NoError(t, err)
		assert.Empty(t, e.requests.recent())
		path := "https://host/accounts/" + DefaultAccountID + "/sessions/"
		begin := time.Now()
		r := ask(
			t,
			e,
			"PUT",
			path+"a?api-version=2021-01-01",
			`{"maxLeaseTimeMinutes":5,"size":"Standard"}`,
		)
		ask(t, e, "GET", path+"secret!?api-version=2021-01-01", "")
		ask(t, e, strings.Repeat("X", 100), "https://remoterendering.uksouth.example/secret", "")
		ask(t, e, "GET", "https://host/accounts/secret/sessions", "")
		recent := e.requests.recent()
		require.Len(t, recent, 4)
		assert.Equal(t, page.Request{
			Time:              begin,
			Operation:         "CreateSession",
			Method:            "PUT",
			Account:           DefaultAccountID,
			Region:            "westeurope",
			Session:           "a",
			Status:            201,
			CorrelationVector: r.Header().Get("MS-CV"),
			Duration:          time.Second,
		}, recent[0])
		assert.NotContains(t, fmt.Sprint(recent), "secret")
		assert.Equal(
			t,
			[]int{201, 400, 404, 401},
			[]int{recent[0].Status, recent[1].Status, recent[2].Status, recent[3].Status},
		)
		assert.Equal(t, strings.Repeat("X", 16), recent[2].Method)
		assert.Empty(t, recent[2].Region, "it is not served")

		for i := range 299 {
			ask(t, e, "GET", path+fmt.Sprint(i), "")
		}
		recent = e.requests.recent()
		require.Len(t, recent, 200)
		for i, r := range recent {
			assert.Equal(t, fmt.Sprint(99+i), r.Session, "the last ones, oldest first")
		}
	})
}

// The order of ends must hold though they change, and though some are not known.
func TestNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Options{
			Retention: time.Minute,
			Capacity:  FixedCapacity(10),
			Backend:   syntheticBackend{RangeStartup(0, time.Hour), serviceDomain},
		})
		require.NoError(t, err)
		f, h := e.fleet, home{e.accounts[0], "westeurope"}
		for i := range 300 {
			id := fmt.Sprint(i)
			_, _, refused := f.create(
				h,
				id,
				"Standard",
				time.Duration(1+i%7)*time.Minute,
				e.backend.Start,
			)
			require.Nil(t, refused)
			if i%3 == 0 {
				_, _ = f.update(h, id, 20*time.Minute)
			}
			if i%5 == 0 {
				_ = e.SetStatus(id, azremoterendering.SessionStatusReady)
			}
			if i%11 == 0 {
				f.stop(h, id)
			}
			assert.LessOrEqual(t, f.running[pool{"westeurope", "Standard"}], 10)
			time.Sleep(time.Minute)
		}
		time.Sleep(2 * time.Hour)
		assert.Empty(t, e.state().Sessions)
		assert.Empty(t, f.living.records)
		assert.Empty(t, f.retained.records)
		assert.Empty(t, f.unsettled)
		assert.Empty(t, f.shelves[h].sessions)
		assert.Zero(t, f.running[pool{"westeurope", "Standard"}])
		_, _, _ = f.page(h, 0)
		assert.Less(t, len(f.shelves[h].listed), 100)
	})
}

// Whoever creates a session may choose another server than that of the backend.
func TestSessionServerCanBeReplaced(t *testing.T) {
	e, err := New(Options{})
	require.NoError(t, err)
	h := home{e.accounts[0], "westeurope"}
	_, _, refused := e.fleet.create(
		h,
		"a",
		"Standard",
		time.Minute,
		func(ServerSpec) BackendServer {
			return doomedServer(time.Time{}, "Doomed", "It had to be.")
		},
	)
	require.Nil(t, refused)
	s, refused := e.fleet.get(h, "a")
	require.Nil(t, refused)
	assert.Equal(t, "Doomed", s.Error.Code)
}
