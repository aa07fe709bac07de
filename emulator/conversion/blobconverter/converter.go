// SPDX-License-Identifier: MIT

// Package blobconverter converts models in Azure Blob storage, or in Azurite, as far as storage is
// concerned: it reads the input container and writes to the output container with the signatures it
// is given, so that what is wrong with them fails as it does at the service.
//
// It converts nothing for real, and nothing renders the result: the asset that it writes is a copy
// of the input. It does recognise models, and counts those that are glTF, GLB or point clouds.
package blobconverter

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/internal/blobaccess"
	"github.com/arr-go/azremoterendering/internal/model"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// ToolVersion is the conversionToolVersion of info files.
const ToolVersion = "azremoterendering-emulator"

// Options say how storage is reached.
type Options struct {
	// Allow refuses addresses of containers by an error, which is logged. Requests name any
	// address, and the converter sends requests there: anyone who can reach the emulator could let
	// it ask servers of your network. Nil allows all. See [AllowHosts].
	Allow func(container *url.URL) error
	// Open opens a container for which a request has no SAS, as linked storage. It is an error if
	// that container is not linked, which must be found out without a request. Nil means that no
	// storage is linked.
	Open func(containerURL string) (*container.Client, error)
	// ClientOptions are those of requests that sign in by SAS.
	ClientOptions azcore.ClientOptions
}

// Converter implements conversion.Converter. It is safe for concurrent use. One conversion takes
// about 30 MB of memory however large the model is, and more for scenes of very many parts.
type Converter struct {
	options Options
}

var (
	_ conversion.Converter = (*Converter)(nil)
	_ conversion.Linked    = (*Converter)(nil)
)

// New makes a Converter.
func New(options Options) *Converter { return &Converter{options} }

// Linked says whether a container can be opened without a SAS. It sends no request.
func (c *Converter) Linked(containerURL string) bool {
	if c.options.Open == nil {
		return false
	}
	_, err := c.options.Open(containerURL)
	return err == nil
}

// Convert reads the asset, and writes three blobs: the asset as OutputName, and the files
// <asset>.info.json and <asset>.result.json. If the asset is not a model, it writes only the result
// file, which says why.
func (c *Converter) Convert(ctx context.Context, request conversion.Request) (conversion.Result, error) {
	j := &job{request: request, defaultOutput: conversion.DefaultOutputName(request.Asset)}
	err := errors.Join(c.open(&j.in, request.Input, inputCodes), c.open(&j.out, request.Output, outputCodes))
	if err != nil {
		return conversion.Result{}, firstOf(err)
	}
	if j.request.OutputName == "" {
		j.request.OutputName = j.defaultOutput
	}
	if err := blobaccess.CheckName(j.request.OutputName); err != nil {
		return conversion.Result{}, conversion.Fail(conversion.OutputContainerError, err)
	}
	return j.run(ctx)
}

// firstOf returns the first of joined errors: what is wrong with the input comes first.
func firstOf(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0]
	}
	return err
}

// codes are what the failures of a container are called.
type codes struct{ denied, missing string }

var (
	inputCodes  = codes{conversion.InputContainerAccessDenied, conversion.InputContainerError}
	outputCodes = codes{conversion.OutputContainerAccessDenied, conversion.OutputContainerError}
)

