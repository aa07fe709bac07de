// SPDX-License-Identifier: MIT

package main

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

// connector makes the client of a target. No request is sent.
type connector func(config.Target) (*arr.SessionsClient, error)

// signIn finds the credential of a target, once, however many clients are to have it.
func signIn(cmd *cobra.Command, target config.Target) (connector, error) {
	with := func(connect func(config.Target, *arr.SessionsClientOptions) (*arr.SessionsClient, error)) connector {
		return func(target config.Target) (*arr.SessionsClient, error) {
			options, err := clientOptions(cmd, target)
			if err != nil {
				return nil, err
			}
			return connect(target, options)
		}
	}
	switch target.SignIn {
	case config.SignInKey:
		key, err := accountKey(cmd, target)
		if err != nil {
			return nil, err
		}
		return with(
			func(t config.Target, options *arr.SessionsClientOptions) (*arr.SessionsClient, error) {
				return arr.NewSessionsClientWithKeyCredential(
					t.Endpoint,
					t.Account,
					azcore.NewKeyCredential(key),
					options,
				)
			},
		), nil
	case config.SignInToken:
		token, err := arr.NewStaticAccessToken(target.Secret)
		if err != nil {
			return nil, err
		}
		return with(withToken(token)), nil
	default:
		if target.Credential == config.Keyring {
			if token := tokenFromKeyring(cmd.Context(), target); token != nil {
				return with(withToken(token)), nil
			}
		}
		identity, err := identity(cmd, target)
		if err != nil {
			return nil, err
		}
		return with(
			func(t config.Target, options *arr.SessionsClientOptions) (*arr.SessionsClient, error) {
				return arr.NewSessionsClient(t.Endpoint, t.Account, identity, options)
			},
		), nil
	}
}

// withToken connects with an access token of the service.
func withToken(
	token azcore.TokenCredential,
) func(config.Target, *arr.SessionsClientOptions) (*arr.SessionsClient, error) {
	return func(t config.Target, options *arr.SessionsClientOptions) (*arr.SessionsClient, error) {
		return arr.NewSessionsClientWithAccessToken(t.Endpoint, t.Account.ID, token, options)
	}
}
