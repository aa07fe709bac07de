// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// service is the service in use: a client and its account.
type service struct {
	client  *arr.SessionsClient
	account arr.Account
}

// findService returns the service that the environment names, or an emulator.
func findService(out io.Writer) (*service, error) {
	if os.Getenv("ARR_ENDPOINT") != "" {
		return serviceFromEnvironment()
	}
	e, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(3 * time.Second)})
	if err != nil {
		return nil, err
	}
	client, err := e.SessionsClient(nil)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(
		out,
		"ARR_ENDPOINT is not set, so this runs against an emulator in this process. It takes about ten seconds",
	)
	return &service{client: client, account: e.Account()}, nil
}

func serviceFromEnvironment() (*service, error) {
	endpoint, stsEndpoint := os.Getenv("ARR_ENDPOINT"), os.Getenv("ARR_STS_ENDPOINT")
	key := os.Getenv("ARR_ACCOUNT_KEY")
	account := arr.Account{ID: os.Getenv("ARR_ACCOUNT_ID"), Domain: os.Getenv("ARR_ACCOUNT_DOMAIN")}
	var missing []string
	if account.ID == "" {
		missing = append(missing, "ARR_ACCOUNT_ID")
	}
	if key == "" {
		missing = append(missing, "ARR_ACCOUNT_KEY")
	}
	if account.Domain == "" && stsEndpoint == "" {
		missing = append(missing, "ARR_ACCOUNT_DOMAIN (or ARR_STS_ENDPOINT)")
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf(
			"ARR_ENDPOINT is set, so these must be too: %s",
			strings.Join(missing, ", "),
		)
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		account,
		azcore.NewKeyCredential(key),
		&arr.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{
				// An http address is that of an emulator on this machine, whose key is no secret.
				InsecureAllowCredentialWithHTTP: strings.HasPrefix(endpoint, "http://"),
			},
			STSEndpoint: stsEndpoint,
		},
	)
	if err != nil {
		return nil, err
	}
	return &service{client: client, account: account}, nil
}
