// SPDX-License-Identifier: MIT

package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
)

// maxLine is where longer lines are divided, in bytes.
const maxLine = 64 << 10

// lines passes output on, line by line, each with a prefix.
type lines struct {
	prefix string
	to     io.Writer
	lock   *sync.Mutex // held during a Write
}

// copy passes everything on until there is no more to read.
func (l *lines) copy(from io.Reader) {
	reader := bufio.NewReaderSize(from, maxLine)
	for {
		// A full buffer is an error too, but what it holds counts, and reading goes on.
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			l.write(bytes.TrimRight(line, "\r\n"))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (l *lines) write(line []byte) {
	whole := make([]byte, 0, len(l.prefix)+len(line)+1)
	whole = append(append(append(whole, l.prefix...), line...), '\n')
	l.lock.Lock()
	defer l.lock.Unlock()
	_, _ = l.to.Write(whole) // an error must not stop the reading: the program would block
}
