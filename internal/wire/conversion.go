// SPDX-License-Identifier: MIT

package wire

import (
	"regexp"
	"strings"
	"time"
)

// ConversionTimeLayout is how the service writes the times of conversions: up to seven fractional
// digits without trailing zeros, and "Z".
const ConversionTimeLayout = "2006-01-02T15:04:05.9999999Z07:00"

// Conversion is a conversion as the service writes it. The members are in the order of the service.
type Conversion struct {
	ID           string             `json:"id"`
	CreationTime string             `json:"creationTime,omitempty"`
	Settings     ConversionSettings `json:"settings"`
	Output       ConversionResult   `json:"output,omitzero"`
	Error        *Error             `json:"error"` // null if there is none
	Status       string             `json:"status"`

	// Created is CreationTime in UTC. It is set by reading, and not written.
	Created time.Time `json:"-"`
}

// ConversionSettings says what to convert. In answers, the SAS members are never set.
type ConversionSettings struct {
	Input  InputLocation  `json:"inputLocation"`
	Output OutputLocation `json:"outputLocation"`
}

// InputLocation is where the model is.
type InputLocation struct {
	ContainerURI string `json:"storageContainerUri"`
	ReadListSAS  string `json:"storageContainerReadListSas,omitempty"`
	BlobPrefix   string `json:"blobPrefix,omitempty"`
	AssetPath    string `json:"relativeInputAssetPath"`
}

// OutputLocation is where the results go.
type OutputLocation struct {
	ContainerURI  string `json:"storageContainerUri"`
	WriteSAS      string `json:"storageContainerWriteSas,omitempty"`
	BlobPrefix    string `json:"blobPrefix,omitempty"`
	AssetFilename string `json:"outputAssetFilename,omitempty"`
}

// ConversionResult is what a conversion that succeeded has made.
type ConversionResult struct {
	AssetURI string `json:"outputAssetUri,omitempty"`
}

// ConversionPage is one page of a list of conversions.
type ConversionPage struct {
	Conversions []Conversion `json:"conversions"`
	NextLink    string       `json:"@nextLink"`
}

// ReadConversion reads a conversion. It fails if data is not a JSON object, or if id or status is
// present and cannot be read. It drops what the service never sends and could be a secret: SAS
// members, the queries of addresses, signatures in messages.
func ReadConversion(data []byte) (Conversion, Unread, error) {
	return readOne[Conversion](data)
}

// ReadConversionPage reads a page of conversions. It fails if data is not a JSON object with an
// array of up to 100,000 conversions, or if its next link cannot be read, because then conversions
// are missing. An element without a readable id is left out and named "conversions"; one without a
// readable status has none.
func ReadConversionPage(data []byte) (ConversionPage, Unread, error) {
	var page ConversionPage
	unread, err := readPage(data, "conversions", &page, &page.Conversions, &page.NextLink)
	if err != nil {
		return ConversionPage{}, nil, err
	}
	return page, unread, nil
}

func (c *Conversion) identity() string { return c.ID }

func (c *Conversion) members() members {
	input, output := &c.Settings.Input, &c.Settings.Output
	return members{
		{"id", &c.ID},
		{"creationTime", &c.CreationTime},
		{"settings", members{
			{"inputLocation", members{
				{"storageContainerUri", &input.ContainerURI},
				{"blobPrefix", &input.BlobPrefix},
				{"relativeInputAssetPath", &input.AssetPath},
			}},
			{"outputLocation", members{
				{"storageContainerUri", &output.ContainerURI},
				{"blobPrefix", &output.BlobPrefix},
				{"outputAssetFilename", &output.AssetFilename},
			}},
		}},
		{"output", members{{"outputAssetUri", &c.Output.AssetURI}}},
		{"error", &c.Error},
		{"status", &c.Status},
	}
}

// finish checks what the types of the members leave open, and drops possible secrets.
func (c *Conversion) finish(unread *Unread) {
	c.Created = creationTime(c.CreationTime, unread)
	c.Settings.Input.ReadListSAS, c.Settings.Output.WriteSAS = "", ""
	for _, address := range []*string{
		&c.Settings.Input.ContainerURI, &c.Settings.Output.ContainerURI, &c.Output.AssetURI,
	} {
		*address = WithoutQuery(*address)
	}
	c.Error.dropSignatures()
}

// WithoutQuery cuts an address off in front of its query, which may be a SAS.
func WithoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

// signature finds the signature of a SAS in a text, be it escaped, even several times.
var signature = regexp.MustCompile(
	`(?i)((?:\b|%(?:25)*[0-9a-f]{2})sig(?:=|%(?:25)*3D))[^&\s"'<>]+`)

// WithoutSignature removes the signatures of SAS from a text.
func WithoutSignature(text string) string {
	return signature.ReplaceAllString(text, "${1}REDACTED")
}

func (e *Error) dropSignatures() {
	if e == nil {
		return
	}
	e.Message = WithoutSignature(e.Message)
	for i := range e.Details {
		e.Details[i].dropSignatures()
	}
	e.InnerError.dropSignatures()
}
