// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"fmt"
)

// Check writes the result of a step for people: a line with its state, name and detail, and a line
// with what to do unless cure is empty. The state is ok, warning, failed or skipped.
func (p *Printer) Check(status, name, detail, cure string) error {
	const statusWidth, nameWidth = len("skipped"), len("name-resolution")
	const columns = statusWidth + gap + nameWidth + gap
	colour := map[string]paint{"ok": green, "warning": yellow, "failed": red, "skipped": grey}[status]
	state := fmt.Sprintf("%-*s", statusWidth, status)
	if p.colours {
		state = colour.on(state)
	}
	same := func(line string) string { return line }
	return p.write(func(out *bytes.Buffer) error {
		heading := fmt.Sprintf("%s  %-*s  ", state, nameWidth, clean(name))
		beside(out, heading, columns, clean(detail), p.limit(), same)
		if cure != "" {
			beside(out, fmt.Sprintf("%*s", columns, ""), columns, clean(cure), p.limit(), same)
		}
		return nil
	})
}
