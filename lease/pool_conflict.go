// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// foreignStops is how many sessions of a pool others must have stopped within an hour before that
// is logged. A single stop may be that of an operator.
const foreignStops = 3

// conflict is what a pool has noticed of other programs that work on its sessions. Each finding is
// logged once. The pool's lock guards it.
type conflict struct {
	settled bool        // all sessions of an earlier run are known
	created bool        // a session of another program was found and logged
	stopped bool        // stops by others were logged
	stops   []time.Time // when others stopped a session, the last foreignStops
}

const remedy = "only one pool may use a prefix at a time, and no prefix may begin with another's"

// noticeListed looks for sessions under the prefix that this pool does not know, on a page of a
// list. It does not touch them: a device of another pool may use them.
func (p *Pool) noticeListed(client *arr.SessionsClient, found []arr.Session) {
	p.mu.Lock()
	look := p.conflict.settled && !p.conflict.created
	p.mu.Unlock()
	if !look {
		return
	}
	i := slices.IndexFunc(found, p.unknown)
	if i >= 0 {
		p.noticeCreated(client, found[i])
	}
}

// unknown reports whether a session that was listed should be the pool's, and never was.
func (p *Pool) unknown(session arr.Session) bool {
	return !session.Status.Ended() &&
		strings.HasPrefix(session.ID, p.options.IDPrefix) &&
		!p.budget.knows(session.ID)
}

// noticeCreated logs once that another program has created a session under the prefix.
func (p *Pool) noticeCreated(client *arr.SessionsClient, session arr.Session) {
	p.mu.Lock()
	first := !p.conflict.created
	p.conflict.created = true
	p.mu.Unlock()
	if first {
		p.options.Logger.ErrorContext(p.ctx,
			"another program creates sessions under the prefix of the pool",
			"pool", p.options.IDPrefix, "session", session.ID, "endpoint", client.Endpoint(),
			"advice", remedy)
	}
}

// noticeEnd logs once that others stop sessions of the pool repeatedly. err is why a session ended.
func (p *Pool) noticeEnd(ctx context.Context, sessionID string, err error) {
	if !errors.Is(err, ErrStopped) {
		return
	}
	now := time.Now()
	p.mu.Lock()
	c := &p.conflict
	c.stops = append(c.stops, now)
	if len(c.stops) > foreignStops {
		c.stops = c.stops[1:]
	}
	first := !c.stopped && len(c.stops) == foreignStops && now.Sub(c.stops[0]) <= time.Hour
	c.stopped = c.stopped || first
	p.mu.Unlock()
	if first {
		p.options.Logger.ErrorContext(ctx,
			"sessions of the pool are stopped by others",
			"pool", p.options.IDPrefix, "session", sessionID, "stopped", foreignStops, "error", err,
			"advice", "if that is another pool: "+remedy)
	}
}
