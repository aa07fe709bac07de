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

// Conversion writes one conversion with all that is known of it. more are further names and values
// for people.
func (p *Printer) Conversion(c arr.Conversion, correlationVector string, more ...[2]string) error {
	switch p.Format {
	case JSON:
		return p.Object(NewConversion(c, correlationVector))
	case Quiet:
		return p.Line(c.ID)
	default:
		return p.paragraph(layOut(conversionRows(c, correlationVector, more), p.colours))
	}
}

// Conversions writes a list.
func (p *Printer) Conversions(conversions []arr.Conversion) error {
	if p.Format != ForPeople {
		for _, conversion := range conversions {
			if err := p.Conversion(conversion, ""); err != nil {
				return err
			}
		}
		return nil
	}
	if len(conversions) == 0 {
		return p.Line("There are no conversions.")
	}
	rows := [][]Cell{p.Heading("CONVERSION", "STATUS", "CREATED", "ASSET")}
	for _, c := range conversions {
		row := Text(c.ID, string(c.Status), "", inputOf(c.Settings.Input))
		row[1].paint = paintOfConversion(c.Status)
		if !c.CreationTime.IsZero() {
			row[2].Text = c.CreationTime.Local().Format(time.DateTime)
		}
		rows = append(rows, row)
	}
	return p.Table(rows)
}

func conversionRows(c arr.Conversion, correlationVector string, more [][2]string) [][]Cell {
	rows := [][]Cell{
		Text("conversion", c.ID),
		{{Text: "status"}, {Text: string(c.Status), paint: paintOfConversion(c.Status)}},
	}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, Text(name, value))
		}
	}
	if !c.CreationTime.IsZero() {
		add("created", c.CreationTime.Local().Format("2006-01-02 15:04:05 -07:00"))
	}
	add("asset", inputOf(c.Settings.Input))
	add("output", outputOf(c))
	for _, pair := range more {
		add(pair[0], pair[1])
	}
	if c.Error != nil {
		add("error", c.Error.Code+": "+c.Error.Message)
	}
	add("MS-CV", correlationVector)
	return rows
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
