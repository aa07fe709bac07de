// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"sync"
	"time"

	"github.com/arr-go/azremoterendering/internal/wait"
)

// created remembers what a client has created lately. A read may lag behind a create, so that the
// service answers 404 for a session that exists and is billed.
type created struct {
	mu sync.Mutex
	at map[string]time.Time // when the answer to the create arrived, by address and id
}

func (c *created) add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, at := range c.at {
		if time.Since(at) >= wait.ReadLag {
			delete(c.at, key)
		}
	}
	if c.at == nil {
		c.at = make(map[string]time.Time)
	}
	c.at[key] = time.Now()
}

// lately reports whether the creation is so recent that a read may not show it yet.
func (c *created) lately(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.at[key]
	return ok && time.Since(at) < wait.ReadLag
}
