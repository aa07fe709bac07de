// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/internal/text"
)

// confirm asks a question on standard error and reads the answer from standard input. Everything
// but y and yes means no. Reading cannot be interrupted, so a signal leaves the reader behind for
// the few moments until the program ends.
func confirm(ctx context.Context, cmd *cobra.Command, question string) (bool, error) {
	out := cmd.ErrOrStderr()
	fmt.Fprintf(out, "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil { // no answer means no
			fmt.Fprintln(out)
		}
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(out)
		return false, context.Cause(ctx)
	case answer := <-answers:
		return answer == "y" || answer == "yes", nil
	}
}

// askedTarget returns the service that the settings name. If only an arrconfig.json that was found
// names it, and the key or token comes from elsewhere, a terminal is asked whether that is meant.
func askedTarget(cmd *cobra.Command, values *config.Settings) (config.Target, error) {
	target, err := values.Target()
	unnamed, ok := errors.AsType[*config.UnnamedFileError](err)
	if !ok || !show.IsTerminal(cmd.InOrStdin()) {
		return target, err
	}
	fmt.Fprintf(
		cmd.ErrOrStderr(),
		"The arrconfig.json of this folder leads to %s; your key or token does not come from it.\n",
		text.Terminal(strings.Join(unnamed.Addresses, " and ")),
	)
	agreed, asked := confirm(cmd.Context(), cmd, "Send the key or token there?")
	switch {
	case asked != nil:
		return config.Target{}, asked
	case !agreed:
		return config.Target{}, err
	}
	values.TrustFound()
	return values.Target()
}
