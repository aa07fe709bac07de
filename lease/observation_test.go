// SPDX-License-Identifier: MIT

package lease

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// at returns an observation that took from a to b after noon.
func at(a, b time.Duration, status arr.SessionStatus, elapsed, total int) observation {
	session := arr.Session{
		ID:           "demo",
		Status:       status,
		ElapsedTime:  time.Duration(elapsed) * time.Minute,
		MaxLeaseTime: time.Duration(total) * time.Minute,
	}
	return observation{session: session, sent: noon.Add(a), received: noon.Add(b)}
}

// Each answer narrows what is known of the time at which a session became Ready.
func TestBounds(t *testing.T) {
	const s, m = time.Second, time.Minute
	starting, ready, ended := arr.SessionStatusStarting, arr.SessionStatusReady, arr.SessionStatusStopped
	for name, test := range map[string]struct {
		observations    []observation
		now             time.Duration
		atLeast, atMost time.Duration
	}{
		"nothing seen":          {nil, 0, 0, 0},
		"starting, this moment": {[]observation{at(0, 0, starting, 0, 30)}, 0, 30 * m, 30 * m},
		"starting, a while ago": {[]observation{at(0, s, starting, 0, 30)}, 5 * m, 25 * m, 30 * m},
		"ready, joined late":    {[]observation{at(0, 2*s, ready, 5, 30)}, 2 * s, 24*m - 2*s, 25 * m},
		"ready, seen to become so": {
			[]observation{at(0, s, starting, 0, 30), at(10*s, 11*s, ready, 0, 30)}, 11 * s,
			30*m - 11*s, 30 * m,
		},
		"the minute turned in between": {
			[]observation{at(0, 0, ready, 4, 30), at(10*s, 10*s, ready, 5, 30)}, 10 * s,
			25*m - 10*s, 25 * m,
		},
		"extended": {
			[]observation{at(0, 0, ready, 5, 30), at(s, s, ready, 5, 50)}, s, 44 * m, 45*m - s,
		},
		"an older answer comes late": {
			[]observation{at(s, s, ready, 5, 50), at(0, 2*s, ready, 5, 30)}, 2 * s, 44*m - s,
			45*m - s,
		},
		"starting comes late": {
			[]observation{at(2*s, 3*s, ready, 0, 30), at(0, 4*s, starting, 0, 30)}, 4 * s,
			29*m - 2*s, 30*m - s,
		},
		"the clock stood still for an hour": {
			[]observation{at(0, 0, ready, 5, 90), at(s, s, ready, 65, 90)}, s, 24 * m, 25 * m,
		},
		"an unknown state":                 {[]observation{at(0, 0, "Paused", 5, 30)}, 0, 24 * m, 25 * m},
		"an unknown state without minutes": {[]observation{at(0, 0, "Paused", 0, 30)}, 0, 0, 0},
		"ended":                            {[]observation{at(0, 0, ready, 5, 30), at(s, s, ended, 5, 30)}, s, 0, 0},
		"run out":                          {[]observation{at(0, 0, ready, 5, 30)}, 26 * m, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var b bounds
			for _, s := range test.observations {
				b.learn(s)
			}
			atLeast, atMost := b.remaining(noon.Add(test.now))
			assert.Equal(t, test.atLeast, atLeast, "at least")
			assert.Equal(t, test.atMost, atMost, "at most")
		})
	}
}

// Whatever is seen of a session, and in whatever order, the truth lies between the bounds.
func TestBoundsHoldTheTruth(t *testing.T) {
	for range 2000 {
		ready := rand.N(10 * time.Minute)
		var b bounds
		for range 20 {
			sent := rand.N(30 * time.Minute)
			made := sent + rand.N(5*time.Second)
			received := made + rand.N(5*time.Second)
			if made < ready {
				b.learn(at(sent, received, arr.SessionStatusStarting, 0, 60))
			} else {
				b.learn(
					at(sent, received, arr.SessionStatusReady, int((made-ready)/time.Minute), 60),
				)
			}
			left := ready + time.Hour - 30*time.Minute
			atLeast, atMost := b.remaining(noon.Add(30 * time.Minute))
			assert.LessOrEqual(t, atLeast, left)
			if !b.latest.IsZero() {
				assert.LessOrEqual(t, left, atMost)
			}
		}
	}
}
