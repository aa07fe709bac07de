// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// profileEntry is a profile as JSON.
type profileEntry struct {
	Name      string `json:"name"`
	Default   bool   `json:"default"`
	Endpoint  string `json:"endpoint,omitempty"`
	AccountID string `json:"accountId,omitempty"`
	SignIn    string `json:"signIn,omitempty"`
}

// profileCommand makes a command that works on the config file.
func profileCommand(cmd *cobra.Command, s *serviceFlags, output bool) *cobra.Command {
	cmd.Flags().SortFlags = false
	s.addFileFlags(cmd.Flags())
	_ = cmd.Flags().MarkHidden("arrconfig") // it is not changed
	if output {
		s.addOutputFlags(cmd.Flags())
	} else {
		grouped(cmd.Flags(), outputGroup, func() {
			cmd.Flags().BoolVarP(&s.quiet, "quiet", "q", false, "do not say what was done")
		})
	}
	completeWords(cmd, words())
	return cmd
}

func newConfigSetCommand() *cobra.Command {
	s := newServiceFlags()
	return profileCommand(&cobra.Command{
		Use:   "set NAME VALUE | NAME=VALUE...",
		Short: "Set settings in a profile of the config file",
		Long: `Set settings in a profile of the config file. The profile is that of --profile or ARR_PROFILE, or else
the default one, and is created if it does not exist. NAME is a setting as "arr help configuration"
lists it.

Comments and everything else in the file stay as they are. The file is for you alone to read. Keys and
tokens are refused: "arr login" stores a key where other users do not see it.`,
		Example: `  arr config set region westeurope
  arr config set account-id=00000000-1111-2222-3333-444455556666 size=Premium --profile work`,
		Args:              takes(argument{name: "NAME", what: "a setting and its value", least: 1, most: -1}),
		ValidArgsFunction: completeSettings(true),
		RunE: func(cmd *cobra.Command, args []string) error {
			pairs, err := settingPairs(args)
			if err != nil {
				return err
			}
			return s.changeProfile(cmd, func(p *config.Profiles, profile string) ([]string, error) {
				var done []string
				for _, pair := range pairs {
					if err := p.Set(profile, pair.name, pair.value); err != nil {
						return nil, err
					}
					done = append(done, string(pair.name))
				}
				return []string{fmt.Sprintf("Set %s in profile %s of %s.", joinWords(done), profile, p.Path())}, nil
			})
		},
	}, s, false)
}

type settingPair struct {
	name  config.Name
	value string
}

// settingPairs reads NAME VALUE, or NAME=VALUE as often as you like.
func settingPairs(args []string) ([]settingPair, error) {
	if len(args) == 2 && !strings.Contains(args[0], "=") {
		args = []string{args[0] + "=" + args[1]}
	}
	var pairs []settingPair
	for _, arg := range args {
		word, value, ok := strings.Cut(arg, "=")
		name, err := config.ParseName(word)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, &failure.Advised{
				Err:    usagef("VALUE is missing: arr config set needs the value of %s", name),
				Advice: fmt.Sprintf("For example: arr config set %s=VALUE", name),
			}
		}
		pairs = append(pairs, settingPair{name, value})
	}
	return pairs, nil
}

func newConfigUnsetCommand() *cobra.Command {
	s := newServiceFlags()
	return profileCommand(&cobra.Command{
		Use:               "unset NAME...",
		Short:             "Remove settings from a profile of the config file",
		Example:           `  arr config unset account-domain`,
		Args:              takes(argument{name: "NAME", what: "the name of a setting", least: 1, most: -1}),
		ValidArgsFunction: completeSettings(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.changeProfile(cmd, func(p *config.Profiles, profile string) ([]string, error) {
				var lines []string
				for _, arg := range args {
					name, err := config.ParseName(arg)
					if err != nil {
						return nil, err
					}
					removed, err := p.Unset(profile, name)
					if err != nil {
						return nil, err
					}
					line := fmt.Sprintf("Removed %s from profile %s of %s.", name, profile, p.Path())
					if !removed {
						line = fmt.Sprintf("Profile %s of %s has no %s.", profile, p.Path(), name)
					}
					lines = append(lines, line)
				}
				return lines, nil
			})
		},
	}, s, false)
}

