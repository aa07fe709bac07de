// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newStopCommand(s *serviceFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:        "stop ID...",
		Aliases:    []string{"rm", "delete"},
		SuggestFor: []string{"remove", "kill", "terminate", "del", "destroy"},
		Short:      "Stop sessions",
		Long: `Stop sessions, and their billing, at once. Connected devices lose their connection. This cannot be
undone. Stopping a session that has ended already succeeds. With several regions, a session is stopped
in each region that knows its id.`,
		Example:           `  arr session stop demo`,
		Args:              takesIDs(1, -1),
		ValidArgsFunction: completeIDs(s, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				return forEach(ctx, args, svc.stopEverywhere)
			})
		},
	}
	s.addAllRegions(cmd)
	return cmd
}

// stopped is how a stopped session is written as JSON.
type stopped struct {
	ID      string `json:"id"`
	Stopped bool   `json:"stopped"`
	show.Place
	CorrelationVector string `json:"correlationVector,omitempty"`
}

// stopEverywhere stops a session in each region that knows it. A region that cannot be asked may
// know it too, so that is a failure.
func (svc *service) stopEverywhere(ctx context.Context, id string) error {
	clients := svc.regions.Clients()
	results := make([]error, len(clients))
	var regions sync.WaitGroup
	for i, client := range clients {
		regions.Go(func() { results[i] = svc.in(client).stop(ctx, id) })
	}
	regions.Wait()
	notFound := func(err error) bool { return errors.Is(err, arr.ErrNotFound) }
	first, several := results[0], svc.several()
	failures := slices.DeleteFunc(slices.Clone(results), notFound)
	switch {
	case len(failures) == 0 && several:
		return fmt.Errorf("in none of %d regions: %w", len(clients), first)
	case !several:
		return first
	default:
		return apart(ctx, errors.Join(failures...))
	}
}

// stop stops a session and says so.
func (svc *service) stop(ctx context.Context, id string) error {
	defer svc.stopping(id)()
	answer, err := svc.Stop(ctx, id, nil)
	if err != nil {
		return err
	}
	return svc.printStopped(id, answer.CorrelationVector)
}

func (svc *service) printStopped(id, correlationVector string) error {
	result := stopped{id, true, show.PlaceOf(svc.SessionsClient), correlationVector}
	if !svc.print.ForPeople() {
		return show.Write(svc.print, stoppedKind(), result)
	}
	where := ""
	if svc.several() {
		where = " in " + result.Place.String()
	}
	return svc.print.Line("Session " + id + where + " is stopped.")
}

func stoppedKind() *show.Kind[stopped] {
	return &show.Kind[stopped]{
		Name:   func(s stopped) string { return s.ID },
		Object: func(s stopped) any { return s },
		Columns: []show.Column[stopped]{
			show.TextColumn("session", "id", func(s stopped) string { return s.ID }),
			show.TextColumn("stopped", "stopped", func(s stopped) string { return strconv.FormatBool(s.Stopped) }),
			show.TextColumn("region", "region", func(s stopped) string { return string(s.Region) }),
			show.TextColumn("endpoint", "endpoint", func(s stopped) string { return s.Endpoint }),
			show.TextColumn("ms-cv", "correlationVector", func(s stopped) string { return s.CorrelationVector }),
		},
	}
}
