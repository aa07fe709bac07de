// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

const (
	// exchangeTimeout is the client's limit for a token exchange, which a request of a device may
	// have to wait for.
	exchangeTimeout = 30 * time.Second
	// timeToConnect is the least time for which an access token is valid when a device gets it.
	timeToConnect = 5 * time.Minute
	// maxBody limits request bodies. No handler reads one yet.
	maxBody = 4 << 10
)

// service handles the requests of devices.
type service struct {
	pool     *lease.Pool
	client   *arr.SessionsClient
	account  arr.Account
	devices  backend.Devices
	settings settings
	log      *slog.Logger
	holders  holders
	metrics  *metrics
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sessions", s.forDevices(s.open))
	mux.HandleFunc("PUT /sessions/{id}/heartbeat", s.forDevices(s.heartbeat))
	mux.HandleFunc("DELETE /sessions/{id}", s.forDevices(s.giveBack))
	mux.HandleFunc("GET /stats", s.forDevices(s.stats))
	mux.HandleFunc("GET /metrics", s.forDevices(s.metricsOf))
	return http.MaxBytesHandler(mux, maxBody)
}

// forDevices refuses requests that are not from a known device.
func (s *service) forDevices(
	next func(w http.ResponseWriter, r *http.Request, device string),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		device, ok := s.devices.Authenticate(r)
		if !ok {
			// A missing, a malformed and an unknown secret get the same answer, which helps nobody
			// to guess.
			s.log.Warn("refused a device", "remote", r.RemoteAddr)
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, http.StatusUnauthorized, "unauthorized")
			return
		}
		next(w, r, device)
	}
}

// open hands out a session to a device, with what it needs to open it.
func (s *service) open(w http.ResponseWriter, r *http.Request, device string) {
	waiting, cancel := context.WithTimeout(r.Context(), s.settings.wait)
	defer cancel()
	l, err := s.pool.Acquire(waiting)
	if err != nil {
		s.unavailable(w, r, device, err)
		return
	}
	what, err := s.access(r.Context(), l, device)
	if err != nil {
		// The device does not know the session, so another may get it.
		s.unavailable(w, r, device, errors.Join(err, s.pool.Return(l)))
		return
	}
	s.log.Info("session handed out", "device", device, "session", what.SessionID)
	// If this response is lost, no heartbeat follows, and the pool stops the session.
	w.Header().Set("Location", "/sessions/"+what.SessionID)
	writeJSON(w, http.StatusCreated, what)
}

// access returns what the device needs, unless it has closed the connection.
func (s *service) access(ctx context.Context, l *lease.Lease, device string) (access, error) {
	if !s.holders.claim(l, device) {
		return access{}, errors.New("a former holder of the session has claimed it at the same moment")
	}
	token, err := l.Client().AccessToken(ctx, &arr.AccessTokenOptions{ValidFor: timeToConnect})
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return access{}, err
	}
	return access{
		SessionID:             l.Session().ID,
		AccountID:             s.account.ID,
		AccountDomain:         s.account.Domain,
		RenderingDomain:       l.Client().RenderingDomain(),
		AccessToken:           token.Token,
		ExpiresInSeconds:      int64(time.Until(token.ExpiresOn).Seconds()),
		HeartbeatEverySeconds: (s.settings.idle / 3).Seconds(), // two may be lost
	}, nil
}

// heartbeat extends the idle time of a session for the device that holds it.
func (s *service) heartbeat(w http.ResponseWriter, r *http.Request, device string) {
	l := s.held(w, r, device)
	if l == nil {
		return
	}
	if !l.Touch() { // a moment too late
		s.notHeld(w, r, device)
		return
	}
	atLeast, atMost := l.Remaining()
	writeJSON(
		w,
		http.StatusOK,
		remaining{AtLeastSeconds: int64(atLeast.Seconds()), AtMostSeconds: int64(atMost.Seconds())},
	)
}

// giveBack takes back the session of a device that has disconnected.
func (s *service) giveBack(w http.ResponseWriter, r *http.Request, device string) {
	l := s.held(w, r, device)
	if l == nil {
		return
	}
	if err := s.pool.Return(l); err != nil { // the lease has just ended
		s.notHeld(w, r, device)
		return
	}
	s.log.Info("session returned", "device", device, "session", r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

// held returns the lease on the session that the request names, if the device holds it. Otherwise
// it writes the response and returns nil.
func (s *service) held(w http.ResponseWriter, r *http.Request, device string) *lease.Lease {
	// After a restart, Claim waits until the pool has found its sessions again.
	waiting, cancel := context.WithTimeout(r.Context(), s.settings.wait)
	defer cancel()
	l, err := s.pool.Claim(waiting, r.PathValue("id"))
	switch {
	case errors.Is(err, arr.ErrNotFound), err == nil && !s.holders.claim(l, device):
		s.notHeld(w, r, device)
		return nil
	case err != nil:
		s.unavailable(w, r, device, err)
		return nil
	}
	return l
}

// stats returns the numbers of the pool. Errors of the client contain no secrets.
func (s *service) stats(w http.ResponseWriter, _ *http.Request, _ string) {
	writeJSON(w, http.StatusOK, s.pool.Stats())
}
