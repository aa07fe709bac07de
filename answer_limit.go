// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"fmt"
	"io"
)

// maxAnswer is far more than any answer has: a page of ten thousand sessions has three megabytes.
const maxAnswer = 64 << 20

// limitedBody is the body of an answer up to maxAnswer. azcore reads a body to its end, and whoever
// answers decides where that is.
type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
