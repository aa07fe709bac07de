// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	arr "github.com/arr-go/azremoterendering"
)

// sessionPath is where a device gets access to the session.
const sessionPath = "/devices/session"

// exchangeTimeout is how long the client lets an exchange of tokens take. A device may have to wait
// for one.
const exchangeTimeout = 30 * time.Second

// defaultRetryAfter is when a device is to come back that got no token, unless the token service
// said when.
const defaultRetryAfter = 10 * time.Second

// sessionAccess is the answer to POST /devices/session: what the runtime on a device needs to open
// the session.
//
// AccessToken opens the whole account, not only this session: anyone who holds it can create, list
// and stop every session, for up to 24 hours, and it cannot be revoked. A device keeps it in
// memory, and sends it to the rendering service alone. When it is about to expire, the device asks
// again.
type sessionAccess struct {
	SessionID       string `json:"sessionId"`
	AccountID       string `json:"accountId"`
	AccountDomain   string `json:"accountDomain"`
	RenderingDomain string `json:"renderingDomain"`
	AccessToken     string `json:"accessToken"`
	// ExpiresInSeconds is a duration rather than a time, for clocks of devices are often wrong.
	ExpiresInSeconds int64 `json:"expiresInSeconds"`
}

// broker answers devices.
type broker struct {
	session sessionAccess // without the token
	devices backend.Devices
	client  *arr.SessionsClient
	log     *slog.Logger
}

func (b *broker) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+sessionPath, b.serveSession)
	return mux
}

func (b *broker) serveSession(w http.ResponseWriter, r *http.Request) {
	device, ok := b.devices.Authenticate(r)
	if !ok {
		// A missing, a malformed and an unknown secret get the same answer, which helps nobody to
		// guess.
		b.log.Warn("refused a device", "remote", r.RemoteAddr)
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeError(w, http.StatusUnauthorized, "unauthorized")
		return
	}
	token, err := b.client.AccessToken(r.Context(), nil) // one exchange for all devices
	if r.Context().Err() != nil {
		b.log.Info("a device hung up", "device", device)
		return
	}
	if err != nil {
		b.serveUnavailable(w, device, err)
		return
	}
	access := b.session
	access.AccessToken = token.Token
	access.ExpiresInSeconds = int64(time.Until(token.ExpiresOn).Seconds())
	b.log.Info("gave a device access", "device", device, "session", access.SessionID)
	writeJSON(w, http.StatusOK, access)
}

// serveUnavailable tells the device when to come back, and nothing of the reason: that is for the
// log.
func (b *broker) serveUnavailable(w http.ResponseWriter, device string, err error) {
	retryAfter := defaultRetryAfter
	if refused, ok := errors.AsType[*arr.AuthenticationError](err); ok && refused.RetryAfter > 0 {
		retryAfter = refused.RetryAfter
	}
	b.log.Error("had no access token for a device", "device", device, "error", err)
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(retryAfter.Seconds())))))
	writeError(w, http.StatusServiceUnavailable, "no access token at present; try again later")
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
