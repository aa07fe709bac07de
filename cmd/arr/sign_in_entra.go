// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

// identity returns the Microsoft Entra credential that the settings ask for.
func identity(cmd *cobra.Command, target config.Target) (azcore.TokenCredential, error) {
	var options azcore.ClientOptions
	if log := requestLog(cmd); log != nil {
		logSignIn(log)
		client, err := httpClient(cmd, "")
		if err != nil {
			return nil, err
		}
		options.Transport = client
	}
	switch target.SignIn {
	case config.SignInAzureCLI:
		return made(
			azidentity.NewAzureCLICredential(
				&azidentity.AzureCLICredentialOptions{TenantID: target.Tenant},
			),
		)
	case config.SignInDeviceCode:
		return made(azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: options, TenantID: target.Tenant, ClientID: target.ClientID,
			UserPrompt: func(_ context.Context, message azidentity.DeviceCodeMessage) error {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), message.Message)
				return err
			},
		}))
	case config.SignInBrowser:
		return made(azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
			ClientOptions: options, TenantID: target.Tenant, ClientID: target.ClientID,
		}))
	case config.SignInManagedIdentity:
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if target.ClientID != "" {
			managed.ID = azidentity.ClientID(target.ClientID)
		}
		return made(azidentity.NewManagedIdentityCredential(managed))
	default:
		return made(
			azidentity.NewDefaultAzureCredential(
				&azidentity.DefaultAzureCredentialOptions{ClientOptions: options, TenantID: target.Tenant},
			),
		)
	}
}

// made returns what a constructor has made. Its errors are about the settings.
func made[T azcore.TokenCredential](credential T, err error) (azcore.TokenCredential, error) {
	if err != nil {
		return nil, usagef("cannot sign in: %w", err)
	}
	return credential, nil
}
