// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/keystore"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/internal/text"
)

const (
	// keyringTime bounds a use of the keyring, which may ask its user for a password on a desktop.
	keyringTime = 20 * time.Second
	// loginTime bounds the sign-in: a person types a code into a browser.
	loginTime = 15 * time.Minute
)

const loginManual = `Sign in to an account, and remember it in a profile of the config file.

With an account key, the key comes from standard input, or from a prompt that does not show it; never from
an argument. It is checked with the token service, and stored in the keyring of the system: the Keychain of
macOS, the Credential Manager of Windows, the Secret Service of a desktop (GNOME Keyring, KWallet,
KeePassXC). Without a keyring, as on most servers, the key goes into a file that only you can read, and the
command warns. The keyring gives a key only to the account and token service that it was stored for.

With --auth, the command signs in with Microsoft Entra instead and stores no key: device-code and browser
store the access token, which is valid for 24 hours with the hosted service, so commands do not ask until
then; entra, azure-cli and managed-identity get a new token for each command, and store nothing.

Flags and ARR_ variables that name the service and the account become part of the profile. What is missing
is asked for on a terminal.`

// loginCommand is what the flags of arr login say.
type loginCommand struct {
	*serviceFlags
	noCheck bool
}

func newLoginCommand() *cobra.Command {
	c := &loginCommand{serviceFlags: newServiceFlags()}
	cmd := &cobra.Command{
		Use:        "login",
		SuggestFor: []string{"auth", "signin", "sign-in", "configure"},
		Short:      "Sign in, and remember the account in a profile",
		Long:       loginManual,
		Example: `  arr login
  arr login --region westeurope --account-id 00000000-1111-2222-3333-444455556666 < arr.key
  arr login --profile work --auth device-code --tenant contoso.com`,
		Args:              takes(argument{what: "no arguments, and a key from standard input", secret: true}),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&c.noCheck, "no-check", false, "store the key without asking the token service whether it is right")
	c.addServiceFlags(flags)
	c.addFileFlags(flags)
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "do not say what was done")
	for _, name := range []string{"emulator", "key-file", "key-stdin", "arrconfig", "retries"} {
		_ = flags.MarkHidden(name) // they have no meaning here
	}
	completeWords(cmd, words())
	return cmd
}

func (c *loginCommand) run(cmd *cobra.Command) error {
	if c.emulator {
		return usagef("an emulator in this process needs no sign-in")
	}
	ctx, cancel := c.bounded(cmd.Context(), loginTime)
	defer cancel()
	cmd.SetContext(ctx)
	profiles, err := config.OpenProfiles(c.file)
	if err != nil {
		return err
	}
	isFirst := len(profiles.Names()) == 0
	profile := c.profileOf(profiles)
	if err := c.describe(cmd, profiles, profile); err != nil {
		return err
	}
	target, err := profiles.Settings(profile).Target()
	if err != nil {
		return err
	}
	how, err := c.signIn(cmd, profiles, profile, target)
	if err != nil {
		return err
	}
	if isFirst {
		if err := profiles.Use(profile); err != nil {
			return err
		}
	}
	if err := profiles.Save(); err != nil {
		return err
	}
	if err := removeUnusedKeyFile(profiles, target); err != nil {
		return err
	}
	if !c.quiet {
		fmt.Fprintf(cmd.ErrOrStderr(), "Signed in to account %s with %s. Profile %s of %s remembers it.\n",
			target.Account.ID, how, profile, profiles.Path())
		c.warnOfVariables(cmd)
	}
	return nil
}

// describe puts into a profile what flags and variables say of the service and the account, asks for
// what is missing, and makes the profile sign in as the flags say.
func (c *loginCommand) describe(
	cmd *cobra.Command, profiles *config.Profiles, profile string,
) error {
	named := c.bound[config.Endpoint].Changed || c.bound[config.Region].Changed
	for _, name := range []config.Name{
		config.Endpoint, config.Region, config.AccountID, config.AccountDomain, config.STSEndpoint,
		config.STSScope, config.CAFile, config.AllowHTTP, config.Tenant, config.ClientID,
	} {
		value := os.Getenv(name.Variable())
		if flag := c.bound[name]; flag.Changed {
			value = flag.Value.String()
		} else if named && (name == config.Endpoint || name == config.Region) {
			continue
		}
		if value != "" {
			if err := profiles.Set(profile, name, value); err != nil {
				return err
			}
		}
	}
	for _, missing := range []struct {
		name     config.Name
		or       config.Name
		question string
	}{
		{config.Endpoint, config.Region, "Region of the service, such as westeurope, or its address"},
		{config.AccountID, config.AccountID, "Account id, a UUID"},
	} {
		if profiles.Value(profile, missing.name) != "" || profiles.Value(profile, missing.or) != "" {
			continue
		}
		if !show.IsTerminal(cmd.InOrStdin()) {
			return config.Missing(missing.name)
		}
		answer, err := ask(cmd, missing.question)
		if err == nil {
			err = profiles.Set(profile, missing.name, answer)
		}
		if err != nil {
			return err
		}
	}
	return c.chooseSignIn(profiles, profile)
}

