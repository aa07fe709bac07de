// SPDX-License-Identifier: MIT

package emulator

// pageFault is a fault in force as the page shows it.
type pageFault struct {
	ID                int
	Name              string // empty if it says no more than What
	What              string // whom it affects and how
	Matched, Affected int
}

// pageFaults returns the faults in force, in their order.
func (e *Emulator) pageFaults() []pageFault {
	var faults []pageFault
	for _, state := range e.Faults() {
		faults = append(faults, pageFaultOf(state))
	}
	return faults
}

func pageFaultOf(state FaultState) pageFault {
	f := state.Fault
	shown := pageFault{ID: state.ID, Matched: state.Matched, Affected: state.Affected}
	if f.Name != f.effectText() { // it would be so by default
		shown.Name = f.Name
	}
	f.Name = ""
	shown.What = f.String()
	return shown
}

// faultNames returns the names of the faults that affected a request.
func faultNames(r requestRecord) []string { return r.faults }
