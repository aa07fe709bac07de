// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// reach says which regions a command concerns.
type reach struct {
	all    bool // --all-regions
	sweeps bool // every region that may have sessions, unless flags name some
	places bool // those in which it may create a session
}

// chosenRegions returns the endpoints that a command concerns, in order of preference.
func (s *serviceFlags) chosenRegions(target config.Target) ([]string, error) {
	switch {
	case s.reach.all:
		endpoints, ok := target.AllRegions()
		if !ok {
			return nil, usagef(
				"--all-regions needs an endpoint that names a region, and %s does not: "+
					"give each endpoint with --endpoint",
				target.Endpoint,
			)
		}
		return endpoints, nil
	case s.reach.places:
		return target.WithFallback(), nil
	case s.reach.sweeps && !target.Named && config.IsHosted(target.Endpoint):
		endpoints, _ := target.AllRegions()
		return endpoints, nil
	default:
		return target.Regions(), nil
	}
}

// addAllRegions adds the flag for commands that work in several regions.
func (s *serviceFlags) addAllRegions(cmd *cobra.Command) {
	cmd.Flags().BoolVar(
		&s.reach.all,
		"all-regions",
		false,
		"all regions of the service, instead of those of --endpoint or --region",
	)
}

// listFlag is a flag that may be repeated. Its value has commas between the parts.
type listFlag struct{ parts []string }

func (l *listFlag) Set(text string) error { l.parts = append(l.parts, text); return nil }
func (l *listFlag) String() string        { return strings.Join(l.parts, ",") }
func (l *listFlag) Type() string          { return "string" }

// addList adds a flag that stands for a setting with several values.
func (s *serviceFlags) addList(flags *pflag.FlagSet, name config.Name, usage string) {
	flags.Var(&listFlag{}, string(name), usage)
	s.bound[name] = flags.Lookup(string(name))
}

// several reports whether a command concerns more than one region.
func (svc *service) several() bool { return len(svc.regions.Clients()) > 1 }

// in returns the service with the client of one of its regions.
func (svc *service) in(client *arr.SessionsClient) *service {
	one := *svc
	one.SessionsClient = client
	return &one
}

// printSession shows a session of the region of the client.
func (svc *service) printSession(session arr.Session, correlationVector string) error {
	return svc.print.Session(
		arr.RegionSession{Session: session, Client: svc.SessionsClient},
		correlationVector,
	)
}

// find returns the service in the region of a session.
func (svc *service) find(ctx context.Context, id string) (*service, error) {
	if !svc.several() {
		return svc.in(svc.regions.Clients()[0]), nil
	}
	found, err := svc.regions.Find(ctx, id, nil)
	switch {
	case err == nil:
		return svc.in(found.Client), nil
	case errors.Is(err, arr.ErrNotFound):
		return nil, fmt.Errorf("in none of %d regions: %w", len(svc.regions.Clients()), err)
	default:
		return nil, apart(ctx, err)
	}
}

// oneRegion refuses more than one region on the command line.
func (svc *service) oneRegion() error {
	if svc.target.Named && len(svc.target.Endpoints) > 1 {
		return usagef("give one region: this command uses the endpoint of one")
	}
	return nil
}

// apart returns the parts of a joined error as failures of their own.
func apart(ctx context.Context, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return failure.WithSignal(ctx, err)
	}
	var failures failure.Several
	for _, part := range joined.Unwrap() {
		failures = append(failures, failure.WithSignal(ctx, adviseNotStopped(part)))
	}
	return failures.OrNil()
}
