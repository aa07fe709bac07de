// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
)

// onlyUpload uploads the model and shows where it is. It needs no service.
func (c *convertCommand) onlyUpload(cmd *cobra.Command, args []string) error {
	values, err := c.load()
	if err != nil {
		return err
	}
	if err := c.prepare(cmd, values, args); err != nil {
		return err
	}
	printer, err := c.printer(cmd, values)
	if err != nil {
		return err
	}
	c.warnOfExposed(cmd, values)
	ctx, cancel := c.bounded(cmd.Context(), 0)
	defer cancel()
	uploaded, err := c.upload(ctx, cmd)
	if err != nil {
		return err
	}
	container, _, err := c.where.locate(c.where.InputContainer)
	if err != nil {
		return err
	}
	address := c.where.account.BlobURL(container, c.where.InputFolder+c.where.Asset)
	if printer.ForPeople() {
		return printer.Line(address)
	}
	return show.Write(printer, uploadedKind(), uploadedModel{address, uploaded})
}

func uploadedKind() *show.Kind[uploadedModel] {
	return &show.Kind[uploadedModel]{
		Name:   func(u uploadedModel) string { return u.InputAssetURI },
		Object: func(u uploadedModel) any { return u },
		Columns: []show.Column[uploadedModel]{
			show.TextColumn("input", "inputAssetUri", func(u uploadedModel) string { return u.InputAssetURI }),
		},
	}
}

// upload uploads the folder or the file.
func (c *convertCommand) upload(ctx context.Context, cmd *cobra.Command) (*uploadResult, error) {
	account := c.where.account
	if account == nil {
		c.tell(cmd, "No storage account is named: nothing is uploaded, and the emulator makes the conversion up.")
		return nil, nil
	}
	container, address, err := c.where.locate(c.where.InputContainer)
	if err == nil && c.where.InputContainer == "" {
		err = config.Missing(config.InputContainer)
	}
	if err != nil {
		return nil, err
	}
	if container == "" {
		return nil, usagef("%s is not a container of storage account %s", address, account.Name())
	}
	if err := c.createContainers(ctx, container); err != nil {
		return nil, err
	}
	transfer := show.NewTransfer(cmd.ErrOrStderr(), c.quiet, os.Getenv)
	done, err := account.Upload(ctx, storage.Upload{
		Path: c.model.path, Container: container, Prefix: c.where.InputFolder, Parallel: c.parallel,
		Progress: func(p storage.Progress) { transfer.Saw(p.BytesDone, p.Bytes, p.FilesDone, p.Files) },
	})
	if err != nil {
		transfer.Close("")
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil, &failure.Advised{
				Err:    failure.WithSignal(ctx, err),
				Advice: "Nothing was converted. Repeat the command: the upload continues where it stopped.",
			}
		}
		return nil, err
	}
	result := newUploadResult(done)
	transfer.Close(result.line())
	return result, nil
}

func (c *convertCommand) createContainers(ctx context.Context, input string) error {
	if !c.containers {
		return nil
	}
	if _, err := c.where.account.CreateContainer(ctx, input); err != nil {
		return err
	}
	output, address, err := c.where.locate(c.where.OutputContainer)
	if err == nil && output == "" {
		err = usagef("%s is not a container of storage account %s", address, c.where.account.Name())
	}
	if err != nil {
		return err
	}
	_, err = c.where.account.CreateContainer(ctx, output)
	return err
}
