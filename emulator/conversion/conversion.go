// SPDX-License-Identifier: MIT

// Package conversion defines the interface between the emulator, which answers conversion requests,
// and a converter, which reads and writes storage. It imports no storage library; package
// blobconverter below it does.
package conversion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Converter performs conversions. It must be safe for concurrent use.
type Converter interface {
	// Convert performs one conversion and returns when it has ended, or soon after ctx has. An
	// error that is an [*Error] is how the conversion failed; any other, such as that of a context,
	// is InternalServerError.
	Convert(ctx context.Context, request Request) (Result, error)
}

// Linked is implemented by converters that can reach containers without a SAS, as the service does
// where a storage account is linked. Requests without a SAS for other containers are refused by
// PUT.
type Linked interface {
	// Linked says whether the converter can try to reach a container without a SAS.
	Linked(containerURL string) bool
}

// Location is a folder in a container.
type Location struct {
	// ContainerURL is the address of the container, without a query.
	ContainerURL string
	// SAS is the query that allows access. A "?" in front is accepted. Empty means linked storage.
	// It is a secret: formatting and marshalling leave it out.
	SAS string
	// Prefix is the folder. A slash at its end may be missing.
	Prefix string
}

// Format writes the location without the SAS, for every verb.
func (l Location) Format(f fmt.State, _ rune) {
	sas := "no SAS"
	if l.SAS != "" {
		sas = "SAS REDACTED"
	}
	address, _, _ := strings.Cut(l.ContainerURL, "?")
	_, _ = fmt.Fprintf(f, "{%s %s (%s)}", address, l.Prefix, sas)
}

// MarshalJSON leaves the SAS out.
func (l Location) MarshalJSON() ([]byte, error) {
	address, _, _ := strings.Cut(l.ContainerURL, "?")
	return json.Marshal(map[string]string{"containerUrl": address, "prefix": l.Prefix})
}

// Request is one conversion.
type Request struct {
	Input, Output Location
	// Asset is the path of the model below the prefix of Input.
	Asset string
	// OutputName is the name of the result. Empty means DefaultOutputName of Asset.
	OutputName string
}

// AssetExtension is the extension of the results of conversions.
const AssetExtension = ".arrAsset"

// DefaultOutputName returns the name that the service gives to the result: that of the asset,
// without folders, with another extension.
func DefaultOutputName(asset string) string { return Stem(asset) + AssetExtension }

// Stem returns the name of an asset without folders and extension.
func Stem(asset string) string {
	name := path.Base(strings.ReplaceAll(asset, `\`, "/"))
	return strings.TrimSuffix(name, path.Ext(name))
}

// Result is a conversion that succeeded.
type Result struct {
	// AssetURL is the address of the result, without a SAS.
	AssetURL string
	// Warnings is the number of warnings in the result file.
	Warnings int
}

// The codes with which conversions fail. InputContainerError, InputContainerAccessDenied,
// ConversionProcessFailed and InternalServerError were seen at the service; those of the output
// container are made after them.
const (
	InputContainerError         = "InputContainerError"
	InputContainerAccessDenied  = "InputContainerAccessDenied"
	OutputContainerError        = "OutputContainerError"
	OutputContainerAccessDenied = "OutputContainerAccessDenied"
	ConversionProcessFailed     = "ConversionProcessFailed"
	InternalServerError         = "InternalServerError"
)

// messages are the texts of the codes. The first is the service's since 2022 (tests of the Python
// client), that of ConversionProcessFailed is recorded; the others are this project's.
var messages = map[string]string{
	InputContainerError: "Could not find the asset file in the storage account. Please make sure all paths and " +
		"names are correct and the file is uploaded to storage.",
	ConversionProcessFailed: "Invalid input provided. Check logs in output container for details.",
	InputContainerAccessDenied: "Could not access the input container. Please make sure the SAS is valid and " +
		"allows read and list.",
	OutputContainerError: "Could not find the output container in the storage account. Please make sure all names " +
		"are correct and the container exists.",
	OutputContainerAccessDenied: "Could not access the output container. Please make sure the SAS is valid and " +
		"allows write.",
	InternalServerError: "An internal error occurred while processing the conversion.",
}

// Error is how a conversion failed. Code and Message are for the client. Cause is for the log of
// the emulator; it must hold no secret.
type Error struct {
	Code, Message string
	Cause         error
}

// Fail makes an Error with the usual message of a code.
func Fail(code string, cause error) *Error { return &Error{code, messages[code], cause} }

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Code + ": " + e.Message
	}
	return e.Code + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// AsError returns how a conversion failed for any error of a Converter.
func AsError(err error) *Error {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed
	}
	return Fail(InternalServerError, err)
}
