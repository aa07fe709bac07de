// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"strconv"

	"github.com/arr-go/azremoterendering/service"
)

// The paths that tell whether the emulator is alive and whether it is ready. They tell nothing
// else, so they are answered for every host, no matter who asks: probes of containers use addresses
// that the emulator does not know.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

func forHealth(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == healthPath || path == readyPath
}

// showHealth answers 200 as long as the process can answer, and for readiness 503 once the emulator
// is closed.
func (e *Emulator) showHealth(r *http.Request) service.Answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return e.service.Refuse(service.MethodNotAllowed(http.MethodGet, http.MethodHead))
	}
	status, body := http.StatusOK, "ok\n"
	if r.URL.Path == readyPath && e.isClosed() {
		status, body = http.StatusServiceUnavailable, "closed\n"
	}
	a := service.EmptyAnswer(status)
	a.Header.Set("Content-Length", strconv.Itoa(len(body)))
	a.Header.Set("Content-Type", "text/plain; charset=utf-8")
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Cross-Origin-Resource-Policy", "same-origin")
	a.Header.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodGet {
		a.Body = []byte(body)
	}
	return a
}

// isClosed reports whether [Emulator.Close] was called.
func (e *Emulator) isClosed() bool {
	select {
	case <-e.closing:
		return true
	default:
		return false
	}
}
