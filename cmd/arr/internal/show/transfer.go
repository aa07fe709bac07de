// SPDX-License-Identifier: MIT

package show

import (
	"fmt"
	"io"
	"strings"
)

// Transfer tells people how far an upload has come: on a terminal in one line with a bar, which is
// written again and again; elsewhere not before the end. It is not safe for concurrent use.
type Transfer struct {
	out      io.Writer
	terminal bool
	silent   bool
	drawn    bool
}

// NewTransfer returns a Transfer that writes to out.
func NewTransfer(out io.Writer, silent bool, getenv func(string) string) *Transfer {
	terminal := IsTerminal(out) && getenv("TERM") != "dumb"
	return &Transfer{out: out, terminal: terminal, silent: silent}
}

// barWidth is the length of the bar in columns.
const barWidth = 24

// Bar draws a share, from 0 to 1, as a bar.
func Bar(share float64) string {
	full := int(min(1, max(0, share)) * barWidth)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "]"
}

// Saw tells of so many bytes and files out of so many.
func (t *Transfer) Saw(done, total int64, files, allFiles int) {
	if !t.terminal || t.silent {
		return
	}
	share := 1.0
	if total > 0 {
		share = float64(min(done, total)) / float64(total)
	}
	line := fmt.Sprintf(
		"Uploading %s %3d %%  %s of %s, %d of %d files",
		Bar(share), int(share*100),
		Bytes(done), Bytes(total), files, allFiles,
	)
	fmt.Fprintf(t.out, "\r%s\x1b[K", cut(line, columns(t.out)-1))
	t.drawn = true
}

// Close removes the line from a terminal and writes the result of the upload, if there is one.
func (t *Transfer) Close(result string) {
	if t.drawn {
		fmt.Fprint(t.out, "\r\x1b[K")
		t.drawn = false
	}
	if !t.silent && result != "" {
		fmt.Fprintln(t.out, clean(result))
	}
}

// Bytes returns a number of bytes for people, in decimal units.
func Bytes(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefixes := float64(n)/unit, "kMGTPE"
	i := 0
	for value >= 999.95 && i < len(prefixes)-1 {
		value, i = value/unit, i+1
	}
	return fmt.Sprintf("%.1f %cB", value, prefixes[i])
}
