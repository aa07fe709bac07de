// SPDX-License-Identifier: MIT

package service

import "time"

// conversionTimeLayout has up to seven fractional digits, without the zeros at their end, as
// recorded.
const conversionTimeLayout = "2006-01-02T15:04:05.9999999Z"

// wireConversion is a conversion, members in the recorded order. It has one spelling: error is
// always there, output only after success.
type wireConversion struct {
	ID           string                 `json:"id"`
	CreationTime string                 `json:"creationTime"`
	Settings     wireConversionSettings `json:"settings"`
	Output       *wireConversionOutput  `json:"output,omitempty"`
	Error        any                    `json:"error"`
	Status       string                 `json:"status"`
}

type wireConversionSettings struct {
	InputLocation  wireInputLocation  `json:"inputLocation"`
	OutputLocation wireOutputLocation `json:"outputLocation"`
}

// wireInputLocation and wireOutputLocation have no SAS: answers never show one.
type wireInputLocation struct {
	StorageContainerURI    string `json:"storageContainerUri"`
	BlobPrefix             string `json:"blobPrefix,omitempty"`
	RelativeInputAssetPath string `json:"relativeInputAssetPath"`
}

type wireOutputLocation struct {
	StorageContainerURI string `json:"storageContainerUri"`
	BlobPrefix          string `json:"blobPrefix,omitempty"`
	OutputAssetFilename string `json:"outputAssetFilename"`
}

type wireConversionOutput struct {
	OutputAssetURI string `json:"outputAssetUri"`
}

// wireConversionList is a page of the list. Unlike that of sessions it always has @nextLink.
type wireConversionList struct {
	Conversions []any   `json:"conversions"`
	NextLink    *string `json:"@nextLink"`
}

// WireConversion returns a value whose JSON is the conversion in the spelling of the protocol, as
// clients see it at a time.
func WireConversion(f ConversionFacts, now time.Time) any {
	return wireConversionOf(&f, f.Status(now))
}

func wireConversionOf(f *ConversionFacts, status ConversionStatus) wireConversion {
	s := f.Settings
	wire := wireConversion{
		ID:           f.ID,
		CreationTime: f.CreatedAt.UTC().Format(conversionTimeLayout),
		Settings: wireConversionSettings{
			InputLocation:  wireInputLocation{s.InputContainerURL, s.InputPrefix, s.InputAsset},
			OutputLocation: wireOutputLocation{s.OutputContainerURL, s.OutputPrefix, s.OutputName},
		},
		Status: string(status),
	}
	switch {
	case status == ConversionSucceeded:
		wire.Output = &wireConversionOutput{f.OutputURL()}
	case status == ConversionFailed && f.Failure != nil:
		wire.Error = wireError{Code: f.Failure.Code, Message: f.Failure.Message}
	}
	return wire
}

// OutputURL returns the address of the result, whether or not there is one already.
func (f *ConversionFacts) OutputURL() string {
	if f.OutputAssetURL != "" {
		return f.OutputAssetURL
	}
	return f.Settings.outputURL()
}
