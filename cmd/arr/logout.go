// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/keystore"
)

func newLogoutCommand() *cobra.Command {
	s := newServiceFlags()
	cmd := &cobra.Command{
		Use:        "logout",
		SuggestFor: []string{"signout", "sign-out"},
		Short:      "Forget the key or token that arr login has stored",
		Long: `Forget the key or token that "arr login" has stored for the account of a profile. The profile stays;
other profiles of the account lose the key too. Access tokens that were given out remain valid until they expire,
24 hours at most with the hosted service.`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return s.logout(cmd) },
	}
	return profileCommand(cmd, s, false)
}

func (s *serviceFlags) logout(cmd *cobra.Command) error {
	profiles, err := config.OpenProfiles(s.file)
	if err != nil {
		return err
	}
	profile := s.profileOf(profiles)
	if !profiles.Has(profile) {
		return profiles.Missing(profile)
	}
	target, err := profiles.Settings(profile).Target()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), keyringTime)
	defer cancel()
	forgotten, err := forgetEntries(ctx, profiles, profile, target)
	if err != nil {
		return err
	}
	path := keyFile(profiles, target)
	if err := os.Remove(path); err == nil {
		forgotten = true
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot forget the key: %w", err)
	}
	for _, name := range profiles.Names() { // the profiles of an account share its file
		if profiles.Value(name, config.KeyFile) != path {
			continue
		}
		if _, err := profiles.Unset(name, config.KeyFile); err != nil {
			return err
		}
	}
	if err := profiles.Save(); err != nil {
		return err
	}
	if !s.quiet {
		line := fmt.Sprintf("Forgot how to sign in to account %s.", target.Account.ID)
		if !forgotten {
			line = fmt.Sprintf("Nothing was stored for profile %s.", profile)
		}
		fmt.Fprintln(cmd.ErrOrStderr(), line)
	}
	return nil
}

// forgetEntries removes what the keyring has for a profile, if the profile reads the keyring.
func forgetEntries(
	ctx context.Context, profiles *config.Profiles, profile string, target config.Target,
) (forgotten bool, err error) {
	if profiles.Value(profile, config.Keyring) != "true" {
		return false, nil
	}
	for _, entry := range []string{
		keystore.Key(target.Account.ID, tokenHost(target)), keystore.Token(target.Account.ID, tokenHost(target)),
	} {
		err := keystore.Delete(ctx, entry)
		if err != nil && !errors.Is(err, keystore.ErrNotFound) {
			return false, adviseKeyring(err)
		}
		forgotten = forgotten || err == nil
	}
	_, err = profiles.Unset(profile, config.Keyring)
	return forgotten, err
}
