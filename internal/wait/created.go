// SPDX-License-Identifier: MIT

package wait

import (
	"sync"
	"time"
)

// Created remembers what a client has created within [ReadLag]. A read may lag behind a create, so
// that the service answers 404 for a session that exists and is billed. The zero value is empty. It
// is safe for concurrent use.
type Created struct {
	mu sync.Mutex
	at map[string]time.Time // when the answer to the create arrived, by address and id
}

// Add remembers the creation of key, now.
func (c *Created) Add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, at := range c.at {
		if time.Since(at) >= ReadLag {
			delete(c.at, key)
		}
	}
	if c.at == nil {
		c.at = make(map[string]time.Time)
	}
	c.at[key] = time.Now()
}

// Recently reports whether the creation is so recent that a read may not show it yet.
func (c *Created) Recently(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.at[key]
	return ok && time.Since(at) < ReadLag
}
