// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// injection is how the emulator misbehaves.
type injection struct {
	faults []emulator.Fault
	seed   uint64
	admin  bool
}

const faultManual = `
FAULTS: --fault makes the emulator fail on purpose. Its words name=value say which requests are affected
and how: --fault 'operation=create status=503 retry-after=15s count=2'. docs/faults.md lists all words,
and the administrative path /_emulator/, with which tests in any language inject faults at run time.
`

func (i *injection) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var((*faultList)(&i.faults), "fault", "fault from the start on, such as "+
		"'operation=get probability=0.1 drop=after'; may be repeated")
	addValue(
		cmd,
		&i.seed,
		"seed",
		"N",
		"",
		"number that makes faults with a probability repeatable (default: random)",
		parseSeed,
	)
	flags.BoolVar(
		&i.admin,
		"admin",
		false,
		"serve the administrative path on any address; on a loopback address without a proxy it is served "+
			"unless --admin=false",
	)
}

// apply puts the faults into the options. The administrative path is open on loopback, which only
// programs of this machine can reach; on other addresses only with --admin.
func (i *injection) apply(cmd *cobra.Command, o *emulator.Options, address listenAddress) {
	o.Faults, o.Seed, o.Admin = i.faults, i.seed, i.admin
	if !cmd.Flags().Changed("admin") {
		o.Admin = address.loopback
	}
}

func (i *injection) warn(address listenAddress, log *slog.Logger) {
	if i.admin && !address.loopback {
		warn(
			log,
			"everyone who can reach this address can inject faults and change sessions: "+
				"leave out --admin, or listen on 127.0.0.1",
		)
	}
}

// faultList is a flag that can be given several times.
type faultList []emulator.Fault

func (l *faultList) Set(text string) error {
	fault, err := emulator.ParseFault(text)
	if err != nil {
		// The names are those of the words of the flag.
		return failure.InWords(err, func(word string) string { return word })
	}
	*l = append(*l, fault)
	return nil
}

func (l *faultList) String() string {
	texts := make([]string, len(*l))
	for i, fault := range *l {
		texts[i] = fault.String()
	}
	return strings.Join(texts, "; ")
}

func (l *faultList) Type() string { return "FAULT" }

func parseSeed(text string) (uint64, error) {
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil || seed == 0 {
		return 0, errors.New("give a whole number from 1 to 18446744073709551615")
	}
	return seed, nil
}
