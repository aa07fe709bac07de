// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const secondAccount = "11111111-2222-3333-4444-555566667777"

// affected sends one request of each operation, by account and session, and returns those that got
// status 599.
func affected(s *service) string {
	s.t.Helper()
	var all []string
	note := func(name string, r reply) {
		if r.status == 599 {
			all = append(all, name)
		}
	}
	for _, account := range []string{s.Emulator.Account().ID, secondAccount} {
		view := *s
		view.other = account
		first := account[:1]
		note(first+"token", view.call(http.MethodGet, view.sts(), ""))
		note(first+"list", view.call(http.MethodGet, view.list()+apiVersion, ""))
		for _, id := range []string{"a", "a-1-b"} {
			note(first+"create "+id, view.put(id, standard5))
			note(first+"get "+id, view.get(id))
			note(first+"update "+id, view.patch(id, standard5))
			note(first+"stop "+id, view.stop(id))
		}
	}
	return strings.Join(all, ", ")
}

func TestMatching(t *testing.T) {
	for fault, want := range map[string]string{
		"operation=get":                         "0get a, 0get a-1-b, 1get a, 1get a-1-b",
		"operation=GetSession":                  "0get a, 0get a-1-b, 1get a, 1get a-1-b",
		"operation=getsession":                  "0get a, 0get a-1-b, 1get a, 1get a-1-b",
		"operation=token":                       "0token, 1token",
		"operation=list":                        "0list, 1list",
		"operation=create skip=1":               "0create a-1-b, 1create a, 1create a-1-b",
		"operation=stop count=1":                "0stop a",
		"session=a account-id=" + secondAccount: "1create a, 1get a, 1update a, 1stop a",
		"session=a*b operation=update":          "0update a-1-b, 1update a-1-b",
		"session=*1* operation=update count=1":  "0update a-1-b",
		"skip=2 count=2":                        "0create a, 0get a",
		"skip=1000":                             "",
	} {
		s := start(
			t,
			emulator.Options{Accounts: []emulator.AccountOptions{{}, {ID: secondAccount}}},
		)
		f, err := emulator.ParseFault(fault + " status=599")
		require.NoError(t, err)
		s.inject(f)
		assert.Equal(t, want, affected(s), fault)
	}
}

func TestProbabilityIsRepeatable(t *testing.T) {
	draw := func(seed uint64, noise bool) (draws string) {
		s := start(t, emulator.Options{Seed: seed, Faults: []emulator.Fault{
			{Operation: "get", Probability: 0.5, Status: 599},
			{Operation: "get", Probability: 0.5, Delay: 1},
		}})
		for range 200 {
			draws += fmt.Sprint(s.get("a").status == 599)[:1]
			if noise {
				s.put("a", standard5)
			}
		}
		states := s.Faults()
		assert.Equal(t, 200, states[0].Matched)
		assert.InDelta(t, 100, states[0].Affected, 50)
		assert.Equal(
			t,
			200-states[0].Affected,
			states[1].Matched,
			"it is asked only if the first does not answer",
		)
		return draws
	}
	one := draw(1, false)
	assert.Equal(t, one, draw(1, true), "other requests change nothing")
	assert.NotEqual(t, one, draw(2, false))
	assert.NotEqual(t, draw(0, false), draw(0, false), "without a seed they differ")
}

func TestCountIsExactUnderConcurrency(t *testing.T) {
	s := start(t, emulator.Options{})
	s.inject(emulator.Fault{Status: 599, Skip: 10, Count: 20})
	var group sync.WaitGroup
	var mu sync.Mutex
	seen := 0
	for range 100 {
		group.Go(func() {
			if s.get("a").status == 599 {
				mu.Lock()
				defer mu.Unlock()
				seen++
			}
		})
	}
	group.Wait()
	assert.Equal(t, 20, seen)
	state := s.Faults()[0]
	assert.Equal(t, []int{100, 20}, []int{state.Matched, state.Affected})
}

// Faults in force add up, until one answers.
func TestComposition(t *testing.T) {
	s := start(t, emulator.Options{})
	removeFirst := s.inject(emulator.Fault{Operation: "get", Status: 503, Count: 2})
	s.inject(
		emulator.Fault{Operation: "get", Body: emulator.BodyEmpty, ShowStatus: "Melting", Count: 3},
	)
	s.inject(emulator.Fault{Operation: "get", Body: emulator.BodyInvalid})
	s.inject(emulator.Fault{Operation: "get", Status: 418, Skip: 1})
	s.create("a", standard5)
	var seen []string
	for range 5 {
		r := s.get("a")
		seen = append(seen, fmt.Sprint(r.status, " ", min(len(r.body), 1)))
	}
	assert.Equal(t, []string{"503 1", "503 1", "200 0", "418 0", "418 0"}, seen)
	var counts []string
	for _, f := range s.Faults() {
		counts = append(counts, fmt.Sprint(f.ID, f.Matched, f.Affected))
	}
	assert.Equal(t, []string{"1 5 2", "2 3 3", "3 3 3", "4 3 2"}, counts)

	removeFirst()
	removeFirst()
	require.Len(t, s.Faults(), 3)
	assert.Equal(t, 2, s.Faults()[0].ID)
	s.ClearFaults()
	assert.Empty(t, s.Faults())
	assert.Equal(t, http.StatusOK, s.get("a").status)
	s.inject(emulator.Fault{Delay: 1})
	assert.Equal(t, 5, s.Faults()[0].ID, "ids are not given again")
}