// fail names the failure of a request to a container.
func (c codes) fail(err error) error {
	failed, ok := errors.AsType[*blobaccess.Error](err)
	switch {
	case ok && failed.Denied():
		return conversion.Fail(c.denied, err)
	case ok && failed.NotFound():
		return conversion.Fail(c.missing, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return conversion.Fail(conversion.InternalServerError, err)
}

// folder is an opened location.
type folder struct {
	client  *container.Client
	address *url.URL
	prefix  string
	codes   codes
}

// open opens a location, without a request. An address that is none fails as it does at the
// service: with an internal error.
func (c *Converter) open(f *folder, location conversion.Location, codes codes) error {
	address, err := blobaccess.ParseContainerURL(location.ContainerURL)
	if err == nil && c.options.Allow != nil {
		err = c.options.Allow(address)
	}
	if err != nil {
		return conversion.Fail(conversion.InternalServerError, err)
	}
	if f.prefix, err = blobaccess.CleanPrefix(location.Prefix); err != nil {
		return conversion.Fail(codes.missing, err)
	}
	f.address, f.codes = address, codes
	if location.SAS == "" {
		if c.options.Open == nil {
			return conversion.Fail(codes.denied, errors.New("there is no SAS, and no storage is linked"))
		}
		if f.client, err = c.options.Open(address.String()); err != nil {
			return conversion.Fail(codes.denied, err)
		}
		return nil
	}
	sas, err := blobaccess.ParseSAS(location.SAS)
	if err != nil {
		return conversion.Fail(codes.denied, err)
	}
	if f.client, err = blobaccess.Container(address, sas, c.options.ClientOptions); err != nil {
		return conversion.Fail(conversion.InternalServerError, err)
	}
	return nil
}

// job is one conversion.
type job struct {
	request       conversion.Request
	defaultOutput string
	in, out       folder
	result        model.Result
}

func (j *job) run(ctx context.Context) (conversion.Result, error) {
	j.result.ConversionID = naming.NewUUID()
	asset := strings.TrimLeft(strings.ReplaceAll(j.request.Asset, `\`, "/"), "/")
	if err := blobaccess.CheckName(asset); err != nil {
		return conversion.Result{}, conversion.Fail(conversion.InputContainerError, err)
	}
	if err := j.in.list(ctx); err != nil {
		return conversion.Result{}, err
	}
	source, err := j.in.find(ctx, asset)
	if err != nil {
		return conversion.Result{}, err
	}
	m, settings, err := j.inspect(ctx, source, asset)
	if refused, ok := errors.AsType[*model.InvalidError](err); ok {
		return conversion.Result{}, j.refuse(ctx, asset, refused)
	}
	if err != nil {
		return conversion.Result{}, err
	}
	return j.write(ctx, source, asset, m, settings)
}

// inspect recognises the model, reads its settings, and looks for the files that it refers to.
func (j *job) inspect(ctx context.Context, source *reader, asset string) (*model.Model, json.RawMessage, error) {
	m, err := model.Inspect(asset, source, source.size)
	if err != nil {
		if _, invalid := errors.AsType[*model.InvalidError](err); !invalid {
			err = j.in.codes.fail(err)
		}
		return nil, nil, err
	}
	settings, err := j.settings(ctx, asset)
	if err != nil {
		return nil, nil, err
	}
	return m, settings, j.checkReferences(ctx, path.Dir(asset), m)
}

// write copies the asset and describes it.
func (j *job) write(
	ctx context.Context, source *reader, asset string, m *model.Model, settings json.RawMessage,
) (conversion.Result, error) {
	hash, err := j.out.copyFrom(ctx, source, j.request.OutputName)
	if err != nil {
		return conversion.Result{}, err
	}
	info, err := model.NewInfo(m, model.Conversion{
		Input: asset, Output: j.request.OutputName, DefaultOutput: j.request.OutputName == j.defaultOutput,
		Settings: settings, ToolVersion: ToolVersion, Hash: hash,
	}).JSON()
	if err != nil {
		return conversion.Result{}, conversion.Fail(conversion.InternalServerError, err)
	}
	if err := j.out.write(ctx, conversion.Stem(asset)+".info.json", info); err != nil {
		return conversion.Result{}, err
	}
	if err := j.writeResult(ctx, asset); err != nil {
		return conversion.Result{}, err
	}
	return conversion.Result{
		AssetURL: blobaccess.BlobURL(
			j.out.address,
			j.out.prefix+j.request.OutputName,
		), Warnings: len(j.result.Warnings),
	}, nil
}

// notOfTheService is the code of errors in result files. The service has numbers there, of which
// none is documented.
const notOfTheService = "emulator"

// refuse leaves a result file that says why there is no asset.
func (j *job) refuse(ctx context.Context, asset string, reason *model.InvalidError) error {
	j.result.Error = &model.Issue{
		Code: notOfTheService, Title: "Invalid input",
		Details: map[string]string{"asset": asset, "reason": reason.Reason},
	}
	if err := j.writeResult(ctx, asset); err != nil {
		return err
	}
	return conversion.Fail(conversion.ConversionProcessFailed, reason)
}

func (j *job) writeResult(ctx context.Context, asset string) error {
	text, err := j.result.JSON()
	if err != nil {
		return conversion.Fail(conversion.InternalServerError, err)
	}
	return j.out.write(ctx, conversion.Stem(asset)+".result.json", text)
}
