// SPDX-License-Identifier: MIT

package show

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// redraw is how often the line on a terminal is written again.
const redraw = 250 * time.Millisecond

// Progress tells people how sessions or conversions come along: on a terminal in one line that is
// written again and again, elsewhere in a line for each change of state. Several goroutines may use
// it at the same time.
type Progress struct {
	out      io.Writer
	terminal bool
	silent   bool
	colours  bool
	began    time.Time
	stop     chan struct{}
	close    sync.Once
	stopped  sync.WaitGroup

	mu    sync.Mutex
	order []string
	last  map[string]observation
	drawn bool
}

// observation is what is shown of a session or a conversion.
type observation struct {
	status string
	paint  paint
	// detail, if not nil, returns the text after the state, for a given time since the observation.
	detail func(since time.Duration) string
	at     time.Time
}

// NewProgress starts to show progress on out, until [Progress.Close].
func NewProgress(
	out io.Writer, silent bool, color Color, getenv func(string) string,
) *Progress {
	p := &Progress{
		out:      out,
		silent:   silent,
		terminal: IsTerminal(out) && getenv("TERM") != "dumb",
		colours:  colourful(out, color, getenv),
		began:    time.Now(),
		stop:     make(chan struct{}),
		last:     make(map[string]observation),
	}
	if p.terminal && !silent {
		p.stopped.Go(p.draw)
	}
	return p
}

// Saw tells of a session as the service has just shown it.
func (p *Progress) Saw(s arr.Session) {
	seen := observation{status: string(s.Status), paint: paintOf(s.Status)}
	if !s.Status.Ended() {
		seen.detail = func(since time.Duration) string { return "lease " + remainingAfter(s, since) }
	}
	p.observe(s.ID, seen)
}

// SawConversion tells of a conversion as the service has just shown it.
func (p *Progress) SawConversion(c arr.Conversion) {
	p.observe(c.ID, observation{status: string(c.Status), paint: paintOfConversion(c.Status)})
}

func (p *Progress) observe(id string, seen observation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent {
		return
	}
	before, known := p.last[id]
	if !known {
		p.order = append(p.order, id)
	}
	seen.at = time.Now()
	p.last[id] = seen
	switch {
	case p.terminal:
		p.drawLine()
	case !known || before.status != seen.status:
		fmt.Fprintf(p.out, "%s\n", p.describe(id))
	}
}

// Aside calls write while no progress is shown. The line is drawn again at the next update.
func (p *Progress) Aside(write func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return write()
}

// Close ends the progress and removes its line from a terminal. Nothing is shown afterwards.
func (p *Progress) Close() {
	p.close.Do(func() { close(p.stop) })
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
	p.clear()
}

func (p *Progress) draw() {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.drawLine()
			p.mu.Unlock()
		}
	}
}

// clear removes the line.
func (p *Progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

// drawLine writes the line again. It is cut to the width of the terminal, for a line that wraps
// cannot be written again.
func (p *Progress) drawLine() {
	if len(p.order) == 0 {
		return
	}
	limit := columns(p.out) - 1
	var text string
	if len(p.order) > 1 {
		text = cut(p.count(), limit)
	} else {
		id := p.order[0]
		state := "  " + p.state(id)
		// Generated ids are long, and everything that changes follows them.
		text = cut(
			cut(clean(id), max(shortestID, limit-Width(state)))+state,
			limit,
		)
	}
	if p.colours && len(p.order) == 1 {
		seen := p.last[p.order[0]]
		painted := seen.paint.on(seen.status)
		text = strings.Replace(text, "  "+seen.status+"  ", "  "+painted+"  ", 1)
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", text)
	p.drawn = true
}

// shortestID is how much of an id is left on a narrow terminal.
const shortestID = 7

// describe returns the line of one session or conversion: id, state, time since the beginning, and
// the remaining lease of a session.
func (p *Progress) describe(id string) string {
	return clean(id) + "  " + p.state(id)
}

// state returns the text that follows the id of a session or conversion.
func (p *Progress) state(id string) string {
	seen := p.last[id]
	text := fmt.Sprintf("%s  %s", clean(seen.status), Span(time.Since(p.began)))
	if seen.detail == nil {
		return text
	}
	return text + "  " + seen.detail(time.Since(seen.at))
}

// count returns the line of several sessions.
func (p *Progress) count() string {
	count := make(map[string]int)
	var states []string
	for _, id := range p.order {
		status := p.last[id].status
		if count[status] == 0 {
			states = append(states, status)
		}
		count[status]++
	}
	parts := make([]string, len(states))
	for i, status := range states {
		parts[i] = fmt.Sprintf("%d %s", count[status], clean(status))
	}
	return fmt.Sprintf("%s  %s", strings.Join(parts, ", "), Span(time.Since(p.began)))
}
