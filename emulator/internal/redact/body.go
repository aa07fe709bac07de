// SPDX-License-Identifier: MIT

package redact

import (
	"io"
	"net/http"
)

// BodyCopy keeps the beginning of what is read of a body.
type BodyCopy struct {
	io.ReadCloser
	data []byte // at most one byte more than is kept
	size int
}

// Read implements [io.Reader].
func (b *BodyCopy) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.size += n
	b.data = append(b.data, p[:min(n, MaxBody+1-len(b.data))]...)
	return n, err
}

// Body returns the body as [Redactor.Body] does; "" for a nil copy.
func (b *BodyCopy) Body(r Redactor) string {
	if b == nil {
		return ""
	}
	return r.Body(b.data, b.size)
}

// CopyBody returns a request with the same body, of which the beginning is kept when it is read.
// The copy is nil if there is no body.
func CopyBody(r *http.Request) (*http.Request, *BodyCopy) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	body := &BodyCopy{ReadCloser: r.Body}
	r = r.WithContext(r.Context()) // a handler must not change the request that it is given
	r.Body = body
	return r, body
}
