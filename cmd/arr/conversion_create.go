// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

// createConversion is what the flags of arr conversion create say.
type createConversion struct {
	*serviceFlags
	noWait   bool
	interval time.Duration
}

func newConversionCreateCommand(s *serviceFlags) *cobra.Command {
	c := &createConversion{serviceFlags: s}
	cmd := &cobra.Command{
		Aliases:    []string{"new", "add"},
		SuggestFor: []string{"start"},
		Use:        "create [ID]",
		Short:      "Convert a model that is in storage, and wait until that has ended",
		Long: `Convert a model that is in Azure Blob storage, and wait until the conversion has ended. Without an ID,
the command generates one. An ID has 1 to 256 characters of A-Z, a-z, 0-9, - and _.

A create can be repeated: if a conversion with this ID and the same settings exists, the command
waits for that one. The service fetches the whole input folder, because a model may need other files.

The service reaches the containers because the storage account is linked to the Remote Rendering
account, or with a SAS (shared access signature): --use-sas makes one for each container, which lasts
for a day. A ready-made SAS is passed in the variables ARR_INPUT_SAS (read and list) and
ARR_OUTPUT_SAS (write). A SAS is never an argument and never shown.

If the wait is interrupted, the conversion goes on.`,
		Example: `  arr conversion create --storage-account mine --input-container models --asset arm/arm.fbx \
      --output-container assets
  arr conversion create arm-1 --use-sas       with the rest from arrconfig.json
  arr conversion create --emulator --input-container https://mine.blob.core.windows.net/models \
      --asset arm.fbx --output-container https://mine.blob.core.windows.net/assets`,
		Args:              takesConversionIDs(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	s.addStorageFlags(flags)
	flags.BoolVar(&c.noWait, "no-wait", false, "do not wait until the conversion has ended")
	addConversionInterval(cmd, &c.interval)
	return cmd
}

func (c *createConversion) run(cmd *cobra.Command, args []string) error {
	id := arr.NewConversionID()
	if len(args) > 0 {
		id = args[0]
	}
	var where *places
	convert := func(ctx context.Context, svc *service) error {
		settings, err := where.settings(ctx)
		if err != nil {
			return err
		}
		poller, err := svc.NewConversionsClient().BeginCreate(ctx, id, settings, nil)
		if err != nil {
			return err
		}
		if c.noWait && !poller.Done() {
			return svc.print.Conversion(poller.Conversion(), "")
		}
		progress := c.progress(cmd)
		defer progress.Close()
		ended, err := awaitConversion(ctx, svc, poller, progress, c.interval)
		if err != nil {
			return err
		}
		return progress.Aside(func() error {
			return svc.print.Conversion(ended.Conversion, ended.CorrelationVector)
		})
	}
	return c.use(cmd, 0, convert, func(values *config.Settings) (err error) {
		where, err = c.places(cmd, values)
		return err
	})
}

// places finds where model and result are, before anybody is asked for a key. An emulator in this
// process works with the storage account, if one is named.
func (s *serviceFlags) places(cmd *cobra.Command, values *config.Settings) (*places, error) {
	where, err := findPlaces(cmd, values)
	if err == nil && s.emulator {
		s.emulatedStorage = where.account
	}
	return where, err
}
