// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
)

// converting says how conversions end.
type converting struct {
	storage bool     // they read and write storage
	hosts   []string // further ones of storage
	linked  bool     // whether they may do without a SAS
	times   conversionTimes
}

// conversionTimes is how the emulator wants the times of conversions.
type conversionTimes = func() (notStarted, running time.Duration)

func (c *converting) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&c.storage, "storage", false,
		"conversions read and write Azure Blob storage or Azurite, with the SAS of the request; "+
			"without it they are made up. Nothing is rendered in either case")
	flags.StringSliceVar(&c.hosts, "storage-host", nil,
		"further `HOST` of storage to which --storage may send requests, such as azurite, or .HOST for all "+
			"names below it with https; may be repeated. Known are names below "+azureStorage+
			" and, unless other machines can connect, this machine")
	flags.BoolVar(&c.linked, "linked-storage", false,
		"conversions may do without a SAS, as where the storage account is linked: in any container or, with "+
			"--storage, in those of the account that the variables "+storage.VarAccount+", …_KEY, "+
			"…_SAS_TOKEN or …_CONNECTION_STRING name and sign in to")
	addValue(cmd, &c.times, "conversion-time", "TIME", "0s",
		"how long conversions take at least: a time such as 30s, or recorded (42s to 74s, of which up to 11s "+
			"NotStarted, as seen from the service)",
		parseConversionTimes)
}

// parseConversionTimes reads "30s" or "recorded".
func parseConversionTimes(text string) (conversionTimes, error) {
	if text == "recorded" {
		return emulator.RecordedConversion(), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return nil, errors.New("give a time such as 30s, or recorded")
	}
	return emulator.FixedConversion(0, d), nil
}

// azureStorage is where the storage accounts of the public cloud are.
const azureStorage = "blob.core.windows.net"

// thisMachine are the names of storage on this machine, such as Azurite.
var thisMachine = []string{"localhost", "127.0.0.1", "::1"}

// apply writes what the flags say into the options of the emulator.
func (c *converting) apply(o *emulator.Options, address listenAddress) error {
	o.Conversions.Times = c.times
	if !c.storage {
		if len(c.hosts) > 0 {
			return usagef("--storage-host is for --storage")
		}
		if c.linked {
			o.Conversions.Linked = func(string) bool { return true }
		}
		return nil
	}
	hosts := append([]string{"." + azureStorage}, c.hosts...)
	if address.loopback { // otherwise others could let the emulator ask servers of this machine
		hosts = append(hosts, thisMachine...)
	}
	for _, host := range c.hosts {
		if strings.ContainsAny(host, "/:*@? ") && !strings.Contains(host, "::") {
			return usagef("--storage-host %q is neither a host name nor an address; leave out scheme and port", host)
		}
	}
	allow := blobconverter.AllowHosts(hosts...)
	options := blobconverter.Options{Allow: func(container *url.URL) error {
		err := allow(container)
		if err != nil {
			err = errors.New(err.Error() + ": give --storage-host")
		}
		return err
	}}
	if c.linked {
		account, err := linkedAccount()
		if err != nil {
			return err
		}
		options.Open = account.Open
	}
	o.Storage = blobconverter.New(options)
	return nil
}

// linkedAccount signs in to the storage account of the environment. It sends no request.
func linkedAccount() (*storage.Account, error) {
	settings := storage.FromEnvironment(os.Getenv)
	settings.ClientOptions.Telemetry.ApplicationID = "arr"
	account, err := storage.New(settings)
	if err != nil {
		return nil, &failure.Advised{
			Err: usagef("--linked-storage: %w", err),
			Advice: "Set " + storage.VarConnectionString + ", or " + storage.VarAccount + " with " +
				storage.VarKey + " or a Microsoft Entra sign-in.",
		}
	}
	return account, nil
}
