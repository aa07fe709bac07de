// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
)

// sampleSession is the session that an emulator in the process has from the start, so that there is
// one to look up, extend and stop.
const sampleSession = "sample"

// sampleStartup is how long other sessions are Starting there: long enough for a person to see it.
const sampleStartup = 3 * time.Second

// openEmulator starts an emulator in this process. It listens on a socket, so that what a command
// starts can reach it too.
func (s *serviceFlags) openEmulator(cmd *cobra.Command, opened *service) error {
	if err := s.refuseBesideEmulator(); err != nil {
		return err
	}
	retries, err := opened.settings.MaxRetries()
	if err != nil {
		return err
	}
	e, err := emulator.New(s.emulatorOptions())
	if err != nil {
		return err
	}
	server, err := e.Listen("")
	if err != nil {
		return err
	}
	opened.emulated = true
	opened.close = func() { // the program ends with it
		_ = server.Close()
		_ = e.Close()
	}
	target := config.Target{
		Endpoint:    server.URL,
		STSEndpoint: server.URL,
		Account:     e.Account(),
		Retries:     retries,
	}
	options, err := clientOptions(cmd, target)
	if err == nil {
		opened.account, opened.target = target.Account, target
		opened.SessionsClient, err = arr.NewSessionsClientWithKeyCredential(
			target.Endpoint,
			target.Account,
			azcore.NewKeyCredential(e.Key()),
			options,
		)
	}
	if err == nil {
		opened.regions, err = arr.NewRegionsClient(opened.SessionsClient)
	}
	if err == nil {
		err = s.addSample(cmd.Context(), e, opened.SessionsClient)
	}
	if err != nil {
		opened.close()
		return err
	}
	if !s.quiet {
		fmt.Fprintln(
			cmd.ErrOrStderr(),
			"This is an emulator in this process; it ends with the command.",
		)
	}
	return nil
}

// refuseBesideEmulator refuses flags that say what the emulator has of its own.
func (s *serviceFlags) refuseBesideEmulator() error {
	for _, name := range []config.Name{
		config.Endpoint, config.Region, config.Fallback, config.AccountID, config.AccountDomain,
		config.STSEndpoint, config.STSScope, config.CAFile, config.AllowHTTP, config.Auth,
		config.Tenant, config.ClientID, config.KeyFile, config.KeyStdin,
	} {
		if flag := s.bound[name]; flag != nil && flag.Changed {
			return usagef(
				"--emulator and --%s exclude each other: the emulator has an address, an account and a key of its own",
				name,
			)
		}
	}
	return nil
}

// emulatorOptions are those of an emulator in this process. Conversions work on the storage account
// of the command, if it has one; otherwise they are made up, for any container.
func (s *serviceFlags) emulatorOptions() emulator.Options {
	options := emulator.Options{StartupTime: emulator.FixedStartup(sampleStartup)}
	if s.emulatedStorage != nil {
		options.Storage = blobconverter.New(blobconverter.Options{Open: s.emulatedStorage.Open})
		return options
	}
	var created atomic.Int32
	options.Conversions.Linked = func(string) bool { return true }
	options.Conversions.Times = func() (notStarted, running time.Duration) {
		if created.Add(1) == 1 { // the sample
			return 0, 0
		}
		return time.Second, sampleStartup
	}
	return options
}

// addSample creates the sample conversion, and the sample session, which it makes Ready.
func (s *serviceFlags) addSample(
	ctx context.Context,
	e *emulator.Emulator,
	client *arr.SessionsClient,
) error {
	if s.emulatedStorage == nil {
		const container = "https://example.blob.core.windows.net/"
		conversion := arr.ConversionSettings{
			Input: arr.ConversionInput{
				StorageContainerURL: container + "models", RelativeInputAssetPath: "pavilion.glb",
			},
			Output: arr.ConversionOutput{StorageContainerURL: container + "assets"},
		}
		_, err := client.NewConversionsClient().BeginCreate(ctx, sampleSession, conversion, nil)
		if err != nil {
			return err
		}
	}
	settings := arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: config.UsualLease,
	}
	if _, err := client.BeginCreate(ctx, sampleSession, settings, nil); err != nil {
		return err
	}
	return e.SetStatus(sampleSession, arr.SessionStatusReady)
}
