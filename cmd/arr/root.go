// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

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
	root.SetFlagErrorFunc(knownFlag)
	root.SetUsageFunc(printUsage)
	root.SetHelpFunc(printHelp)
	root.DisableAutoGenTag = true // the pages in docs/cli have no dates
	for _, group := range commandGroups() {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title + ":"})
		for _, command := range group.commands {
			command.GroupID = group.title
			root.AddCommand(command)
		}
	}
	root.AddCommand(newVersionCommand(), newGenCommand())
	root.AddCommand(newTopics()...)
	addBuiltins(root)
	completeFlags(root)
	return root
}

// commandGroup is a group of commands in the help.
type commandGroup struct {
	title    string
	commands []*cobra.Command
}

func commandGroups() []commandGroup {
	return []commandGroup{
		{"Sessions", []*cobra.Command{newSessionCommand(), newRunCommand(), newTokenCommand()}},
		{"Models", []*cobra.Command{newConvertCommand(), newConversionCommand()}},
		{"Set-up", []*cobra.Command{
			newLoginCommand(), newLogoutCommand(), newConfigCommand(), newDoctorCommand(), newRegionsCommand(),
		}},
		{"Development", []*cobra.Command{newEmulatorCommand()}},
	}
}