func newConfigUseCommand() *cobra.Command {
	s := newServiceFlags()
	return profileCommand(&cobra.Command{
		Use:               "use PROFILE",
		Short:             "Choose the profile that commands use by default",
		Example:           `  arr config use work`,
		Args:              takes(argument{name: "PROFILE", what: "the name of one profile", least: 1, most: 1}),
		ValidArgsFunction: completeProfileArgument(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := s.changeProfile(cmd, func(p *config.Profiles, _ string) ([]string, error) {
				return []string{fmt.Sprintf("Profile %s is the default.", args[0])}, p.Use(args[0])
			})
			if chosen := os.Getenv("ARR_PROFILE"); err == nil && chosen != "" && chosen != args[0] && !s.quiet {
				fmt.Fprintf(cmd.ErrOrStderr(), "ARR_PROFILE still chooses profile %s in this shell.\n", chosen)
			}
			return err
		},
	}, s, false)
}

func newConfigDeleteCommand() *cobra.Command {
	s := newServiceFlags()
	var yes bool
	cmd := profileCommand(&cobra.Command{
		Use:     "delete PROFILE",
		Aliases: []string{"rm"},
		Short:   "Delete a profile from the config file",
		Long: `Delete a profile from the config file. A key that the profile holds is lost; one in the keyring stays
until "arr logout". The command asks first on a terminal, and needs --yes elsewhere.`,
		Example:           `  arr config delete work`,
		Args:              takes(argument{name: "PROFILE", what: "the name of one profile", least: 1, most: 1}),
		ValidArgsFunction: completeProfileArgument(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			profiles, err := config.OpenProfiles(s.file)
			if err != nil {
				return err
			}
			if !profiles.Has(args[0]) {
				return profiles.Missing(args[0])
			}
			if !yes {
				if !show.IsTerminal(cmd.InOrStdin()) {
					return usagef("give --yes to delete a profile without a question")
				}
				agreed, err := confirm(cmd.Context(), cmd, "Delete profile "+args[0]+" of "+profiles.Path()+"?")
				if err != nil || !agreed {
					return err
				}
			}
			return s.changeProfile(cmd, func(p *config.Profiles, _ string) ([]string, error) {
				return []string{fmt.Sprintf("Deleted profile %s of %s.", args[0], p.Path())}, p.Delete(args[0])
			})
		},
	}, s, false)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func newConfigGetCommand() *cobra.Command {
	s := newServiceFlags()
	return profileCommand(&cobra.Command{
		Use:   "get NAME",
		Short: "Print the value of one setting",
		Long: `Print the value of one setting that commands would use, wherever it comes from. The command fails if it
has no value. Keys and tokens are never shown.`,
		Example:           `  arr config get region`,
		Args:              takes(argument{name: "NAME", what: "the name of one setting", least: 1, most: 1}),
		ValidArgsFunction: completeSettings(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := config.ParseName(args[0])
			if err != nil {
				return err
			}
			values, err := s.load()
			if err != nil {
				return err
			}
			printer, err := s.printer(cmd, values)
			if err != nil {
				return err
			}
			for _, entry := range append(values.Entries(), values.Defaults()...) {
				switch {
				case entry.Name != name:
				case !printer.ForPeople() && printer.Format() != show.Name:
					return show.Write(printer, settingKind(), settingEntry(entry))
				case entry.Secret:
					return &failure.Advised{
						Err:    fmt.Errorf("%s is set by %s, and is not shown", name, entry.Source),
						Advice: "Look at it there.",
					}
				default:
					return printer.Line(entry.Value)
				}
			}
			return &failure.Advised{
				Err:    fmt.Errorf("%s has no value", name),
				Advice: fmt.Sprintf("Set it: arr config set %s VALUE", name),
			}
		},
	}, s, true)
}

func newConfigListCommand() *cobra.Command {
	s := newServiceFlags()
	return profileCommand(&cobra.Command{
		Use:               "list",
		Aliases:           []string{"ls", "profiles"},
		Short:             "List the profiles of the config file",
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			profiles, err := config.OpenProfiles(s.file)
			if err != nil {
				return err
			}
			if !profiles.Exist() {
				s.file = "" // which may be missing, as one that is named may not
			}
			values, err := s.load()
			if err != nil {
				return err
			}
			printer, err := s.printer(cmd, values)
			if err != nil {
				return err
			}
			return listProfiles(printer, profiles, s.profileOf(profiles))
		},
	}, s, true)
}

