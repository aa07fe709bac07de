// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newConversionWaitCommand(s *serviceFlags) *cobra.Command {
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "wait ID...",
		Short: "Wait until conversions have ended",
		Long: `Wait until conversions have ended, and show each one as soon as it has. If a conversion has failed or
was cancelled, the exit code is 5. Interrupting this command does not change the conversions.`,
		Example:           `  arr conversion wait pavilion`,
		Args:              takesConversionIDs(1, -1),
		ValidArgsFunction: completeConversionIDs(s, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return waitForConversions(cmd, s, args, interval)
		},
	}
	addConversionInterval(cmd, &interval)
	return cmd
}

func addConversionInterval(cmd *cobra.Command, target *time.Duration) {
	addTime(cmd, target, "interval", "time between two requests while waiting (default: 10s)")
}

// waitForConversions waits until all conversions have ended.
func waitForConversions(
	cmd *cobra.Command,
	s *serviceFlags,
	ids []string,
	interval time.Duration,
) error {
	return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
		progress := s.progress(cmd)
		defer progress.Close()
		client := svc.NewConversionsClient()
		return forEach(ctx, ids, func(ctx context.Context, id string) error {
			poller, err := client.BeginWait(ctx, id, nil)
			if err != nil {
				return err
			}
			ended, err := awaitConversion(ctx, svc, poller, progress, interval)
			if err != nil {
				return err
			}
			return progress.Aside(func() error {
				return svc.print.Conversion(ended.Conversion, ended.CorrelationVector)
			})
		})
	})
}

// awaitConversion waits until a conversion has ended. One that has failed is printed, and is an
// error. An error of the wait says how to go on with it.
func awaitConversion(
	ctx context.Context,
	svc *service,
	poller *arr.ConversionPoller,
	progress *show.Progress,
	interval time.Duration,
) (arr.CreateConversionResponse, error) {
	ended, err := poller.PollUntilDone(
		ctx,
		&arr.PollConversionOptions{Frequency: interval, Progress: progress.SawConversion},
	)
	if err == nil {
		return ended, nil
	}
	failed, ok := errors.AsType[*arr.ConversionFailedError](err)
	if !ok {
		return ended, svc.conversionGoesOn(ctx, poller.Conversion().ID, err)
	}
	progress.SawConversion(failed.Conversion)
	if svc.print.Format() == show.Name {
		return ended, err // the ids printed there are those of conversions that have succeeded
	}
	printing := progress.Aside(
		func() error { return svc.print.Conversion(failed.Conversion, failed.CorrelationVector) },
	)
	if printing != nil {
		return ended, printing
	}
	return ended, err
}

// conversionGoesOn adds to the error of a wait that the conversion goes on, and how to wait for it
// again.
func (svc *service) conversionGoesOn(ctx context.Context, id string, err error) error {
	if svc.emulated {
		return err
	}
	return &failure.Advised{
		Err: failure.WithSignal(ctx, err),
		Advice: strings.TrimSpace(
			"The conversion goes on. Wait for it: arr conversion wait " + id + " " + svc.flags(""),
		),
	}
}