// chooseSignIn makes a profile sign in with the keyring, or as --auth says.
func (c *loginCommand) chooseSignIn(profiles *config.Profiles, profile string) error {
	auth := config.SignIn(c.bound[config.Auth].Value.String())
	switch auth {
	case "", config.SignInKey:
		if _, err := profiles.Unset(profile, config.Auth); err != nil {
			return err
		}
		return profiles.Set(profile, config.Keyring, "true")
	case config.SignInToken:
		return usagef("an access token is not stored: set ARR_ACCESS_TOKEN where it is needed")
	}
	if err := profiles.Set(profile, config.Auth, string(auth)); err != nil {
		return err
	}
	if auth.AsksPerson() {
		return profiles.Set(profile, config.Keyring, "true")
	}
	_, err := profiles.Unset(profile, config.Keyring)
	return err
}

// signIn signs in and stores what commands need. It returns what it has signed in with.
func (c *loginCommand) signIn(
	cmd *cobra.Command, profiles *config.Profiles, profile string, target config.Target,
) (string, error) {
	if target.SignIn != config.SignInKey {
		return c.signInWithEntra(cmd, profiles, profile, target)
	}
	fromInput := target
	fromInput.Credential = config.KeyStdin
	key, err := accountKey(cmd, fromInput)
	if err != nil {
		return "", err
	}
	if !c.noCheck {
		checked := target
		checked.Credential, checked.Secret = config.AccountKey, key
		if _, err := tokenBy(cmd, checked); err != nil {
			return "", err
		}
	}
	unavailable := c.store(cmd.Context(), keystore.Key(target.Account.ID, tokenHost(target)), key)
	if unavailable == nil {
		return "a key, which is in the keyring", nil
	}
	path := keyFile(profiles, target)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("cannot store the key: %w", err)
	}
	if err := config.WriteFile(path, []byte(key+"\n")); err != nil {
		return "", fmt.Errorf("cannot store the key: %w", err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Warning: %s. The key is in %s, which only you can read, and not encrypted.\n",
		text.OneLine(unavailable.Error()), path)
	return "a key, which is in a file", profiles.Set(profile, config.KeyFile, path)
}

// signInWithEntra signs in with Microsoft Entra. It stores the access token if a person had to take
// part.
func (c *loginCommand) signInWithEntra(
	cmd *cobra.Command, profiles *config.Profiles, profile string, target config.Target,
) (string, error) {
	how := "Microsoft Entra (" + string(target.SignIn) + ")"
	target.Credential = "" // what is stored is of no use now
	token, err := tokenBy(cmd, target)
	if err != nil || !target.SignIn.AsksPerson() {
		return how, err
	}
	unavailable := c.store(cmd.Context(), keystore.Token(target.Account.ID, tokenHost(target)), token.Token)
	if unavailable == nil {
		return fmt.Sprintf("%s until %s", how, token.ExpiresOn.Local().Format("2006-01-02 15:04 -07:00")), nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Warning: %s. Each command will ask you to sign in.\n",
		text.OneLine(unavailable.Error()))
	_, err = profiles.Unset(profile, config.Keyring)
	return how, err
}

// tokenBy gets an access token as a target signs in.
func tokenBy(cmd *cobra.Command, target config.Target) (token azcore.AccessToken, err error) {
	connect, err := signIn(cmd, target)
	if err != nil {
		return token, err
	}
	client, err := connect(target)
	if err != nil {
		return token, err
	}
	return client.AccessToken(cmd.Context(), nil)
}

func (c *loginCommand) store(ctx context.Context, entry, secret string) error {
	ctx, cancel := context.WithTimeout(ctx, keyringTime)
	defer cancel()
	return keystore.Set(ctx, entry, secret)
}

// warnOfVariables says which variables win over the profile.
func (c *loginCommand) warnOfVariables(cmd *cobra.Command) {
	for _, name := range []config.Name{config.AccountKey, config.KeyFile, config.AccessToken, config.Auth} {
		if variable := name.Variable(); os.Getenv(variable) != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is set, and wins over the profile.\n", variable)
		}
	}
}

// ask asks for something that is no secret, on a terminal.
func ask(cmd *cobra.Command, question string) (string, error) {
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: ", question)
	return untilEnd(cmd.Context(), func() (string, error) {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("there is no answer: %w", err)
		}
		return strings.TrimSpace(line), nil
	})
}
