// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/internal/module"
)

func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				built := map[string]string{
					"version":      version(),
					"go":           runtime.Version(),
					"os":           runtime.GOOS,
					"architecture": runtime.GOARCH,
				}
				return show.NewPrinter(cmd.OutOrStdout(), show.JSON, os.Getenv).Object(built)
			}
			_, err := fmt.Fprintf(
				cmd.OutOrStdout(),
				"arr version %s %s %s/%s\n",
				version(),
				runtime.Version(),
				runtime.GOOS,
				runtime.GOARCH,
			)
			return err
		},
	}
	addChoice(
		cmd,
		&asJSON,
		"output",
		"text for people, or one line of JSON",
		choice[bool]{"text", false},
		choice[bool]{"json", true},
	)
	return cmd
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
