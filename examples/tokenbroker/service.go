// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
)

// service is the rendering service, with the account key that never leaves this program.
type service struct {
	endpoint, stsEndpoint string
	account               arr.Account
	key                   string
	options               azcore.ClientOptions
}

func serviceFromEnvironment() (*service, error) {
	var missing []string
	required := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	s := &service{
		endpoint:    required("ARR_ENDPOINT"),
		stsEndpoint: os.Getenv("ARR_STS_ENDPOINT"),
		account: arr.Account{
			ID:     required("ARR_ACCOUNT_ID"),
			Domain: required("ARR_ACCOUNT_DOMAIN"),
		},
		key: required("ARR_ACCOUNT_KEY"),
	}
	required("ARR_SESSION_ID")
	required("BROKER_DEVICES_FILE")
	if len(missing) > 0 {
		return nil, fmt.Errorf(
			"ARR_ENDPOINT is set, so these must be too: %s",
			strings.Join(missing, ", "),
		)
	}
	// Who names an http address means it: an emulator on this machine, with a key that opens
	// nothing else.
	s.options.InsecureAllowCredentialWithHTTP = strings.HasPrefix(s.endpoint, "http://")
	return s, nil
}

// newBroker returns a broker for the session. Its client fetches the access token that the devices
// get, keeps it, and renews it in time.
//
// With arr.NewSessionsClient and a credential of azidentity in place of the account key, a broker
// needs no key at all.
func (s *service) newBroker(
	sessionID string,
	d backend.Devices,
	log *slog.Logger,
) (*broker, error) {
	client, err := arr.NewSessionsClientWithKeyCredential(
		s.endpoint,
		s.account,
		azcore.NewKeyCredential(s.key),
		&arr.SessionsClientOptions{
			ClientOptions: s.options,
			STSEndpoint:   s.stsEndpoint,
		},
	)
	if err != nil {
		return nil, err
	}
	session := sessionAccess{
		SessionID:       sessionID,
		AccountID:       s.account.ID,
		AccountDomain:   s.account.Domain,
		RenderingDomain: client.RenderingDomain(),
	}
	return &broker{session: session, devices: d, client: client, log: log}, nil
}
