// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

// places are where the model and the result of a conversion are.
type places struct {
	config.Conversion
	account *storage.Account // nil if no storage account is named
}

// usualSAS is how long a SAS for the service lasts. Conversions of large models take hours.
const usualSAS = 24 * time.Hour

// findPlaces reads the settings of a conversion and signs in to storage. It sends no request.
func findPlaces(cmd *cobra.Command, values *config.Settings) (*places, error) {
	conversion, err := values.Conversion()
	if err != nil {
		return nil, err
	}
	p := &places{Conversion: conversion}
	settings, named, err := values.Storage()
	if err != nil {
		return nil, err
	}
	if named {
		if p.account, err = openStorage(cmd, values, settings); err != nil {
			return nil, err
		}
	}
	for _, folder := range []*string{&p.InputFolder, &p.OutputFolder} {
		if *folder, err = blobaccess.CleanPrefix(*folder); err != nil {
			return nil, usagef("%w", err)
		}
	}
	p.Asset = strings.TrimPrefix(strings.ReplaceAll(p.Asset, `\`, "/"), "/")
	return p, nil
}

func openStorage(
	cmd *cobra.Command,
	values *config.Settings,
	settings storage.Settings,
) (*storage.Account, error) {
	if settings.Key == "" && settings.SAS == "" && settings.ConnectionString == "" {
		target, err := values.StorageSignIn()
		if err != nil {
			return nil, err
		}
		if settings.Credential, err = identity(cmd, target); err != nil {
			return nil, err
		}
	}
	settings.ClientOptions.Telemetry.ApplicationID = "arr"
	retries, err := values.MaxRetries()
	if err != nil {
		return nil, err
	}
	settings.ClientOptions.Retry.MaxRetries = azcoreRetries(retries)
	trusted, err := values.CertificateFile()
	if err != nil {
		return nil, err
	}
	client, err := httpClient(cmd, trusted)
	if err != nil {
		return nil, err
	}
	if client != nil {
		settings.ClientOptions.Transport = client
	}
	account, err := storage.New(settings)
	if err != nil {
		return nil, &failure.Advised{
			Err:    usagef("%w", err),
			Advice: "\"arr config\" shows the settings of storage and where they come from.",
		}
	}
	if settings.Account != "" && settings.Account != account.Name() {
		return nil, usagef(
			"%s names storage account %s, and %s is for account %s",
			values.Source(config.StorageAccount), settings.Account,
			values.Source(config.StorageConnectionString, config.StorageSecretFile), account.Name(),
		)
	}
	return account, nil
}

// settings makes what the service is told: which model, where the result goes, and a SAS for both
// containers if it is to have one.
func (p *places) settings(ctx context.Context) (arr.ConversionSettings, error) {
	var settings arr.ConversionSettings
	for _, need := range []struct {
		value string
		name  config.Name
	}{
		{p.Asset, config.Asset},
		{p.InputContainer, config.InputContainer},
		{p.OutputContainer, config.OutputContainer},
	} {
		if need.value == "" {
			return settings, config.Missing(need.name)
		}
	}
	in, out := &settings.Input, &settings.Output
	in.BlobPrefix, in.RelativeInputAssetPath = p.InputFolder, p.Asset
	out.BlobPrefix, out.OutputAssetFilename = p.OutputFolder, p.OutputName
	var err error
	in.StorageContainerURL, in.StorageContainerReadListSAS, err = p.container(
		ctx, p.InputContainer, p.InputSAS, storage.InputRights)
	if err != nil {
		return settings, err
	}
	out.StorageContainerURL, out.StorageContainerWriteSAS, err = p.container(
		ctx, p.OutputContainer, p.OutputSAS, storage.OutputRights)
	return settings, err
}

// container returns the address of a container, and a SAS if the service is to have one: the given
// one, or a new one.
func (p *places) container(
	ctx context.Context,
	container, given string,
	rights storage.Rights,
) (address, sas string, err error) {
	name, address, err := p.locate(container)
	if err != nil || given != "" || !p.UseSAS {
		return address, given, err
	}
	if name == "" {
		return "", "", &failure.Advised{
			Err: usagef("--%s needs the storage account of container %s", config.UseSAS, address),
			Advice: "Name it with --storage-account, or pass a ready-made SAS in ARR_INPUT_SAS and " +
				"ARR_OUTPUT_SAS.",
		}
	}
	made, err := p.account.ContainerSAS(ctx, name, rights, usualSAS)
	return address, made.Reveal(), err
}

// locate returns the address of a container, and its name if it is one of the storage account.
func (p *places) locate(container string) (name, address string, err error) {
	if !strings.Contains(container, "://") {
		if p.account == nil {
			return "", "", noStorageAccount()
		}
		return container, p.account.ContainerURL(container), nil
	}
	parsed, err := blobaccess.ParseContainerURL(container)
	if err != nil {
		return "", "", usagef("%w", err)
	}
	address = parsed.String()
	if p.account != nil {
		at := strings.LastIndex(address, "/")
		if name := address[at+1:]; p.account.ContainerURL(name) == address {
			return name, address, nil
		}
	}
	return "", address, nil
}

func noStorageAccount() error {
	return &failure.Advised{
		Err: usagef("there is no storage account"),
		Advice: "Set --storage-account, AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING, or see " +
			"\"arr help configuration\".",
	}
}
