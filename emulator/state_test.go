// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

func TestStateOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const other = "00000000-0000-0000-0000-00000000000a"
		e := newEmulator(t, Options{
			StartupTime: FixedStartup(time.Minute),
			Capacity: func(_ azremoterendering.Region, size azremoterendering.SessionSize) int {
				return map[azremoterendering.SessionSize]int{"Standard": -1}[size]
			},
			Accounts: []AccountOptions{{}, {ID: other, Region: "uksouth"}},
		})
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
		create(DevelopmentAccountID, "westeurope", "z", "Standard")
		create(DevelopmentAccountID, "westeurope", "failed", "Premium")
		create(DevelopmentAccountID, "eastus", "stopped", "Standard")
		time.Sleep(30 * time.Second)
		require.NoError(t, e.SetStatus("stopped", azremoterendering.SessionStatusStopped))
		time.Sleep(90 * time.Second)
		create(DevelopmentAccountID, "westeurope", "a", "Standard")
		require.NoError(t, e.SetStatus("b", "Hibernating"))
		time.Sleep(30 * time.Second)
		require.NoError(t, e.SetStatus("b", "Hibernating"))

		s := e.state()
		assert.Equal(t, time.Now(), s.Time)
		assert.Equal(t, []page.Account{
			{
				ID:     DevelopmentAccountID,
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
		e := newEmulator(t, Options{
			Regions:     []azremoterendering.Region{},
			StartupTime: func(azremoterendering.SessionSize) time.Duration { time.Sleep(time.Second); return 0 },
		})
		assert.Empty(t, e.requests.shown())
		path := "https://host/accounts/" + DevelopmentAccountID + "/sessions/"
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
		recent := e.requests.shown()
		require.Len(t, recent, 4)
		assert.Equal(t, page.Request{
			Sequence:          1,
			Time:              begin,
			Operation:         "CreateSession",
			Method:            "PUT",
			Account:           DevelopmentAccountID,
			Region:            "westeurope",
			Session:           "a",
			Status:            201,
			CorrelationVector: r.Header().Get("MS-CV"),
			Duration:          time.Second,
		}, pageRequest(recent[0]))
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
		recent = e.requests.shown()
		require.Len(t, recent, 200)
		for i, r := range recent {
			assert.Equal(t, fmt.Sprint(99+i), r.SessionID, "the last ones, oldest first")
		}
	})
}
