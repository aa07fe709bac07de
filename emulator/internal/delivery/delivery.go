// SPDX-License-Identifier: MIT

// Package delivery brings answers to clients: at once, slowly, in part, as a stream that does not
// end, or not at all, over connections and in memory.
package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/service"
)

// Delivery is an answer, and how it gets to the client. Without a status it does not: the
// connection breaks.
type Delivery struct {
	service.Answer
	Faults    []string      // names of the faults that affect the request
	Truncated bool          // whether the connection breaks after one half of the body
	SlowFor   time.Duration // how long the body takes
	Clock     *clock.Clock  // on which it takes that long
	Stream    io.ReadCloser // the body, if it does not end; nil otherwise
}

// streamTimeout is how long a reader may need to take what it is sent of a stream.
const streamTimeout = 10 * time.Second

// slowPieces is in how many pieces a slow body is sent.
const slowPieces = 10

// Write sends the answer. When the connection is to break it panics with [http.ErrAbortHandler], as
// net/http asks of handlers.
func (d Delivery) Write(w http.ResponseWriter, r *http.Request) {
	if d.Stream != nil {
		d.WriteHeader(w, r)
		writeStream(w, r, d.Stream)
		return
	}
	// An answer without a body is neither slow nor cut off: with some statuses HTTP/2 refuses even
	// an empty piece.
	if d.Status == 0 || len(d.Body) == 0 || !d.Truncated && d.SlowFor == 0 {
		d.Answer.Write(w, r)
		return
	}
	d.WriteHeader(w, r)
	d.writePieces(w, d.reader(r.Context()))
}

func (d Delivery) writePieces(w http.ResponseWriter, body io.Reader) {
	controller := http.NewResponseController(w)
	// The client sees status and headers at once. A writer that cannot flush sends all at the end.
	_ = controller.Flush()
	piece := make([]byte, len(d.Body)+1)
	for {
		n, err := body.Read(piece)
		if n > 0 {
			if _, failed := w.Write(piece[:n]); failed != nil {
				err = failed
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			panic(http.ErrAbortHandler)
		}
		_ = controller.Flush()
	}
}

// Extend gives a request that a fault delays that much more time on its connection, by a clock, if
// the server sets a limit.
func Extend(w http.ResponseWriter, r *http.Request, c *clock.Clock, by time.Duration) {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return
	}
	controller := http.NewResponseController(w)
	by, ends := c.SystemDuration(by)
	deadline := func(timeout time.Duration) time.Time {
		if !ends {
			return time.Time{} // none
		}
		return time.Now().Add(by + timeout)
	}
	if server.ReadTimeout > 0 {
		_ = controller.SetReadDeadline(deadline(server.ReadTimeout))
	}
	if server.WriteTimeout > 0 {
		_ = controller.SetWriteDeadline(deadline(server.WriteTimeout))
	}
}

// ExtendWait gives a GET, which may be a long poll, some time from now on its connection.
func ExtendWait(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	if r.Method != http.MethodGet || r.Context().Value(http.ServerContextKey) == nil {
		return
	}
	controller := http.NewResponseController(w)
	end := time.Now().Add(wait)
	_ = controller.SetReadDeadline(end)
	_ = controller.SetWriteDeadline(end)
}

// Response returns the answer as a client receives it, or the error that it gets.
func (d Delivery) Response(req *http.Request) (*http.Response, error) {
	if d.Status == 0 {
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
		reset := &net.OpError{
			Op:  "read",
			Net: "tcp",
			Err: os.NewSyscallError("read", syscall.ECONNRESET),
		}
		return nil, fmt.Errorf("emulator: faults %q broke the connection: %w", d.Faults, reset)
	}
	response := &http.Response{
		Status:        fmt.Sprintf("%d %s", d.Status, http.StatusText(d.Status)),
		StatusCode:    d.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        d.Header,
		Body:          d.reader(req.Context()),
		ContentLength: int64(len(d.Body)),
		Request:       req,
	}
	if d.Stream != nil {
		response.Body, response.ContentLength = d.Stream, -1
	}
	return response, nil
}

// reader returns the body as the client receives it.
func (d Delivery) reader(ctx context.Context) io.ReadCloser {
	if len(d.Body) == 0 || !d.Truncated && d.SlowFor == 0 {
		return io.NopCloser(bytes.NewReader(d.Body))
	}
	r := &bodyReader{ctx: ctx, clock: d.Clock, rest: d.Body, end: io.EOF, closed: make(chan struct{})}
	if d.SlowFor > 0 {
		pieces := min(len(d.Body), slowPieces)
		r.piece = (len(d.Body) + pieces - 1) / pieces
		r.pause = d.SlowFor / time.Duration((len(d.Body)+r.piece-1)/r.piece)
	}
	if d.Truncated {
		r.rest, r.end = d.Body[:len(d.Body)/2], io.ErrUnexpectedEOF
	}
	return r
}

// bodyReader reads a body that may arrive in pieces and may end early. It needs no goroutine.
type bodyReader struct {
	ctx    context.Context
	clock  *clock.Clock
	rest   []byte
	end    error         // what follows the rest
	piece  int           // bytes that arrive at once; 0: all
	pause  time.Duration // before each piece
	due    time.Time     // when the last piece was; zero before the first one
	left   int           // bytes left of the piece that has arrived
	once   sync.Once
	closed chan struct{}
}

// Read implements [io.Reader].
func (r *bodyReader) Read(p []byte) (int, error) {
	select {
	case <-r.closed:
		return 0, http.ErrBodyReadAfterClose
	default:
	}
	switch {
	case len(r.rest) == 0:
		return 0, r.end
	case len(p) == 0:
		return 0, nil
	case r.piece == 0:
		r.left = len(r.rest)
	case r.left == 0:
		if r.due.IsZero() {
			r.due = r.clock.Now()
		}
		r.due = r.due.Add(r.pause)
		if !r.clock.SleepUntil(r.ctx, r.due, r.closed) {
			if err := r.ctx.Err(); err != nil {
				return 0, err
			}
			return 0, http.ErrBodyReadAfterClose
		}
		r.left = min(r.piece, len(r.rest))
	}
	n := copy(p, r.rest[:r.left])
	r.rest, r.left = r.rest[n:], r.left-n
	return n, nil
}

// Close implements [io.Closer]. It ends a Read that is waiting.
func (r *bodyReader) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

// writeStream sends a stream until it ends, or until the client leaves or does not take it in time.
func writeStream(w http.ResponseWriter, r *http.Request, stream io.ReadCloser) {
	defer stream.Close()
	controller := http.NewResponseController(w)
	onServer := r.Context().Value(http.ServerContextKey) != nil
	if onServer {
		_ = controller.SetReadDeadline(time.Time{}) // its end would end the request
	}
	piece := make([]byte, 32<<10)
	for {
		n, err := stream.Read(piece)
		if err != nil {
			return
		}
		if onServer {
			_ = controller.SetWriteDeadline(time.Now().Add(streamTimeout))
		}
		if _, err := w.Write(piece[:n]); err != nil || controller.Flush() != nil {
			return
		}
	}
}
