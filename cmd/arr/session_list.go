// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newListCommand(s *serviceFlags) *cobra.Command {
	var filter sessionFilter
	var watches bool
	interval := watchInterval
	columns := show.SessionKind(false)
	cmd := &cobra.Command{
		Use:        "list",
		Aliases:    []string{"ls"},
		SuggestFor: []string{"ps"},
		Short:      "List the sessions of the account in one region or several",
		Long: `List the sessions of the account. The service lists sessions that are Starting or Ready, and each
region has its own list. The command shows those of the configured endpoint and its fallbacks, of each
--endpoint or --region, or of --all-regions.

If a region cannot be listed, the sessions of the others are shown, and the command fails.

Formats other than text and wide are written page by page as the service answers, in constant memory,
unless --sort is given. If a later page fails, the command fails after the pages before it.

--watch shows the sessions until you interrupt it. On a terminal, text is a table that is drawn again and
again: the time that is left counts down, and a session that has ended stays for 10 seconds. Elsewhere
there is one line, or one result, for each session and then for each change: as JSON with "changeTime"
and "previousStatus". Sessions that the service no longer knows are Gone. There are two more columns,
changed and previous. An answer of the service has 50 sessions or so; --interval says how often all are
asked for.`,
		Example: `  arr session list
  arr session list --region westeurope,northeurope
  arr session list --status Ready --sort remaining --columns session,remaining,host
  arr session list --all-regions --output json
  arr session list --watch --status Starting,Ready
  arr session list --watch --output json                one line for each change`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.read(); err != nil {
				return err
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				if !watches {
					return list(ctx, svc, &filter)
				}
				watch := sessionWatch{svc: svc, filter: &filter, interval: interval}
				return watch.watch(ctx, cmd, s)
			}, func(values *config.Settings) error {
				if watches {
					return checked(&s.look, show.WatchedKind(false, false))(values)
				}
				return checked(&s.look, columns)(values)
			})
		},
	}
	s.addAllRegions(cmd)
	cmd.Flags().BoolVarP(&watches, "watch", "w", false, "go on, and show changes")
	addTime(cmd, &interval, "interval", "time between two lists with --watch (default: 10s)")
	filter.addFlags(cmd)
	s.look.addListFlags(cmd, columns.Names())
	return cmd
}

// list shows the sessions of all regions, and returns the failures of those that cannot be listed.
func list(ctx context.Context, svc *service, filter *sessionFilter) error {
	sessions := show.NewList(svc.print, show.SessionKind(svc.print.Regions))
	var failures []error
	kept := make(map[*arr.SessionsClient][]show.SessionResult) // if all of them are shown at the end
	found := 0
	err := svc.pages(ctx, func(page sessionPage) error {
		if page.failure != nil {
			failures = append(failures, page.failure)
		}
		var chosen []show.SessionResult
		for _, session := range page.sessions {
			if filter.accepts(session) {
				chosen = append(chosen, show.SessionResult{
					RegionSession: arr.RegionSession{Session: session, Client: page.client},
				})
			}
		}
		found += len(chosen)
		if sessions.Streams() {
			return sessions.Add(chosen)
		}
		kept[page.client] = append(kept[page.client], chosen...)
		return nil
	})
	if err != nil {
		return err
	}
	if len(failures) == 0 || svc.several() && found > 0 {
		for _, client := range svc.regions.Clients() {
			if err := sessions.Add(kept[client]); err != nil {
				return err
			}
		}
		if err := sessions.Close(); err != nil {
			return err
		}
	}
	if len(failures) == 1 {
		return failures[0]
	}
	return apart(ctx, errors.Join(failures...))
}

// sessionPage is one page of the list of a region, or the failure that ends it.
type sessionPage struct {
	client   *arr.SessionsClient
	sessions []arr.Session
	failure  error
}

// pages calls do with each page of the lists of all regions, as they arrive. A failure of do ends it.
func (svc *service) pages(ctx context.Context, do func(sessionPage) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived := make(chan sessionPage)
	var regions sync.WaitGroup
	for _, client := range svc.regions.Clients() {
		regions.Go(func() {
			for pager := client.NewListPager(nil); pager.More(); {
				page, err := pager.NextPage(ctx)
				if err != nil {
					err = &arr.RegionError{Endpoint: client.Endpoint(), Err: err}
				}
				arrived <- sessionPage{client, page.Sessions, err}
				if err != nil {
					return
				}
			}
		})
	}
	go func() {
		regions.Wait()
		close(arrived)
	}()
	var failed error
	for page := range arrived {
		if failed == nil {
			failed = do(page)
		}
		if failed != nil {
			cancel() // and wait until nobody sends pages
		}
	}
	return failed
}
