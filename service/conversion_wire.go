// SPDX-License-Identifier: MIT

package service

import "github.com/arr-go/azremoterendering"

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

// WireConversion returns a value whose JSON is the conversion in the spelling of the protocol.
func WireConversion(c azremoterendering.Conversion) any {
	in, out := c.Settings.Input, c.Settings.Output
	wire := wireConversion{
		ID:           c.ID,
		CreationTime: c.CreationTime.UTC().Format(conversionTimeLayout),
		Settings: wireConversionSettings{
			InputLocation: wireInputLocation{
				in.StorageContainerURL, in.BlobPrefix, in.RelativeInputAssetPath,
			},
			OutputLocation: wireOutputLocation{
				out.StorageContainerURL, out.BlobPrefix, out.OutputAssetFilename,
			},
		},
		Status: string(c.Status),
	}
	if c.OutputAssetURL != "" {
		wire.Output = &wireConversionOutput{c.OutputAssetURL}
	}
	if c.Error != nil {
		wire.Error = wireError{Code: c.Error.Code, Message: c.Error.Message}
	}
	return wire
}
