// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// service is what a command works with: the client of an account, and where results go.
type service struct {
	*arr.SessionsClient
	regions  *arr.RegionsClient // the client and those of --fallback; set by arr run
	account  arr.Account
	target   config.Target
	settings *config.Settings
	print    *show.Printer
	close    func() // ends what was started for this command

	emulated bool // it is an emulator in this process

	// open holds the sessions that may keep running when this process ends, say writes a line about
	// them on standard error, and flags are what "arr session stop" needs for the endpoint.
	open  *unfinished
	say   func(line string)
	flags func(endpoint string) string
}

// use opens the service of a command, and calls do with it and with the context of the command,
// which --timeout bounds; without it, limit does, and 0 is none.
func (s *serviceFlags) use(
	cmd *cobra.Command,
	limit time.Duration,
	do func(context.Context, *service) error,
	checks ...func(*config.Settings) error,
) error {
	svc, err := s.open(cmd, checks...)
	if err != nil {
		return err
	}
	defer svc.close()
	ctx, cancel := s.bounded(cmd.Context(), limit)
	defer cancel()
	return do(ctx, svc)
}

// open returns the service that the settings of a command name, or an emulator in this process.
// What a command needs besides is checked before anybody is asked for a key.
func (s *serviceFlags) open(
	cmd *cobra.Command,
	checks ...func(*config.Settings) error,
) (*service, error) {
	if s.timeout < 0 {
		return nil, usagef("--timeout is a time above 0, such as 90s")
	}
	values, err := s.load()
	if err != nil {
		return nil, err
	}
	for _, check := range checks {
		if err := check(values); err != nil {
			return nil, err
		}
	}
	printer, err := s.printer(cmd, values)
	if err != nil {
		return nil, err
	}
	s.warnOfExposed(cmd, values)
	opened := &service{settings: values, print: printer, close: func() {}}
	opened.open, opened.say = unfinishedOf(cmd.Context()), func(line string) {
		if !s.quiet {
			fmt.Fprintln(cmd.ErrOrStderr(), line)
		}
	}
	opened.flags = func(endpoint string) string { return s.flagsFor(cmd, endpoint) }
	if s.emulator {
		opened.open = &unfinished{} // its sessions end with this process
		return opened, s.openEmulator(cmd, opened)
	}
	target, err := askedTarget(cmd, values)
	if err != nil {
		return nil, adviseUnconfigured(err)
	}
	opened.account, opened.target = target.Account, target
	connect, err := signIn(cmd, target)
	if err != nil {
		return nil, inSettings(err, values)
	}
	if opened.SessionsClient, err = connect(target); err != nil {
		return nil, inSettings(err, values)
	}
	endpoints, err := s.chosenRegions(target)
	if err != nil {
		return nil, err
	}
	opened.regions, err = opened.InRegions(endpoints...)
	printer.Regions = len(endpoints) > 1
	return opened, inSettings(err, values)
}

// adviseUnconfigured adds to an error, if it means that nothing is configured, what to do.
func adviseUnconfigured(err error) error {
	if !config.IsUnconfigured(err) {
		return err
	}
	return &failure.Advised{
		Err: &failure.UsageError{Err: err},
		Advice: "Set ARR_ENDPOINT, ARR_ACCOUNT_ID and ARR_ACCOUNT_KEY, or see \"arr help configuration\"; " +
			"to try this without a service, add --emulator.",
	}
}

func clientOptions(cmd *cobra.Command, target config.Target) (*arr.SessionsClientOptions, error) {
	options := &arr.SessionsClientOptions{
		STSEndpoint: target.STSEndpoint,
		STSScope:    target.STSScope,
	}
	options.Telemetry.ApplicationID = "arr"
	for _, address := range append(target.WithFallback(), target.STSEndpoint) {
		// Whether that is safe has been decided with the settings.
		if plain, _ := config.Plain(address); plain {
			options.InsecureAllowCredentialWithHTTP = true
		}
	}
	options.Retry.MaxRetries = azcoreRetries(target.Retries)
	client, err := httpClient(cmd, target.CAFile)
	if client != nil {
		options.Transport = client
	}
	return options, err
}

// azcoreRetries returns a number of retries as azcore spells it: 0 means its default.
func azcoreRetries(n int) int32 {
	switch {
	case n == 0:
		return -1
	case n < 0:
		return 0
	default:
		return int32(n)
	}
}

// trustingTransport returns a transport that trusts the certificates of a file too, nil if there is
// no file.
func trustingTransport(path string) (*http.Transport, error) {
	trusted, err := trustedCertificates(path)
	if err != nil || trusted == nil {
		return nil, err
	}
	through := transport.Standard()
	through.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	return through, nil
}

// trustedCertificates returns those of the system and those of a file, nil if there is no file.
func trustedCertificates(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	certificates, err := input.ReadFile(path)
	if err != nil {
		return nil, usagef("--%s: %w", config.CAFile, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if pool.AppendCertsFromPEM(certificates) {
		return pool, nil
	}
	der, err := x509.ParseCertificates(certificates) // as Windows exports them by default
	if err != nil || len(der) == 0 {
		return nil, usagef("--%s: %s holds no certificate in PEM or DER", config.CAFile, path)
	}
	for _, certificate := range der {
		pool.AddCert(certificate)
	}
	return pool, nil
}

// settingNames are the settings from which arguments of the client come.
var settingNames = map[string][]config.Name{
	"endpoint":       {config.Endpoint, config.Region, config.Fallback},
	"accountID":      {config.AccountID},
	"Account.ID":     {config.AccountID},
	"Account.Domain": {config.AccountDomain},
	"STSEndpoint":    {config.STSEndpoint, config.AccountDomain},
	"Endpoint":       {config.STSEndpoint, config.AccountDomain},
	"token":          {config.AccessToken},
}

// inSettings returns an error about an argument of the client with the place that it comes from,
// such as ARR_ACCOUNT_ID.
func inSettings(err error, values *config.Settings) error {
	return failure.InWords(err, func(argument string) string {
		return values.Source(settingNames[argument]...)
	})
}
