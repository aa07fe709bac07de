// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/internal/module"
)

// built is what this program was built from and for, as JSON.
type built struct {
	Version      string `json:"version"`
	Go           string `json:"go"`
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

func newVersionCommand() *cobra.Command {
	var format show.Format
	var look look
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Print the version of this program",
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := look.options()
			if err != nil {
				return err
			}
			options.Format = format
			printer := show.NewPrinter(cmd.OutOrStdout(), options, os.Getenv)
			b := built{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if printer.ForPeople() {
				return printer.Line(fmt.Sprintf("arr version %s %s %s/%s", b.Version, b.Go, b.OS, b.Architecture))
			}
			return show.Write(printer, builtKind(), b)
		},
	}
	format = show.Text
	words := strings.Join(show.Formats(), "|")
	cmd.Flags().VarP(&value[show.Format]{&format, show.ParseFormat, string(show.Text), words},
		"output", "o", "format of the result")
	// An error would mean that there is no such flag.
	_ = cmd.RegisterFlagCompletionFunc(
		"output", cobra.FixedCompletions(show.Formats(), cobra.ShellCompDirectiveNoFileComp))
	look.addFlags(cmd.Flags())
	return cmd
}

func builtKind() *show.Kind[built] {
	return &show.Kind[built]{
		Name:   func(b built) string { return b.Version },
		Object: func(b built) any { return b },
		Columns: []show.Column[built]{
			show.TextColumn("version", "version", func(b built) string { return b.Version }),
			show.TextColumn("go", "go", func(b built) string { return b.Go }),
			show.TextColumn("os", "os", func(b built) string { return b.OS }),
			show.TextColumn("architecture", "architecture", func(b built) string { return b.Architecture }),
		},
	}
}

// version returns the version of the module that this program was built from.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(info)
}

// versionOf returns the version that the Go command noted: a tag or a commit. A build without data
// of the version control notes none, or "(devel)"; then the version that the source states counts.
// info may be nil.
func versionOf(info *debug.BuildInfo) string {
	if info == nil || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return module.Version
	}
	return info.Main.Version
}
