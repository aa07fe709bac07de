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

// service is where the requests go.
type service struct {
	endpoint, stsEndpoint string
	account               arr.Account
	key                   string
	close                 func()
}

// findService returns the service that the environment names, or else an emulator started for the
// occasion.
func findService(out io.Writer) (*service, error) {
	if os.Getenv("ARR_ENDPOINT") != "" {
		return serviceFromEnvironment()
	}
	e, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(4 * time.Second)})
	if err != nil {
		return nil, err
	}
	server, err := e.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "No ARR_ENDPOINT is set, so this is the emulator at %s\n\n", server.URL)
	return &service{
		endpoint:    server.URL,
		stsEndpoint: server.URL,
		account:     e.Account(),
		key:         e.Key(),
		close:       func() { _ = server.Close() },
	}, nil
}

func serviceFromEnvironment() (*service, error) {
	s := &service{
		endpoint:    os.Getenv("ARR_ENDPOINT"),
		stsEndpoint: os.Getenv("ARR_STS_ENDPOINT"),
		account: arr.Account{
			ID:     os.Getenv("ARR_ACCOUNT_ID"),
			Domain: os.Getenv("ARR_ACCOUNT_DOMAIN"),
		},
		key:   os.Getenv("ARR_ACCOUNT_KEY"),
		close: func() {},
	}
	var missing []string
	if s.account.ID == "" {
		missing = append(missing, "ARR_ACCOUNT_ID")
	}
	if s.key == "" {
		missing = append(missing, "ARR_ACCOUNT_KEY")
	}
	if s.account.Domain == "" && s.stsEndpoint == "" {
		missing = append(missing, "ARR_ACCOUNT_DOMAIN (or ARR_STS_ENDPOINT)")
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf(
			"ARR_ENDPOINT is set, so these must be too: %s",
			strings.Join(missing, ", "),
		)
	}
	return s, nil
}

func (s *service) options() *arr.SessionsClientOptions {
	return &arr.SessionsClientOptions{
		ClientOptions: azcore.ClientOptions{
			// Who names an http address means it: an emulator on this machine, with a key that
			// opens nothing else.
			InsecureAllowCredentialWithHTTP: strings.HasPrefix(s.endpoint, "http://"),
		},
		STSEndpoint: s.stsEndpoint,
	}
}
