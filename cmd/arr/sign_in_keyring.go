// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/keystore"
)

// keyFile is where the key of an account is without a keyring.
func keyFile(profiles *config.Profiles, target config.Target) string {
	path, err := filepath.Abs(filepath.Join(filepath.Dir(profiles.Path()), "keys", target.Account.ID+".key"))
	if err != nil {
		path = profiles.Path() + ".key"
	}
	return path
}

// removeUnusedKeyFile removes the file with the key of an account, from a login without a keyring,
// if no profile names it any more.
func removeUnusedKeyFile(profiles *config.Profiles, target config.Target) error {
	path := keyFile(profiles, target)
	for _, profile := range profiles.Names() {
		if profiles.Value(profile, config.KeyFile) == path {
			return nil
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot remove the file with the key: %w", err)
	}
	return nil
}

// tokenHost is the host of the token service.
func tokenHost(target config.Target) string {
	address, err := url.Parse(tokenService(target))
	if err != nil {
		return ""
	}
	return strings.ToLower(address.Host)
}

// keyFromKeyring returns the key that arr login has stored.
func keyFromKeyring(ctx context.Context, target config.Target) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keyringTime)
	defer cancel()
	key, err := keystore.Get(ctx, keystore.Key(target.Account.ID, tokenHost(target)))
	if errors.Is(err, keystore.ErrNotFound) {
		return "", &failure.Advised{
			Err:    usagef("the keyring has no key of account %s for %s", target.Account.ID, tokenHost(target)),
			Advice: "Store it: arr login. A key is given only to the token service that it was stored for.",
		}
	}
	return key, adviseKeyring(err)
}

// tokenFromKeyring returns the access token that arr login has stored, nil if there is none that is
// valid for a while. The sign-in then starts anew.
func tokenFromKeyring(ctx context.Context, target config.Target) azcore.TokenCredential {
	ctx, cancel := context.WithTimeout(ctx, keyringTime)
	defer cancel()
	secret, err := keystore.Get(ctx, keystore.Token(target.Account.ID, tokenHost(target)))
	if err != nil {
		return nil
	}
	token, err := arr.NewStaticAccessToken(secret)
	if err != nil {
		return nil
	}
	if got, err := token.GetToken(ctx, policy.TokenRequestOptions{}); err != nil ||
		!got.ExpiresOn.IsZero() && time.Until(got.ExpiresOn) < time.Minute {
		return nil
	}
	return token
}

func adviseKeyring(err error) error {
	if err == nil {
		return nil
	}
	return &failure.Advised{
		Err: err,
		Advice: "Unlock the keyring, or set ARR_ACCOUNT_KEY or ARR_ACCOUNT_KEY_FILE; " +
			"\"arr login\" stores the key in a file where there is no keyring.",
	}
}