func TestFaultStateHasDefaults(t *testing.T) {
	s := start(t, emulator.Options{})
	s.inject(
		emulator.Fault{Operation: "create", Body: emulator.BodySlow, Start: emulator.StartDies},
	)
	assert.Equal(t, emulator.FaultState{ID: 1, Fault: emulator.Fault{
		Name:      "body=slow slow-for=5s start=dies die-after=1m",
		Operation: "CreateSession",
		Body:      emulator.BodySlow,
		SlowFor:   5 * time.Second,
		Start:     emulator.StartDies,
		DieAfter:  time.Minute,
	}}, s.Faults()[0])
}

func TestInjectRefuses(t *testing.T) {
	type f = emulator.Fault
	s := start(t, emulator.Options{})
	for _, test := range []struct {
		fault f
		want  string
	}{
		{f{}, "Fault has no effect; set Delay"},
		{f{Operation: "get"}, "Fault has no effect; set Delay"},
		{f{Operation: "destroy", Delay: 1}, `Fault.Operation "destroy" is unknown; give create`},
		{f{Name: "a\nb", Delay: 1}, "Fault.Name"},
		{f{Name: strings.Repeat("x", 129), Delay: 1}, "Fault.Name"},
		{f{AccountID: "x", Delay: 1}, "Fault.AccountID"},
		{f{AccountID: secondAccount, Delay: 1}, "not one of the emulator's accounts"},
		{f{Session: "a b", Delay: 1}, "Fault.Session"},
		{f{Session: "a", Operation: "list", Delay: 1}, "Fault.Session has no effect on ListSessions"},
		{f{Skip: -1, Delay: 1}, "Fault.Skip"},
		{f{Count: -1, Delay: 1}, "Fault.Count"},
		{f{Probability: 1.1, Delay: 1}, "Fault.Probability"},
		{f{Probability: -0.1, Delay: 1}, "Fault.Probability"},
		{f{Delay: 1, For: -1}, "Fault.For"},
		{f{Delay: 1, For: 25 * time.Hour}, "at most 24h"},
		{f{For: time.Hour}, "Fault has no effect; set Delay"},
		{f{Delay: -1}, "Fault.Delay"},
		{f{Delay: 25 * time.Hour}, "at most 24h"},
		{f{Status: 100}, "Fault.Status 100 is out of range; give 200 to 599"},
		{f{Status: 600}, "Fault.Status"},
		{f{AfterEffect: true}, "Fault.AfterEffect has no effect without Status"},
		{f{RetryAfter: time.Second}, "Fault.RetryAfter has no effect without Status"},
		{f{Status: 503, RetryAfter: time.Millisecond}, "whole seconds"},
		{f{Status: 503, Challenge: "none"}, "Fault.Challenge has no effect without Status 401 or 400"},
		{f{Status: 401, Challenge: "a\r\nb"}, "printable ASCII"},
		{f{Drop: "later"}, `Fault.Drop "later" is unknown; give one of before, after`},
		{f{Drop: "before", Status: 500}, "exclude each other"},
		{f{Drop: "after", Body: "slow"}, "Fault.Drop leaves no answer"},
		{f{Drop: "before", Start: "dies"}, "Fault.Start has no effect if the request is not performed"},
		{f{Status: 500, Start: "dies"}, "Fault.Start has no effect if the request is not performed"},
		{f{Status: 500, ShowStatus: "x"}, "Fault.Status leaves no sessions"},
		{f{Body: "rude"}, "Fault.Body"},
		{f{SlowFor: 1, Delay: 1}, "Fault.SlowFor has no effect"},
		{f{ShowStatus: "é"}, "Fault.ShowStatus"},
		{f{NextLink: "none"}, "Fault.NextLink"},
		{f{NextLink: "loop", Operation: "get"}, "Fault.NextLink has no effect on GetSession"},
		{f{NextLink: "loop", Start: "dies"}, "Fault.NextLink has no effect on CreateSession"},
		{f{Start: "late"}, "Fault.Start"},
		{f{Start: "fails", DieAfter: 1}, "Fault.DieAfter has no effect"},
	} {
		_, err := s.Inject(test.fault)
		require.ErrorContains(t, err, test.want, test.fault)
		_, err = emulator.New(emulator.Options{Faults: []f{{Delay: 1}, test.fault}})
		require.ErrorContains(t, err, test.want)
		require.ErrorContains(t, err, "Options.Faults[1]")
	}
	assert.Empty(t, s.Faults())
	for range 1000 {
		s.inject(f{Delay: 1})
	}
	_, err := s.Inject(f{Delay: 1})
	require.ErrorContains(t, err, "1000 faults are in force")
}
