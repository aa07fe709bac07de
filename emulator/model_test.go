// SPDX-License-Identifier: MIT

package emulator_test

import (
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
)

// model is what the sessions of one account do, written a second time and as plainly as can be:
// every session is advanced at every step, and every question is answered by a look at all of them.
type model struct {
	now       time.Time
	decided   emulator.Decisions // with its defaults filled in
	retention time.Duration
	capacity  int // per region and size, negative for no limit
	regions   map[string][]*modelled
}

// modelled is one session, from its creation until its id is unknown again.
type modelled struct {
	id, size     string
	number       int // of the creation, over all regions
	created      time.Time
	ready        time.Time
	fails        time.Time // zero if it has a server
	lease, first int       // in minutes
	other        string    // a status that nobody knows, or empty

	ended   bool
	endedAs string
	end     time.Time
	code    string // of its error
}

func newModel(decided emulator.Decisions, retention time.Duration, capacity int) *model {
	if decided.MaxLease == 0 {
		decided.MaxLease = 1440 * time.Minute
	}
	for _, status := range []struct{ value, otherwise *int }{
		{
			&decided.MalformedUpdateStatus, ptr(400),
		}, {&decided.UpdateEndedStatus, ptr(422)}, {&decided.StopEndedStatus, ptr(204)},
	} {
		if *status.value == 0 {
			*status.value = *status.otherwise
		}
	}
	return &model{
		decided:   decided,
		retention: retention,
		capacity:  capacity,
		regions:   make(map[string][]*modelled),
	}
}

func ptr(i int) *int { return &i }

// advance lets time pass until now: leases run out, starts fail, and what ended long ago is
// forgotten.
func (m *model) advance(now time.Time) {
	m.now = now
	for region, sessions := range m.regions {
		for _, s := range sessions {
			over := s.ready.Add(minutes(s.lease))
			switch {
			case s.ended:
			case !s.fails.IsZero() && !now.Before(s.fails) && s.fails.Before(over):
				s.finish(s.fails, "Error", "CapacityExceeded")
			case !now.Before(over):
				s.finish(over, "Expired", "")
			}
		}
		m.regions[region] = slices.DeleteFunc(
			sessions,
			func(s *modelled) bool { return s.ended && !now.Before(s.end.Add(m.retention)) },
		)
	}
}

func (s *modelled) finish(at time.Time, as, code string) {
	s.ended, s.endedAs, s.end, s.code = true, as, at, code
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func (m *model) find(region, id string) *modelled {
	for _, s := range m.regions[region] {
		if s.id == id {
			return s
		}
	}
	return nil
}

// wasReady reports whether a session has been Ready in its life.
func (m *model) wasReady(s *modelled) bool {
	if s.ended {
		return !s.ready.After(s.end)
	}
	return !s.ready.After(m.now)
}

func (m *model) status(s *modelled) string {
	switch {
	case s.ended:
		return s.endedAs
	case s.other != "":
		return s.other
	case m.wasReady(s):
		return "Ready"
	}
	return "Starting"
}

func (m *model) elapsed(s *modelled) int {
	until := m.now
	if s.ended {
		until = s.end
	}
	if !m.wasReady(s) {
		return 0
	}
	return int(until.Sub(s.ready).Minutes())
}

// showsHost and showsPower say whether what shows a session shows where to connect, and the
// teraflops.
func (m *model) showsHost(s *modelled) bool { return m.status(s) == "Ready" && s.fails.IsZero() }

func (m *model) showsPower(s *modelled) bool {
	return s.fails.IsZero() && m.wasReady(s) &&
		slices.Contains([]string{"Ready", "Stopped", "Expired"}, m.status(s))
}

// create returns the status of the answer. Lease and size are as asked for; startup is how long it
// would be Starting.
func (m *model) create(region, id, size string, lease, number int, startup time.Duration) int {
	size = strings.ToUpper(size[:1]) + strings.ToLower(size[1:])
	if lease < 0 || lease == 0 && !m.decided.AcceptZeroLease ||
		minutes(lease) > m.decided.MaxLease ||
		size != "Standard" && size != "Premium" {
		return 400
	}
	if s := m.find(region, id); s != nil {
		asNow, asFirst := lease == s.lease, lease == s.first
		same := map[emulator.SameSettings]bool{
			emulator.CompareCurrentOrFirst: asNow ||
				asFirst, emulator.CompareCurrent: asNow, emulator.CompareFirst: asFirst,
		}[m.decided.SameSettings]
		if size != s.size || !same || s.ended && m.decided.RefuseEndedID {
			return 409
		}
		return 200
	}
	s := &modelled{
		id:      id,
		size:    size,
		number:  number,
		created: m.now,
		lease:   lease,
		first:   lease,
		ready:   m.now.Add(startup),
	}
	if m.capacity >= 0 {
		servers := 0
		for _, other := range m.regions[region] {
			if other.size == size && !other.ended && other.fails.IsZero() {
				servers++
			}
		}
		if servers >= m.capacity {
			s.fails, s.ready = s.ready, m.now.AddDate(500, 0, 0)
		}
	}
	m.regions[region] = append(m.regions[region], s)
	return 201
}

func (m *model) get(region, id string) int {
	if m.find(region, id) == nil {
		return 404
	}
	return 200
}

func (m *model) update(region, id string, lease int) int {
	s := m.find(region, id)
	switch {
	case s == nil:
		return 404
	case s.ended:
		return m.decided.UpdateEndedStatus
	case minutes(lease) > m.decided.MaxLease,
		minutes(lease) == m.decided.MaxLease && !m.decided.AcceptUpdateToMaxLease:
		return 422
	case lease > s.lease:
	case !m.decided.AcceptShorterLease,
		lease <= 0,
		m.wasReady(s) && !s.ready.Add(minutes(lease)).After(m.now):
		return 422
	}
	s.lease = lease
	return 200
}

func (m *model) stop(region, id string) int {
	s := m.find(region, id)
	switch {
	case s == nil:
		return 404
	case s.ended:
		return m.decided.StopEndedStatus
	}
	s.finish(m.now, "Stopped", "")
	return 204
}

// setStatus reports whether a session can be moved into a state. It is the one of the first region
// that has the id.
func (m *model) setStatus(regions []string, id, status string) bool {
	var s *modelled
	for _, region := range regions {
		if s == nil {
			s = m.find(region, id)
		}
	}
	if s == nil || s.ended || status == "" || status == "Starting" && m.wasReady(s) {
		return false
	}
	switch status {
	case "Ready":
		s.other = ""
		if !m.wasReady(s) {
			s.ready = m.now
		}
	case "Starting":
		s.other = ""
	case "Stopped", "Expired":
		s.finish(m.now, status, "")
	case "Error":
		s.finish(m.now, status, "InternalServerError")
	default:
		s.other = status
	}
	m.advance(m.now) // a lease of 0 ends when it begins
	return true
}

// list returns the page that follows the session with a number, and whether there is another.
func (m *model) list(region string, after int) (page []*modelled, more bool) {
	for _, s := range m.regions[region] {
		switch {
		case s.number <= after, s.ended && !m.decided.ListEnded:
		case len(page) == m.decided.PageSize:
			return page, true
		default:
			page = append(page, s)
		}
	}
	return page, false
}
