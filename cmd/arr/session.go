// SPDX-License-Identifier: MIT

package main

import (
	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newSessionCommand() *cobra.Command {
	s := newServiceFlags()
	cmd := &cobra.Command{
		Use:     "session",
		Aliases: []string{"sessions"},
		Short:   "Create, show, extend and stop rendering sessions",
		Long: `Create, show, extend and stop rendering sessions.

A session is billed from Ready until its lease ends, unless you stop it before.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.SortFlags = false // they are in the order of their topics
	s.addServiceFlags(flags)
	s.addFileFlags(flags)
	s.addOutputFlags(flags)
	completeWords(cmd, words())
	cmd.AddCommand(
		newCreateCommand(s),
		newGetCommand(s),
		newDescribeCommand(s),
		newListCommand(s),
		newUpdateCommand(s),
		newStopCommand(s),
		newWaitCommand(s),
		newExtendCommand(s),
		newKeepAliveCommand(s),
		newStopAllCommand(s),
	)
	return cmd
}

// words are the settings that are one of some words.
func words() map[config.Name][]string {
	var regions []string
	for _, region := range arr.Regions() {
		regions = append(regions, string(region))
	}
	levels, _ := wordsOf(logLevels())
	return map[config.Name][]string{
		config.Output:        show.Formats(),
		logLevelFlag:         levels,
		config.Auth:          config.SignIns(),
		config.Region:        regions,
		config.Endpoint:      regions,
		config.AccountDomain: regions,
	}
}
