// SPDX-License-Identifier: MIT

package conversions

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/redact"
	"github.com/arr-go/azremoterendering/internal/wire"
	"github.com/arr-go/azremoterendering/service"
)

// planned is how a new conversion will end.
type planned struct {
	notStarted, running time.Duration
	convert             bool // in storage, which decides about the end
	endless             bool // Running forever
	as                  azremoterendering.ConversionStatus
	failure             *azremoterendering.ErrorDetail
}

// planOf decides what happens to a conversion, unless storage does.
func (c *Store) planOf(n service.NewConversion) planned {
	notStarted, running := c.options.Times()
	plan := planned{
		notStarted: max(0, notStarted),
		running:    max(0, running),
		convert:    c.options.Storage != nil,
	}
	switch s := n.Settings; {
	case plan.convert:
	case !isAddress(s.InputContainerURL) || !isAddress(s.OutputContainerURL):
		plan.fail(c.failureOf(conversion.Fail(conversion.InternalServerError, nil)))
	case !c.options.AssetExists(s.InputContainerURL, s.InputPrefix+s.InputAsset):
		plan.fail(c.failureOf(conversion.Fail(conversion.InputContainerError, nil)))
	default:
		plan.as = azremoterendering.ConversionStatusSucceeded
	}
	return plan
}

// isAddress reports whether a text is the address of a container.
func isAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && address.Host != "" &&
		(address.Scheme == "https" || address.Scheme == "http")
}

func (p *planned) fail(failure *azremoterendering.ErrorDetail) {
	p.as, p.failure, p.convert = azremoterendering.ConversionStatusFailed, failure, false
}

// settle writes into the facts of a new conversion what is to happen to it.
func (p planned) settle(f *service.ConversionFacts) {
	f.StartedAt = f.CreatedAt.Add(p.notStarted)
	if !p.endless {
		f.EndedAt, f.EndedAs, f.Failure = f.StartedAt.Add(p.running), p.as, p.failure
	}
}

// failureOf returns how clients see that a conversion failed.
func (c *Store) failureOf(failed *conversion.Error) *azremoterendering.ErrorDetail {
	if failed.Code == conversion.InputContainerError && c.options.Vintage < service.Vintage2023 {
		failed = conversion.Fail(conversion.ConversionProcessFailed, failed.Cause)
	}
	return &azremoterendering.ErrorDetail{Code: failed.Code, Message: failed.Message}
}

// requestOf returns what a converter is asked for.
func requestOf(n service.NewConversion) conversion.Request {
	s := n.Settings
	return conversion.Request{
		Input: conversion.Location{
			ContainerURL: s.InputContainerURL, SAS: string(n.ReadListSAS), Prefix: s.InputPrefix,
		},
		Output: conversion.Location{
			ContainerURL: s.OutputContainerURL, SAS: string(n.WriteSAS), Prefix: s.OutputPrefix,
		},
		Asset:      s.InputAsset,
		OutputName: s.OutputName,
	}
}

// run converts in storage, as soon as there is a slot. It ends with the emulator.
func (c *Store) run(r *record, plan planned, request conversion.Request) {
	defer c.running.Done()
	defer close(r.done)
	defer r.cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-r.context.Done():
	}
	c.started(r, plan)
	// Converters promise to keep signatures to themselves; errors of storage libraries are known to
	// quote addresses.
	hide := func(text string) string {
		return redact.Signatures(text, request.Input.SAS, request.Output.SAS)
	}
	result, err := c.convert(r.context, request)
	if err != nil {
		failed := conversion.AsError(err)
		c.options.Logger.LogAttrs(c.context, slog.LevelWarn, "conversion failed",
			slog.String("conversion", r.ID), slog.String("error", hide(failed.Error())))
		failure := c.failureOf(failed)
		failure.Message = hide(failure.Message)
		c.ended(r, plan, azremoterendering.ConversionStatusFailed, failure, "")
		return
	}
	c.ended(r, plan, azremoterendering.ConversionStatusSucceeded, nil,
		hide(wire.WithoutQuery(result.AssetURL)))
}

// convert calls the converter. A panic there becomes an error, because it must not end the process.
func (c *Store) convert(
	ctx context.Context, request conversion.Request,
) (result conversion.Result, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the converter panicked: %v", cause)
		}
	}()
	if err := ctx.Err(); err != nil {
		return result, err
	}
	return c.options.Storage.Convert(ctx, request)
}

func (c *Store) started(r *record, plan planned) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.StartedAt = later(c.clock.Now(), r.CreatedAt.Add(plan.notStarted))
	c.note(r)
}

func (c *Store) ended(
	r *record, plan planned, as azremoterendering.ConversionStatus,
	failure *azremoterendering.ErrorDetail, outputURL string,
) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.EndedAt = later(c.clock.Now(), r.StartedAt.Add(plan.running))
	r.EndedAs, r.Failure, r.OutputAssetURL = as, failure, outputURL
	c.note(r)
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

var _ service.ConversionStore = (*Store)(nil)
