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
)

// defaultRetryAfter is when a device that got no session is to retry, unless the rendering service
// says when.
const defaultRetryAfter = 10 * time.Second

// access is what the runtime on a device needs to open its session.
//
// AccessToken gives access to the whole account, not only to this session: its holder can create,
// list and stop every session for up to 24 hours, and it cannot be revoked. A device keeps it in
// memory and sends it to the rendering service only.
type access struct {
	SessionID       string `json:"sessionId"`
	AccountID       string `json:"accountId"`
	AccountDomain   string `json:"accountDomain"`
	RenderingDomain string `json:"renderingDomain"`
	AccessToken     string `json:"accessToken"`
	// ExpiresInSeconds is a duration and not a time, because clocks of devices are often wrong.
	ExpiresInSeconds int64 `json:"expiresInSeconds"`
	// HeartbeatEverySeconds is the time between two heartbeats, to keep the session.
	HeartbeatEverySeconds float64 `json:"heartbeatEverySeconds"`
}

// remaining is the time left of the lease. The lease is extended, up to a day, while the device
// sends heartbeats.
type remaining struct {
	AtLeastSeconds int64 `json:"atLeastSeconds"`
	AtMostSeconds  int64 `json:"atMostSeconds"`
}

// unavailable tells the device when to retry. The reason goes to the log only.
func (s *service) unavailable(w http.ResponseWriter, r *http.Request, device string, err error) {
	if r.Context().Err() != nil {
		s.log.Info("device closed the connection", "device", device)
		return
	}
	s.log.Warn("no session for a device",
		"device", device, "request", r.Method+" "+r.URL.Path, "error", err)
	retryAfter := cmp.Or(arr.RetryAfter(err), defaultRetryAfter)
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(retryAfter.Seconds())))))
	writeError(w, http.StatusServiceUnavailable, "no session is free; retry later")
}

// notHeld is the response for sessions that are unknown, that have ended, or that another device
// holds. A device must not learn which.
func (s *service) notHeld(w http.ResponseWriter, r *http.Request, device string) {
	s.log.Info("device named a session that it does not hold",
		"device", device, "session", r.PathValue("id"))
	writeError(w, http.StatusNotFound,
		"you do not hold this session; get another with POST /sessions")
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // keep tokens off disks
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only if the device has closed the connection
}
