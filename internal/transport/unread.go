// SPDX-License-Identifier: MIT

package transport

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// UnreadMembers writes the names of members that could not be read to azcore's log, each name once.
// The zero value is ready for use. It is safe for concurrent use.
type UnreadMembers struct {
	mu     sync.Mutex
	logged map[string]bool
}

// Log writes the names that are new. Values are not written: they may be anything.
func (u *UnreadMembers) Log(resp *http.Response, names []string) {
	if len(names) == 0 {
		return
	}
	fresh := u.fresh(names)
	if len(fresh) == 0 {
		return
	}
	// azcore lets other packages write to its log in no other way than by an error for an answer.
	entry := WithoutAuthorization(resp)
	entry.Header = nil
	entry.Body = io.NopCloser(strings.NewReader(
		"members that cannot be read, and count as absent: " + strings.Join(fresh, ", ")))
	_ = runtime.NewResponseErrorWithErrorCode(entry, "")
}

func (u *UnreadMembers) fresh(names []string) (fresh []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, name := range names {
		if !u.logged[name] {
			fresh = append(fresh, name)
		}
	}
	if u.logged == nil {
		u.logged = make(map[string]bool)
	}
	for _, name := range fresh {
		u.logged[name] = true
	}
	return fresh
}
