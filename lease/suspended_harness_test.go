// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// world has three clocks: that of the service, the wall clock of the machine, and the monotonic
// clock, which is that of the bubble and stands still while the machine is suspended. It is also
// the service, as a transport.
type world struct {
	*testing.T
	client *arr.SessionsClient

	mu        sync.Mutex
	suspended time.Duration // so far
	set       time.Duration // by how much somebody has set the wall clock forward
	away      bool          // the service cannot be reached
	sessions  map[string]*worldSession
	requests  []string // "GET demo", "LIST", with the time since begun
	begun     time.Time

	nap func(method string) // if not nil, called before and after each request is answered
}

type worldSession struct {
	ready, stopped time.Time // by the clock of the service
	total          time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, sessions: make(map[string]*worldSession), begun: time.Now()}
	token, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(t, err)
	options := &arr.SessionsClientOptions{}
	options.Transport = w
	options.Retry.MaxRetries = -1
	w.client, err = arr.NewSessionsClientWithAccessToken(
		arr.RegionWestEurope.Endpoint(), testkit.AccountID, token, options)
	require.NoError(t, err)
	return w
}

// clock is that of the machine.
func (w *world) clock() wait.Clock {
	return wait.Clock{Wall: func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return time.Now().Add(w.suspended + w.set)
	}}
}

// suspend suspends the machine, and setClock sets its wall clock forward, or back.
func (w *world) suspend(d time.Duration) { w.change(func() { w.suspended += d }) }

func (w *world) setClock(d time.Duration) { w.change(func() { w.set += d }) }

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// create creates a session that is Ready since now.
func (w *world) create(id string, total time.Duration) {
	w.change(func() { w.sessions[id] = &worldSession{ready: w.now(), total: total} })
}

// now is the time of the service.
func (w *world) now() time.Time { return time.Now().Add(w.suspended) }

// left returns how much is left of the lease of a session; 0 if it has ended.
func (w *world) left(id string) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil || !s.stopped.IsZero() {
		return 0
	}
	return max(0, s.ready.Add(s.total).Sub(w.now()))
}

// count returns the number of requests of a kind: "GET", "PATCH", "LIST".
func (w *world) count(kind string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range w.requests {
		if strings.HasPrefix(name, kind) {
			n++
		}
	}
	return n
}

// Do answers a request as the service would.
func (w *world) Do(req *http.Request) (*http.Response, error) {
	if w.nap != nil {
		w.nap(req.Method)
		defer w.nap(req.Method)
	}
	return w.answer(req)
}

func (w *world) answer(req *http.Request) (*http.Response, error) {
	var body struct{ MaxLeaseTimeMinutes int }
	data := ""
	if req.Body != nil {
		read, _ := io.ReadAll(req.Body)
		data = string(read)
	}
	_, _ = fmt.Sscanf(data, `{"maxLeaseTimeMinutes":%d`, &body.MaxLeaseTimeMinutes)
	total := time.Duration(body.MaxLeaseTimeMinutes) * time.Minute
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return nil, testkit.ErrLost
	}
	id := path.Base(req.URL.Path)
	if id == "sessions" {
		w.requests = append(w.requests, "LIST")
		var listed []string
		for id, s := range w.sessions {
			if text, ended := w.show(id, s); !ended {
				listed = append(listed, text)
			}
		}
		return testkit.Answer(req, 200, `{"sessions":[`+strings.Join(listed, ",")+`]}`), nil
	}
	id, stop := strings.CutSuffix(id, ":stop")
	w.requests = append(w.requests, req.Method+" "+id)
	s := w.sessions[id]
	if req.Method == http.MethodPut {
		s = &worldSession{ready: w.now(), total: total}
		w.sessions[id] = s
		text, _ := w.show(id, s)
		return testkit.Answer(req, 201, text), nil
	}
	if s == nil {
		return testkit.Answer(req, 404, ""), nil
	}
	text, ended := w.show(id, s)
	switch {
	case stop:
		if !ended {
			s.stopped = w.now()
		}
		return testkit.Answer(req, 204, ""), nil
	case req.Method == http.MethodPatch && ended:
		return testkit.Answer(req, 422, ""), nil
	case req.Method == http.MethodPatch:
		s.total = max(s.total, total)
		text, _ = w.show(id, s)
	}
	return testkit.Answer(req, 200, text), nil
}

// show returns a session as the service writes it, and whether it has ended.
func (w *world) show(id string, s *worldSession) (text string, ended bool) {
	elapsed, status := w.now().Sub(s.ready), arr.SessionStatusReady
	switch {
	case !s.stopped.IsZero():
		elapsed, status = s.stopped.Sub(s.ready), arr.SessionStatusStopped
	case elapsed >= s.total:
		elapsed, status = s.total, arr.SessionStatusExpired
	}
	return fmt.Sprintf(`{"id":%q,"status":%q,"size":"Standard","elapsedTimeMinutes":%d,`+
		`"maxLeaseTimeMinutes":%d}`,
		id, status, int(elapsed.Minutes()), int(s.total.Minutes())), status.Ended()
}
