// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// helpWidth is where the descriptions of flags are wrapped.
const helpWidth = 110

// run executes a command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// Whatever cobra refuses, it refuses before the command starts.
	started := false
	root := newRoot()
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return failure.OK
	}
	if _, mistaken := errors.AsType[*config.Mistake](err); !started || mistaken {
		err = &failure.UsageError{Err: err}
	}
	err = failure.InWords(err, func(argument string) string { return argumentNames[argument] })
	err = failure.WithSignal(ctx, err)
	failure.Report(stderr, err, command.CommandPath())
	return failure.Code(err)
}

// argumentNames are what users know the arguments of the client as that commands take.
var argumentNames = map[string]string{
	"sessionID":    "session id",
	"MaxLeaseTime": "--lease",
	"Size":         "--size",
	"Frequency":    "--interval",
	"ValidFor":     "--valid-for",
	"atLeast":      "--at-least",
	"OlderThan":    "--older-than",

	"conversionID":                      "conversion id",
	"Input.StorageContainerURL":         "--input-container",
	"Input.StorageContainerReadListSAS": "ARR_INPUT_SAS",
	"Input.BlobPrefix":                  "--input-folder",
	"Input.RelativeInputAssetPath":      "--asset",
	"Output.StorageContainerURL":        "--output-container",
	"Output.StorageContainerWriteSAS":   "ARR_OUTPUT_SAS",
	"Output.BlobPrefix":                 "--output-folder",
	"Output.OutputAssetFilename":        "--output-name",
}

func usagef(format string, args ...any) error { return failure.Usagef(format, args...) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "arr",
		Short:         "The command line of Azure Remote Rendering",
		Long:          rootManual,
		Version:       version(),
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.Args = knownCommand
	root.SuggestionsMinimumDistance = 2
	root.SetUsageTemplate(
		strings.ReplaceAll(
			root.UsageTemplate(),
			".FlagUsages",
			fmt.Sprintf(".FlagUsagesWrapped %d", helpWidth),
		),
	)
	root.DisableAutoGenTag = true // the pages in docs/cli have no dates
	root.AddCommand(
		newSessionCommand(),
		newRunCommand(),
		newConvertCommand(),
		newConversionCommand(),
		newTokenCommand(),
		newRegionsCommand(),
		newConfigCommand(),
		newEmulatorCommand(),
		newVersionCommand(),
	)
	root.AddCommand(newTopics()...)
	addBuiltins(root)
	return root
}

// knownCommand refuses an argument that was meant to be a command.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		return fmt.Errorf(
			"there is no command %q; did you mean \"%s\"?",
			args[0],
			strings.Join(similar, `" or "`),
		)
	}
	return fmt.Errorf("there is no command %q", args[0])
}