func listProfiles(printer *show.Printer, profiles *config.Profiles, chosen string) error {
	var entries []profileEntry
	for _, name := range profiles.Names() {
		entries = append(entries, profileEntry{
			Name: name, Default: name == chosen,
			Endpoint:  cmp.Or(profiles.Value(name, config.Endpoint), profiles.Value(name, config.Region)),
			AccountID: profiles.Value(name, config.AccountID),
			SignIn:    signInOf(profiles, name),
		})
	}
	if printer.ForPeople() && len(entries) == 0 {
		return printer.Line("There are no profiles in " + profiles.Path() + `. "arr login" makes one.`)
	}
	return show.WriteList(printer, profileKind(), entries)
}

func profileKind() *show.Kind[profileEntry] {
	type row = profileEntry
	chosen := show.TextColumn("default", "default", func(p row) string {
		return strconv.FormatBool(p.Default)
	})
	chosen.Heading = " "
	chosen.Cell = func(p row) show.Cell {
		if p.Default {
			return show.Cell{Text: "*"}
		}
		return show.Cell{Text: " "}
	}
	return &show.Kind[row]{
		Plural: "profiles",
		Name:   func(p row) string { return p.Name },
		Object: func(p row) any { return p },
		Columns: []show.Column[row]{
			chosen,
			show.TextColumn("profile", "name", func(p row) string { return p.Name }).Shortened(8),
			show.TextColumn("endpoint", "endpoint", func(p row) string { return p.Endpoint }).
				Dropped(1).Shortened(12),
			show.TextColumn("account", "accountId", func(p row) string { return p.AccountID }).
				Dropped(2).Shortened(8),
			show.TextColumn("sign-in", "signIn", func(p row) string { return p.SignIn }).Dropped(3),
		},
	}
}

// signInOf says how a profile signs in. It shows no secret.
func signInOf(profiles *config.Profiles, profile string) string {
	if auth := profiles.Value(profile, config.Auth); auth != "" && auth != string(config.SignInKey) {
		return auth
	}
	for name, words := range map[config.Name]string{
		config.AccountKey: "key", config.KeyFile: "key in a file", config.Keyring: "key in the keyring",
		config.AccessToken: "token",
	} {
		if profiles.Value(profile, name) != "" {
			return words
		}
	}
	return ""
}

// profileOf returns the profile that a command changes or marks.
func (s *serviceFlags) profileOf(profiles *config.Profiles) string {
	return cmp.Or(s.profile, os.Getenv("ARR_PROFILE"), profiles.Default())
}

// changeProfile changes the config file, and says what was done.
func (s *serviceFlags) changeProfile(
	cmd *cobra.Command,
	change func(p *config.Profiles, profile string) (done []string, err error),
) error {
	profiles, err := config.OpenProfiles(s.file)
	if err != nil {
		return err
	}
	done, err := change(profiles, s.profileOf(profiles))
	if err != nil {
		return err
	}
	if err := profiles.Save(); err != nil {
		return err
	}
	for _, line := range done {
		if !s.quiet {
			fmt.Fprintln(cmd.ErrOrStderr(), line)
		}
	}
	return nil
}

// completeSettings lets shells complete the names of settings, and the words that a value can be.
func completeSettings(values bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if values && len(args) == 1 {
			if name, err := config.ParseName(args[0]); err == nil {
				return words()[name], directive
			}
		}
		var names []cobra.Completion
		for _, name := range config.Names() {
			names = append(names, string(name))
		}
		return names, directive
	}
}

// completeProfileArgument lets shells complete the name of a profile.
func completeProfileArgument(s *serviceFlags) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return profileNames(s), cobra.ShellCompDirectiveNoFileComp
	}
}

// profileNames returns the profiles of the config file, none if it cannot be read.
func profileNames(s *serviceFlags) []cobra.Completion {
	profiles, err := config.OpenProfiles(s.file)
	if err != nil {
		return nil
	}
	return profiles.Names()
}
