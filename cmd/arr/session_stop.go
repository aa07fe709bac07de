// SPDX-License-Identifier: MIT

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newStopCommand(s *serviceFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "stop ID...",
		Short: "Stop sessions",
		Long: `Stop sessions, and their billing, at once. Connected devices lose their connection. This cannot be
undone. Stopping a session that has ended already succeeds.`,
		Args:              takesIDs(1, -1),
		ValidArgsFunction: completeIDs(s, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				return forEach(ctx, args, svc.stop)
			})
		},
	}
}

// stopped is how a stopped session is written as JSON.
type stopped struct {
	ID                string `json:"id"`
	Stopped           bool   `json:"stopped"`
	CorrelationVector string `json:"correlationVector,omitempty"`
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
	switch svc.print.Format {
	case show.JSON:
		return svc.print.Object(stopped{id, true, correlationVector})
	case show.Quiet:
		return svc.print.Line(id)
	default:
		return svc.print.Line("Session " + id + " is stopped.")
	}
}
