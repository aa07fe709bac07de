// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// settings are what the pool is to be.
type settings struct {
	prefix    string
	warm, max int
	budget    time.Duration
	idle      time.Duration // without a sign of life, until a device loses its session
	wait      time.Duration // until a device is told to come back later
}

// run serves devices with sessions of the service that the environment names, until ctx ends.
func run(ctx context.Context, settings settings, address, certFile, keyFile string) error {
	switch {
	case settings.prefix == "":
		return errors.New("-prefix is missing: give this pool one of its own, such as pool-a-")
	case settings.idle <= 0 || settings.wait <= 0:
		return errors.New("-idle and -wait must be above 0")
	}
	client, account, err := clientFromEnvironment()
	if err != nil {
		return err
	}
	devices, err := backend.ReadDevices(os.Getenv("POOL_DEVICES_FILE"))
	if err != nil {
		return fmt.Errorf("POOL_DEVICES_FILE: %w", err)
	}
	server, err := backend.Listen(address, certFile, keyFile)
	if err != nil {
		return err
	}
	defer server.Listener.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	log.Info("devices get sessions", "url", server.URL()+"/sessions", "prefix", settings.prefix)
	return serve(
		ctx,
		&service{client: client, account: account, devices: devices, settings: settings, log: log},
		server,
	)
}

// serve keeps a pool, and answers devices until ctx ends. Then idle sessions are stopped, and
// devices keep theirs.
func serve(ctx context.Context, s *service, server *backend.Server) (err error) {
	s.pool, err = lease.NewPool(s.client, s.poolOptions())
	if err != nil {
		return err
	}
	// The pool is closed last, for requests that are in flight use it, and in its own time: ctx has
	// ended by then.
	defer func() { err = errors.Join(err, s.pool.Close(context.WithoutCancel(ctx))) }()
	return server.Serve(ctx, s.handler(), s.settings.wait+exchangeTimeout, s.log)
}

func (s *service) poolOptions() lease.PoolOptions {
	return lease.PoolOptions{
		IDPrefix:    s.settings.prefix,
		Warm:        s.settings.warm,
		Max:         s.settings.max,
		Budget:      s.settings.budget,
		IdleTimeout: s.settings.idle,
		Logger:      s.log,
	}
}

// clientFromEnvironment returns a client that fetches the access token that the devices get, keeps
// it, and renews it in time.
//
// With arr.NewSessionsClient and a credential of azidentity in place of the account key, a pool
// needs no key at all.
func clientFromEnvironment() (*arr.SessionsClient, arr.Account, error) {
	var missing []string
	required := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	endpoint := required("ARR_ENDPOINT")
	account := arr.Account{ID: required("ARR_ACCOUNT_ID"), Domain: required("ARR_ACCOUNT_DOMAIN")}
	key := required("ARR_ACCOUNT_KEY")
	required("POOL_DEVICES_FILE")
	if len(missing) > 0 {
		return nil, account, fmt.Errorf(
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
				// Who names an http address means it: an emulator on this machine, with a key that
				// opens nothing else.
				InsecureAllowCredentialWithHTTP: strings.HasPrefix(endpoint, "http://"),
			},
			STSEndpoint: os.Getenv("ARR_STS_ENDPOINT"),
		},
	)
	return client, account, err
}
