// SPDX-License-Identifier: MIT

package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	arr "github.com/arr-go/azremoterendering"
)

// filesAsValues are the names of values, as the help shows them, that shells complete with files.
var filesAsValues = []string{"FILE", "FOLDER", "DIR", "COMMAND"}

// blobFolders are flags whose value is a folder, but not on this machine.
var blobFolders = []string{"input-folder", "output-folder"}

// completeFlags lets shells complete the flags of a command, and of all below it, that have no
// completion yet: profiles, regions and files. Other values are unknown to the shell too, so it
// should not offer the names of files for them.
func completeFlags(cmd *cobra.Command) {
	complete := func(flag *pflag.Flag) {
		if _, found := cmd.GetFlagCompletionFunc(flag.Name); found || flag.NoOptDefVal != "" {
			return
		}
		completion := cobra.NoFileCompletions
		switch value, _ := pflag.UnquoteUsage(flag); {
		case flag.Name == "profile":
			completion = completeProfileFlag
		case value == "ENDPOINT":
			var regions []cobra.Completion
			for _, region := range arr.Regions() {
				regions = append(regions, string(region))
			}
			completion = cobra.FixedCompletions(regions, cobra.ShellCompDirectiveNoFileComp)
		case slices.Contains(filesAsValues, value) && !slices.Contains(blobFolders, flag.Name):
			return
		}
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, completion) // the flag exists
	}
	cmd.Flags().VisitAll(complete)
	cmd.PersistentFlags().VisitAll(complete)
	for _, child := range cmd.Commands() {
		completeFlags(child)
	}
}

// completeProfileFlag lets shells complete --profile with the profiles of the config file.
func completeProfileFlag(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	s := new(serviceFlags)
	if flag := cmd.Flag("config"); flag != nil {
		s.file = flag.Value.String()
	}
	return profileNames(s), cobra.ShellCompDirectiveNoFileComp
}

// completeIDFlag lets shells complete a flag with the ids of sessions, without those in taken.
func completeIDFlag(cmd *cobra.Command, s *serviceFlags, name string, taken *[]string) {
	complete := completeIDs(s, -1)
	_ = cmd.RegisterFlagCompletionFunc(name, func(
		cmd *cobra.Command, _ []string, beginning string,
	) ([]cobra.Completion, cobra.ShellCompDirective) {
		return complete(cmd, *taken, beginning)
	})
}
