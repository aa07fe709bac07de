// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// regionsCommand is what the flags of arr regions say.
type regionsCommand struct {
	*serviceFlags
	latency   bool
	endpoints []string
	probe     probe
}

func newRegionsCommand() *cobra.Command {
	c := &regionsCommand{serviceFlags: newServiceFlags()}
	cmd := &cobra.Command{
		Use:        "regions",
		Aliases:    []string{"region"},
		SuggestFor: []string{"locations", "location", "ping"},
		Short:      "List the regions, and measure the latency to each",
		Long: `List the regions of the hosted service, with their rendering endpoints and the domains of accounts
created there. The region of a session need not be that of the account.

With --latency, the command measures how long TCP and TLS connections to the endpoints take, and
sorts by the median of all rounds. It sends no request, needs no sign-in and uses no proxy. It
measures all regions and the configured endpoint, or the endpoints that you give. It fails only if
no endpoint can be reached. Rendering needs less than 100 ms, better less than 70 ms.`,
		Example: `  arr regions
  arr regions --latency --rounds 5
  arr regions --latency --endpoint westeurope --endpoint https://arr.example.com`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&c.latency, "latency", false, "measure how long connections take")
	flags.StringArrayVar(
		&c.endpoints,
		"endpoint",
		nil,
		"`ENDPOINT` to measure, a region or an address, instead of all; may be given several times",
	)
	flags.IntVar(&c.probe.rounds, "rounds", 3, "`N`: how often each endpoint is measured")
	flags.DurationVar(
		&c.probe.timeout,
		"timeout",
		5*time.Second,
		"`TIME` after which one connection counts as unreachable",
	)
	c.addText(
		flags,
		config.CAFile,
		"`FILE` with additional certificates to trust, in PEM",
	)
	flags.BoolVar(&c.emulator, "emulator", false, "measure an emulator in this process")
	c.addFileFlags(flags)
	c.addOutputFlags(flags)
	completeWords(cmd, words())
	return cmd
}

func (c *regionsCommand) run(cmd *cobra.Command) error {
	if !c.latency && (len(c.endpoints) > 0 || c.emulator) {
		return usagef("--endpoint and --emulator have no effect without --latency")
	}
	if c.probe.rounds < 1 || c.probe.rounds > 1000 || c.probe.timeout <= 0 {
		return usagef("give --rounds from 1 to 1000, and a --timeout above 0")
	}
	values, err := c.load()
	if err != nil {
		return err
	}
	printer, err := c.printer(cmd, values)
	if err != nil {
		return err
	}
	if !c.latency {
		return show.WriteList(printer, regionKind(), allRegions())
	}
	targets, closeAll, err := c.targets(cmd, values)
	if err != nil {
		return err
	}
	defer closeAll()
	target, err := values.CertificateFile()
	if err != nil {
		return err
	}
	if c.probe.trusted, err = trustedCertificates(target); err != nil {
		return err
	}
	results := c.probe.measureAll(cmd.Context(), targets)
	if err := cmd.Context().Err(); err != nil {
		return fmt.Errorf("measuring: %w", err)
	}
	if err := printLatencies(printer, results); err != nil {
		return err
	}
	if !slices.ContainsFunc(results, latency.reachable) {
		advice := "Check the network, a proxy or firewall, and the names of the endpoints."
		own := func(entry regionEntry) bool { return !config.IsHosted(entry.Endpoint) }
		if !slices.ContainsFunc(targets, own) {
			advice = failure.Retired
		}
		return &failure.Advised{
			Err:    errors.New("none of the endpoints can be reached"),
			Advice: advice,
		}
	}
	return nil
}

// targets returns what is to be measured.
func (c *regionsCommand) targets(
	cmd *cobra.Command,
	values *config.Settings,
) ([]regionEntry, func(), error) {
	nothing := func() {}
	if c.emulator {
		svc, err := c.open(cmd)
		if err != nil {
			return nil, nothing, err
		}
		return []regionEntry{{Endpoint: svc.Endpoint()}}, svc.close, nil
	}
	var targets []regionEntry
	for _, text := range c.endpoints {
		endpoint, region, err := config.ParseEndpoint(text)
		if err != nil {
			return nil, nothing, usagef("--endpoint: %w", err)
		}
		targets = append(targets, regionEntry{Region: region, Endpoint: endpoint})
	}
	if len(targets) > 0 {
		return targets, nothing, nil
	}
	targets = allRegions()
	configured, err := values.ServiceEndpoint()
	if err != nil {
		return nil, nothing, err
	}
	known := func(entry regionEntry) bool { return entry.Endpoint == configured }
	if configured != "" && !slices.ContainsFunc(targets, known) {
		targets = append(targets, regionEntry{Endpoint: configured})
	}
	return targets, nothing, nil
}

func allRegions() []regionEntry {
	var entries []regionEntry
	for _, region := range arr.Regions() {
		entries = append(entries, regionEntry{region, region.Endpoint(), region.AccountDomain()})
	}
	return entries
}
