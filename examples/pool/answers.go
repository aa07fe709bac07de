// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// defaultRetryAfter is when a device is to come back that got no session, unless the rendering
// service said when.
const defaultRetryAfter = 10 * time.Second

// access is what the runtime on a device needs to open its session.
//
// AccessToken opens the whole account, not only this session: whoever holds it can create, list and
// stop every session, for up to 24 hours, and nothing takes it back. A device keeps it in memory,
// and sends it to the rendering service alone.
type access struct {
	SessionID       string `json:"sessionId"`
	AccountID       string `json:"accountId"`
	AccountDomain   string `json:"accountDomain"`
	RenderingDomain string `json:"renderingDomain"`
	AccessToken     string `json:"accessToken"`
	// ExpiresInSeconds is a duration rather than a time, for clocks of devices are often wrong.
	ExpiresInSeconds int64 `json:"expiresInSeconds"`
	// HeartbeatEverySeconds is how often the device is to send a sign of life, to keep its session.
	HeartbeatEverySeconds float64 `json:"heartbeatEverySeconds"`
}

// remaining is what is left of the lease now. It is extended for as long as the device shows signs
// of life, up to a day.
type remaining struct {
	AtLeastSeconds int64 `json:"atLeastSeconds"`
	AtMostSeconds  int64 `json:"atMostSeconds"`
}

// stats are lease.PoolStats in JSON.
type stats struct {
	Starting         int     `json:"starting"`
	Idle             int     `json:"idle"`
	HandedOut        int     `json:"handedOut"`
	Unclaimed        int     `json:"unclaimed"`
	Stopping         int     `json:"stopping"`
	Waiting          int     `json:"waiting"`
	Created          int     `json:"created"`
	SpentMinutes     float64 `json:"spentMinutes"`
	CommittedMinutes float64 `json:"committedMinutes"`
	LastError        string  `json:"lastError,omitempty"`
}

func newStats(p lease.PoolStats) stats {
	s := stats{
		Starting:         p.Starting,
		Idle:             p.Idle,
		HandedOut:        p.HandedOut,
		Unclaimed:        p.Unclaimed,
		Stopping:         p.Stopping,
		Waiting:          p.Waiting,
		Created:          p.Created,
		SpentMinutes:     p.Spent.Minutes(),
		CommittedMinutes: p.Committed.Minutes(),
	}
	if p.LastError != nil {
		s.LastError = p.LastError.Error() // it holds no secret, as all errors of the client
	}
	return s
}

// unavailable tells the device when to come back, and nothing of the reason: that is for the log.
func (s *service) unavailable(w http.ResponseWriter, r *http.Request, device string, err error) {
	if r.Context().Err() != nil {
		s.log.Info("a device hung up", "device", device)
		return
	}
	s.log.Warn(
		"had nothing for a device",
		"device",
		device,
		"request",
		r.Method+" "+r.URL.Path,
		"error",
		err,
	)
	retryAfter := cmp.Or(arr.RetryAfter(err), defaultRetryAfter)
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(retryAfter.Seconds())))))
	writeError(w, http.StatusServiceUnavailable, "no session at present; try again later")
}

// notHeld is the answer for sessions that are unknown, that have ended, and that are another
// device's: a device may not tell which.
func (s *service) notHeld(w http.ResponseWriter, r *http.Request, device string) {
	s.log.Info(
		"a device named a session that it does not hold",
		"device",
		device,
		"session",
		r.PathValue("id"),
	)
	writeError(
		w,
		http.StatusNotFound,
		"you do not hold this session; POST /sessions gives you another",
	)
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // no proxy and no device writes a token to a disk
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // it fails only if the device has hung up
}
