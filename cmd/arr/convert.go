// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
)

// convertCommand is what the flags of arr convert say.
type convertCommand struct {
	*serviceFlags
	id         string
	parallel   int
	containers bool
	noCheck    bool
	uploadOnly bool
	noWait     bool
	readSAS    time.Duration
	infoFile   string
	interval   time.Duration

	// What follows is known before the first request.
	where *places
	model *localModel
}

func newConvertCommand() *cobra.Command {
	s := newServiceFlags()
	c := &convertCommand{serviceFlags: s}
	cmd := &cobra.Command{
		SuggestFor: []string{"upload"},
		Use:        "convert [FOLDER|FILE]",
		Short:      "Upload a model, convert it, and say which size of session shows it",
		Long: `Upload a model to Azure Blob storage, convert it, wait until that has ended, and show where the result
is and which size of session it needs.

A FOLDER is uploaded with everything in it, because a model may need other files. The model in it is
found by its extension; if there are several, --asset names one. A FILE is uploaded alone. Without
either, the setting local-folder is used, which is localAssetDirectoryPath in arrconfig.json.

Files that storage has already, with the same content, are not uploaded again. An upload that was
interrupted continues when it is repeated. Files in storage that are not in the folder are left there,
and the service fetches them too: use an input folder of its own for each model. With --upload-only,
nothing is converted, and no Remote Rendering account is needed; "arr conversion create" converts
without an upload.

SIGNING IN TO STORAGE is by a connection string, a SAS or an account key, if one is set, else by
Microsoft Entra, with the role Storage Blob Data Contributor. They are never arguments. The service
reaches the containers because the storage account is linked to the Remote Rendering account, or with
--use-sas by a SAS for each container, made for this conversion.

THE RESULT is shown without a SAS, unless --read-sas asks for one: everybody who has it can read the
asset until it expires. With --quiet, only the address of the asset is printed.

The size of session follows from the number of polygons in the info file that the service writes
beside the asset, and before the upload, for models that can be counted, from the file itself.

If the command is interrupted after the upload, the conversion goes on.`,
		Example: `  arr convert ./arm --storage-account mine --input-container models --output-container assets
  arr convert ./arm --asset arm.fbx --use-sas --read-sas 1h     with the rest from arrconfig.json
  arr convert model.glb --emulator                              without a service and without storage`,
		Args: takes(argument{what: "one folder or file", most: 1}),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	c.addFlags(cmd)
	completeWords(cmd, words())
	return cmd
}

func (c *convertCommand) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	c.addStorageFlags(flags)
	flags.StringVar(&c.id, "id", "", "`ID` of the conversion (default: a random one)")
	flags.BoolVar(&c.containers, "create-containers", false, "create the containers if they do not exist")
	flags.IntVar(&c.parallel, "parallel", 8, "`N` requests of the upload at the same time, 1 to 64")
	flags.BoolVar(&c.noCheck, "no-check", false, "upload the model even if it looks damaged or incomplete")
	flags.BoolVar(&c.uploadOnly, "upload-only", false, "do not convert the model")
	flags.BoolVar(&c.noWait, "no-wait", false, "do not wait until the conversion has ended")
	addTime(
		cmd,
		&c.readSAS,
		"read-sas",
		"show the address of the result with a SAS for reading it that lasts for `TIME`, up to 7 days",
	)
	flags.StringVar(&c.infoFile, "info", "", "save the info file of the conversion as `FILE`")
	addConversionInterval(cmd, &c.interval)
	addConversionServiceFlags(c.serviceFlags, flags)
}

