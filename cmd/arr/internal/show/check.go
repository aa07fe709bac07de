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
	colour := map[string]paint{"ok": green, "warning": yellow, "failed": red, "skipped": grey}[status]
	state := fmt.Sprintf("%-*s", statusWidth, status)
	if p.colours {
		state = colour.on(state)
	}
	line := fmt.Sprintf("%s  %-*s  %s\n", state, nameWidth, clean(name), clean(detail))
	if cure != "" {
		line += fmt.Sprintf("%*s%s\n", statusWidth+2+nameWidth+2, "", clean(cure))
	}
	return p.write(func(out *bytes.Buffer) error { out.WriteString(line); return nil })
}
