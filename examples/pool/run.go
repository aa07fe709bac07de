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

// settings configure the pool.
type settings struct {
	prefix    string
	warm, max int
	budget    time.Duration
	idle      time.Duration // without a heartbeat for this long, a device loses its session
	wait      time.Duration // how long a device waits for a session
}

// run serves devices until ctx ends, with sessions of the service that the environment names.
func run(ctx context.Context, settings settings, address, certFile, keyFile string) error {
	switch {
	case settings.prefix == "":
		return errors.New("-prefix is missing: give this pool a prefix of its own, such as pool-a-")
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
	log.Info("serving devices", "url", server.URL()+"/sessions", "prefix", settings.prefix)
	return serve(
		ctx,
		&service{client: client, account: account, devices: devices, settings: settings, log: log},
		server,
	)
}

// serve runs a pool and answers devices until ctx ends. Then it stops warm sessions; devices keep
// theirs.
func serve(ctx context.Context, s *service, server *backend.Server) (err error) {
	s.metrics = newMetrics()
	s.pool, err = lease.NewPool(s.client, s.poolOptions())
	if err != nil {
		return err
	}
	// The pool is closed last, because requests in flight use it.
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
		Observe:     s.metrics.observe,
		Logger:      s.log,
	}
}

// clientFromEnvironment returns a client with an account key. It gets and renews the access token
// for the devices. With arr.NewSessionsClient and a credential of azidentity, a pool needs no key.
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
				// An http address is that of an emulator on this machine, whose key is no secret.
				InsecureAllowCredentialWithHTTP: strings.HasPrefix(endpoint, "http://"),
			},
			STSEndpoint: os.Getenv("ARR_STS_ENDPOINT"),
		},
	)
	return client, account, err
}
