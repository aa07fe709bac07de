// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"log/slog"
	"sync"
)

// createdSession is the session that package lease is creating for arr run.
type createdSession struct {
	svc    *service
	mu     sync.Mutex
	forget func()
}

// is notes its id and endpoint. Package lease works on one session at a time.
func (c *createdSession) is(id, endpoint string) {
	c.done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget = c.svc.open.add(&unfinishedSession{
		id: id, flags: c.svc.flags(endpoint), say: c.svc.say, temporary: true,
	})
}

func (c *createdSession) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forget != nil {
		c.forget()
		c.forget = nil
	}
}

// observe returns a handler that takes the session from the log of package lease, where each
// creation has a record with its id and endpoint, and passes on what is for people.
func (c *createdSession) observe(next slog.Handler) slog.Handler { return creations{next, c} }

type creations struct {
	slog.Handler
	created *createdSession
}

func (creations) Enabled(context.Context, slog.Level) bool { return true }

func (h creations) Handle(ctx context.Context, record slog.Record) error {
	found := make(map[string]string)
	record.Attrs(func(a slog.Attr) bool {
		found[a.Key] = a.Value.String()
		return true
	})
	if found["session"] != "" && found["endpoint"] != "" {
		h.created.is(found["session"], found["endpoint"])
	}
	if !h.Handler.Enabled(ctx, record.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}
