// SPDX-License-Identifier: MIT

package show

import (
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// Conversion is how a conversion is written as JSON. Members without a value are left out, except
// those that every conversion has. It holds no SAS: settings marshal without theirs.
type Conversion struct {
	ID                string                 `json:"id"`
	Status            arr.ConversionStatus   `json:"status"`
	CreationTime      *time.Time             `json:"creationTime,omitempty"`
	Settings          arr.ConversionSettings `json:"settings"`
	OutputAssetURI    string                 `json:"outputAssetUri,omitempty"`
	Error             *arr.ErrorDetail       `json:"error,omitempty"`
	CorrelationVector string                 `json:"correlationVector,omitempty"`
}

// NewConversion makes the JSON of a conversion.
func NewConversion(c arr.Conversion, correlationVector string) Conversion {
	out := Conversion{
		ID:                c.ID,
		Status:            c.Status,
		Settings:          c.Settings,
		OutputAssetURI:    c.OutputAssetURL,
		Error:             c.Error,
		CorrelationVector: correlationVector,
	}
	if !c.CreationTime.IsZero() {
		out.CreationTime = &c.CreationTime
	}
	return out
}

// ConversionResult is a conversion as commands show it.
type ConversionResult struct {
	arr.Conversion
	CorrelationVector string
}

// ConversionKind describes conversions.
func ConversionKind() *Kind[ConversionResult] {
	return &Kind[ConversionResult]{
		Plural:  "conversions",
		Name:    func(c ConversionResult) string { return c.ID },
		Object:  func(c ConversionResult) any { return NewConversion(c.Conversion, c.CorrelationVector) },
		Columns: conversionColumns(),
		Details: ConversionResult.Details,
	}
}

func conversionColumns() []Column[ConversionResult] {
	type row = ConversionResult
	return []Column[row]{
		{
			Name: "conversion", Min: 8,
			Cell:   func(c row) Cell { return Cell{Text: c.ID} },
			Fields: []Field[row]{{"id", func(c row) string { return c.ID }}},
		},
		{
			Name: "status",
			Cell: func(c row) Cell { return Cell{string(c.Status), paintOfConversion(c.Status)} },
		},
		{
			Name: "created", Drop: 2,
			Cell: func(c row) Cell { return Cell{Text: localTime(c.CreationTime)} },
			Fields: []Field[row]{
				{"creationTime", func(c row) string { return rfc3339(c.CreationTime) }},
			},
			Compare: func(a, b row) int { return a.CreationTime.Compare(b.CreationTime) },
		},
		{
			Name: "asset", Drop: 1, Min: 16,
			Cell: func(c row) Cell { return Cell{Text: inputOf(c.Settings.Input)} },
		},
		{
			Name: "output", Drop: 3, Min: 16, Wide: true,
			Cell: func(c row) Cell { return Cell{Text: outputOf(c.Conversion)} },
			Fields: []Field[row]{
				{"outputAssetUri", func(c row) string { return c.OutputAssetURL }},
			},
		},
		errorColumn(func(c row) *arr.ErrorDetail { return c.Error }),
		vectorColumn(func(c row) string { return c.CorrelationVector }),
	}
}

// Details are a conversion for people, one property a line.
func (c ConversionResult) Details() []Detail {
	details := []Detail{
		{"conversion", Cell{Text: c.ID}},
		{"status", Cell{string(c.Status), paintOfConversion(c.Status)}},
	}
	add := func(name, value string) {
		if value != "" {
			details = append(details, Detail{name, Cell{Text: value}})
		}
	}
	if !c.CreationTime.IsZero() {
		add("created", c.CreationTime.Local().Format("2006-01-02 15:04:05 -07:00"))
	}
	add("asset", inputOf(c.Settings.Input))
	add("output", outputOf(c.Conversion))
	if c.Error != nil {
		add("error", c.Error.Code+": "+c.Error.Message)
	}
	add("MS-CV", c.CorrelationVector)
	return details
}

// inputOf returns the address of the model.
func inputOf(in arr.ConversionInput) string {
	return below(in.StorageContainerURL, in.BlobPrefix, in.RelativeInputAssetPath)
}

// outputOf returns the address of the result, or where it is to be.
func outputOf(c arr.Conversion) string {
	if c.OutputAssetURL != "" {
		return c.OutputAssetURL
	}
	out := c.Settings.Output
	return below(out.StorageContainerURL, out.BlobPrefix, out.OutputAssetFilename)
}

func below(container string, parts ...string) string {
	for _, part := range parts {
		if part != "" {
			container = strings.TrimSuffix(container, "/") + "/" + part
		}
	}
	return container
}

func paintOfConversion(status arr.ConversionStatus) paint {
	switch status {
	case arr.ConversionStatusSucceeded:
		return green
	case arr.ConversionStatusNotStarted, arr.ConversionStatusRunning:
		return yellow
	case arr.ConversionStatusFailed, arr.ConversionStatusCancelled:
		return red
	default:
		return plain
	}
}