func (c *convertCommand) run(cmd *cobra.Command, args []string) error {
	if c.noWait && (c.readSAS > 0 || c.infoFile != "") {
		return usagef("--no-wait excludes --read-sas and --info, which need the result")
	}
	if c.uploadOnly && (c.noWait || c.id != "" || c.readSAS > 0 || c.infoFile != "") {
		return usagef("--upload-only excludes --id, --no-wait, --read-sas and --info, which are about a conversion")
	}
	if c.readSAS > storage.MaxValidity {
		return usagef("--read-sas is at most %v", storage.MaxValidity)
	}
	if c.parallel < 1 || c.parallel > 64 {
		return usagef("--parallel is a number from 1 to 64")
	}
	if c.id == "" {
		c.id = arr.NewConversionID()
	} else if err := checkConversionID(c.id); err != nil {
		return err
	}
	if c.uploadOnly {
		return c.onlyUpload(cmd, args)
	}
	convert := func(ctx context.Context, svc *service) error { return c.convert(ctx, cmd, svc) }
	return c.use(cmd, 0, convert, func(values *config.Settings) error {
		return c.prepare(cmd, values, args)
	})
}

// prepare finds out what to upload and where to, and looks at the model. It sends no request.
func (c *convertCommand) prepare(cmd *cobra.Command, values *config.Settings, args []string) (err error) {
	if c.where, err = c.places(cmd, values); err != nil {
		return err
	}
	if c.where.account == nil {
		if !c.emulator || c.uploadOnly {
			return noStorageAccount()
		}
		if c.readSAS > 0 || c.infoFile != "" {
			return usagef("--read-sas and --info need a storage account")
		}
		c.where.InputContainer, c.where.OutputContainer = emulatedInput, emulatedOutput
	}
	path, from := c.where.LocalFolder, values.Source(config.LocalFolder)+": "
	if _, err := os.Stat(path); err != nil { // files for Windows are used elsewhere too, as by the script
		path = strings.ReplaceAll(path, `\`, "/")
	}
	if len(args) > 0 {
		path, from = args[0], ""
	}
	if path == "" {
		return usagef("give the folder or the file of the model: %s", cmd.UseLine())
	}
	asset := c.where.Asset
	if info, err := os.Stat(path); err == nil && !info.IsDir() && !cmd.Flags().Changed(string(config.Asset)) {
		asset = "" // the file is the model, whatever the settings name
	}
	if c.model, err = findModel(path, asset); err != nil {
		return usagef("%s%w", from, err)
	}
	c.where.Asset = c.model.asset
	return c.inspect(cmd)
}

// The containers of an emulator without storage.
const (
	emulatedInput  = "https://example.blob.core.windows.net/input"
	emulatedOutput = "https://example.blob.core.windows.net/output"
)

// inspect looks at the model and tells what it needs.
func (c *convertCommand) inspect(cmd *cobra.Command) error {
	found, err := c.model.inspect()
	if err != nil {
		if c.noCheck {
			c.tell(cmd, "Warning: "+err.Error())
			return nil
		}
		return &failure.Advised{
			Err:    usagef("%w", err),
			Advice: "Fix the model, or give the folder with all of its files; --no-check uploads it as it is.",
		}
	}
	c.tell(cmd, found.lines()...)
	return nil
}

func (c *convertCommand) tell(cmd *cobra.Command, lines ...string) {
	for _, line := range lines {
		if !c.quiet {
			fmt.Fprintln(cmd.ErrOrStderr(), line)
		}
	}
}

// convert does everything that needs requests.
func (c *convertCommand) convert(ctx context.Context, cmd *cobra.Command, svc *service) error {
	uploaded, err := c.upload(ctx, cmd)
	if err != nil {
		return err
	}
	settings, err := c.where.settings(ctx)
	if err != nil {
		return err
	}
	poller, err := svc.NewConversionsClient().BeginCreate(ctx, c.id, settings, nil)
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
		return c.withReport(ctx, err)
	}
	progress.Close()
	result := &convertResult{
		Conversion: show.NewConversion(ended.Conversion, ended.CorrelationVector),
		Upload:     uploaded,
	}
	if err := c.addInfo(ctx, cmd, result); err != nil {
		return err
	}
	if err := c.addSAS(ctx, ended.Conversion, result); err != nil {
		return err
	}
	return result.print(svc.print, ended)
}
