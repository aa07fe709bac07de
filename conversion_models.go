// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/internal/advice"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// ConversionStatus is the state of a conversion. The client returns values that this package does
// not know as they are, and known values in the spelling of the constants.
type ConversionStatus string

const (
	// ConversionStatusNotStarted is the first state: the conversion waits for a server.
	ConversionStatusNotStarted ConversionStatus = "NotStarted"
	// ConversionStatusRunning means that the model is being converted.
	ConversionStatusRunning ConversionStatus = "Running"
	// ConversionStatusCancelled is final. No request of this API cancels a conversion.
	ConversionStatusCancelled ConversionStatus = "Cancelled"
	// ConversionStatusFailed is final. [Conversion.Error] says why.
	ConversionStatusFailed ConversionStatus = "Failed"
	// ConversionStatusSucceeded is final: the result is at [Conversion.OutputAssetURL].
	ConversionStatusSucceeded ConversionStatus = "Succeeded"
)

// PossibleConversionStatusValues returns the states that this package knows.
func PossibleConversionStatusValues() []ConversionStatus { return slices.Clone(conversionStatuses) }

var conversionStatuses = []ConversionStatus{
	ConversionStatusNotStarted,
	ConversionStatusRunning,
	ConversionStatusCancelled,
	ConversionStatusFailed,
	ConversionStatusSucceeded,
}

// Ended reports whether the state is final: Succeeded, Failed or Cancelled. A state that this
// package does not know is not final.
func (s ConversionStatus) Ended() bool { return s == ConversionStatusSucceeded || s.failed() }

func (s ConversionStatus) failed() bool {
	return s == ConversionStatusFailed || s == ConversionStatusCancelled
}

// NewConversionID returns a new random conversion id: a UUID in lower case.
func NewConversionID() string { return naming.NewUUID() }

// ConversionSettings says which model to convert, and where the result goes.
type ConversionSettings struct {
	// Input is where the model is. It is required.
	Input ConversionInput `json:"inputLocation"`
	// Output is where the result goes. It is required.
	Output ConversionOutput `json:"outputLocation"`
}

// ConversionInput is where a model is. Formatting and marshalling it never show the SAS, nor the
// query of the address.
type ConversionInput struct {
	// StorageContainerURL is the address of the container, without a query, such as
	// "https://<account>.blob.core.windows.net/<container>". It is required.
	StorageContainerURL string `json:"storageContainerUri"`

	// StorageContainerReadListSAS is a shared access signature of the container that allows read
	// and list: the query of an address with a SAS. A "?" in front is accepted. It may be empty if
	// the storage account is linked to the Remote Rendering account. It is a secret. Answers never
	// contain it.
	StorageContainerReadListSAS string `json:"-"`

	// BlobPrefix limits the conversion to the blobs whose names begin with it: a folder. The
	// service adds a slash at its end. If it is empty, the service fetches the whole container.
	BlobPrefix string `json:"blobPrefix"`

	// RelativeInputAssetPath is the path of the model below BlobPrefix, such as "arm/arm.fbx". It
	// is required. The service converts FBX, glTF 2 and GLB, and the point clouds XYZ, PLY, E57,
	// LAS and LAZ.
	RelativeInputAssetPath string `json:"relativeInputAssetPath"`
}

// ConversionOutput is where the result of a conversion goes. Formatting and marshalling it never
// show the SAS, nor the query of the address.
type ConversionOutput struct {
	// StorageContainerURL is the address of the container, without a query. It is required.
	StorageContainerURL string `json:"storageContainerUri"`

	// StorageContainerWriteSAS is a shared access signature of the container that allows write. See
	// [ConversionInput].
	StorageContainerWriteSAS string `json:"-"`

	// BlobPrefix precedes the names of the results: a folder. The service adds a slash at its end.
	BlobPrefix string `json:"blobPrefix"`

	// OutputAssetFilename is the name of the result. It ends in ".arrAsset". The default is the
	// name of the model with that extension.
	OutputAssetFilename string `json:"outputAssetFilename"`
}

// Format implements [fmt.Formatter] for every verb.
func (i ConversionInput) Format(f fmt.State, verb rune) {
	type input ConversionInput // has no methods
	shown := input(i)
	shown.StorageContainerURL = wire.WithoutQuery(i.StorageContainerURL)
	shown.StorageContainerReadListSAS = redacted(i.StorageContainerReadListSAS)
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), shown)
}

// Format implements [fmt.Formatter] for every verb.
func (o ConversionOutput) Format(f fmt.State, verb rune) {
	type output ConversionOutput
	shown := output(o)
	shown.StorageContainerURL = wire.WithoutQuery(o.StorageContainerURL)
	shown.StorageContainerWriteSAS = redacted(o.StorageContainerWriteSAS)
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), shown)
}

// MarshalJSON implements [json.Marshaler] with the JSON of the service, without the SAS.
func (i ConversionInput) MarshalJSON() ([]byte, error) {
	w := i.wire()
	w.ContainerURI, w.ReadListSAS = wire.WithoutQuery(w.ContainerURI), ""
	return json.Marshal(w)
}

// MarshalJSON implements [json.Marshaler] with the JSON of the service, without the SAS.
func (o ConversionOutput) MarshalJSON() ([]byte, error) {
	w := o.wire()
	w.ContainerURI, w.WriteSAS = wire.WithoutQuery(w.ContainerURI), ""
	return json.Marshal(w)
}

func redacted(secret string) string {
	if secret == "" {
		return ""
	}
	return "REDACTED"
}

// wire returns the location with the SAS, as only a request has it.
func (i ConversionInput) wire() wire.InputLocation {
	return wire.InputLocation{
		ContainerURI: i.StorageContainerURL,
		ReadListSAS:  bareSAS(i.StorageContainerReadListSAS),
		BlobPrefix:   i.BlobPrefix,
		AssetPath:    i.RelativeInputAssetPath,
	}
}

func (o ConversionOutput) wire() wire.OutputLocation {
	return wire.OutputLocation{
		ContainerURI:  o.StorageContainerURL,
		WriteSAS:      bareSAS(o.StorageContainerWriteSAS),
		BlobPrefix:    o.BlobPrefix,
		AssetFilename: o.OutputAssetFilename,
	}
}

// bareSAS returns a SAS as the documentation of the service writes it.
func bareSAS(sas string) string { return strings.TrimPrefix(strings.TrimSpace(sas), "?") }

// conversionBody is the body of a create.
type conversionBody struct {
	Settings wire.ConversionSettings `json:"settings"`
}

// WithoutSecrets implements [transport.Secretive].
func (b conversionBody) WithoutSecrets() (shown any, secrets []string) {
	input, output := &b.Settings.Input.ReadListSAS, &b.Settings.Output.WriteSAS
	secrets = []string{*input, *output}
	*input, *output = redacted(*input), redacted(*output)
	return b, secrets
}

// check returns an [*InvalidArgumentError] for settings that the service cannot accept, or that
// have a SAS in another place than its own. The error shows no value that may contain a SAS.
func (s ConversionSettings) check() error {
	in, out := s.Input, s.Output
	asset := naming.CheckBlobPath(in.RelativeInputAssetPath)
	if in.RelativeInputAssetPath == "" {
		asset = "is empty; name the model, such as arm.fbx"
	}
	filename := naming.CheckBlobPath(out.OutputAssetFilename)
	if name := out.OutputAssetFilename; name != "" && !strings.HasSuffix(name, naming.AssetExtension) {
		filename = cmp.Or(filename, "does not end in "+naming.AssetExtension)
	}
	for _, field := range []struct{ name, reason string }{
		{
			"Input.StorageContainerURL",
			naming.CheckContainerURL(in.StorageContainerURL, "Input.StorageContainerReadListSAS"),
		},
		{"Input.StorageContainerReadListSAS", naming.CheckSAS(bareSAS(in.StorageContainerReadListSAS))},
		{"Input.BlobPrefix", naming.CheckBlobPath(in.BlobPrefix)},
		{"Input.RelativeInputAssetPath", asset},
		{
			"Output.StorageContainerURL",
			naming.CheckContainerURL(out.StorageContainerURL, "Output.StorageContainerWriteSAS"),
		},
		{"Output.StorageContainerWriteSAS", naming.CheckSAS(bareSAS(out.StorageContainerWriteSAS))},
		{"Output.BlobPrefix", naming.CheckBlobPath(out.BlobPrefix)},
		{"Output.OutputAssetFilename", filename},
	} {
		if field.reason != "" {
			return invalid(field.name, "", field.reason)
		}
	}
	return nil
}

// Conversion is a conversion as the service describes it. Absent values are the zero value of the
// field. A member of an answer that cannot be read, other than id and status, counts as absent too;
// its name is written to azcore's log once. All fields are read-only.
//
// A Conversion marshals to and from the JSON of the service. It never contains a SAS: SAS members,
// queries of addresses and signatures in messages, which the service was never seen to send, are
// dropped from answers.
type Conversion struct {
	// ID is the id that the creator chose. It is case-sensitive.
	ID string

	// Settings are those of the create, without the SAS. The service adds a slash to the prefixes,
	// and fills in OutputAssetFilename.
	Settings ConversionSettings

	// Status is the state at the time of the answer.
	Status ConversionStatus

	// CreationTime is when the service accepted the create, in UTC.
	CreationTime time.Time

	// OutputAssetURL is the address of the result, without a SAS. It is set only if the conversion
	// succeeded. <asset>.info.json and <asset>.result.json are next to it.
	OutputAssetURL string

	// Error says why the conversion failed. Otherwise it is nil.
	Error *ErrorDetail
}

// MarshalJSON implements [json.Marshaler] with the JSON of the service.
func (c Conversion) MarshalJSON() ([]byte, error) {
	input, output := c.Settings.Input.wire(), c.Settings.Output.wire()
	input.ReadListSAS, output.WriteSAS = "", ""
	input.ContainerURI = wire.WithoutQuery(input.ContainerURI)
	output.ContainerURI = wire.WithoutQuery(output.ContainerURI)
	w := wire.Conversion{
		ID:       c.ID,
		Settings: wire.ConversionSettings{Input: input, Output: output},
		Output:   wire.ConversionResult{AssetURI: c.OutputAssetURL},
		Error:    c.Error.wire(),
		Status:   string(c.Status),
	}
	if !c.CreationTime.IsZero() {
		w.CreationTime = c.CreationTime.UTC().Format(wire.ConversionTimeLayout)
	}
	return json.Marshal(w)
}

// UnmarshalJSON implements [json.Unmarshaler] with the JSON of the service. It replaces the whole
// Conversion. What counts as unreadable is the same as in answers of the service; see
// [Session.UnmarshalJSON].
func (c *Conversion) UnmarshalJSON(data []byte) error {
	read, _, err := wire.ReadConversion(data)
	if err != nil {
		return err
	}
	*c = newConversion(&read)
	return nil
}

// newConversion converts a conversion of the service.
func newConversion(w *wire.Conversion) Conversion {
	input, output := w.Settings.Input, w.Settings.Output
	return Conversion{
		ID: w.ID,
		Settings: ConversionSettings{
			Input: ConversionInput{
				StorageContainerURL:    input.ContainerURI,
				BlobPrefix:             input.BlobPrefix,
				RelativeInputAssetPath: input.AssetPath,
			},
			Output: ConversionOutput{
				StorageContainerURL: output.ContainerURI,
				BlobPrefix:          output.BlobPrefix,
				OutputAssetFilename: output.AssetFilename,
			},
		},
		Status:         canonical(ConversionStatus(w.Status), conversionStatuses),
		CreationTime:   w.Created,
		OutputAssetURL: w.Output.AssetURI,
		Error:          newErrorDetail(w.Error),
	}
}

// ConversionFailedError means that a conversion has ended in state Failed or Cancelled.
type ConversionFailedError struct {
	// Conversion is the last known conversion. Its Status says how it ended.
	Conversion Conversion
	// Code is that of Conversion.Error, such as "InputContainerError". It is empty if there is
	// none. The set of codes is open.
	Code string
	// Message is that of Conversion.Error. It may be empty.
	Message string
	// CorrelationVector is the MS-CV header of the answer that showed the final state.
	CorrelationVector string
}

// Error returns one line: which conversion, how it ended, why, and what to do.
func (e *ConversionFailedError) Error() string {
	status := text.OneLine(string(e.Conversion.Status))
	line := fmt.Sprintf("conversion %q has ended in state %s", e.Conversion.ID, status)
	if e.Code != "" || e.Message != "" {
		line += ", " + text.OneLine(e.Code) + ": " + text.OneLine(e.Message)
	}
	return complete(line, e.CorrelationVector, e.Advice())
}

// Advice returns what to do: the last part of the text of the error, after "; ".
func (e *ConversionFailedError) Advice() string { return advice.ConversionFailed(e.Code) }

// BeginCreateConversionOptions contains the optional parameters of
// [ConversionsClient.BeginCreate].
type BeginCreateConversionOptions struct {
	// ResumeToken is a token from [ConversionPoller.ResumeToken]. With it, BeginCreate returns a
	// poller for the conversion of the token and sends no request. The conversion id must be that
	// of the token; the settings are ignored.
	ResumeToken string
}

// BeginWaitConversionOptions contains the optional parameters of [ConversionsClient.BeginWait]. It
// is empty.
type BeginWaitConversionOptions struct{}

// GetConversionOptions contains the optional parameters of [ConversionsClient.Get]. It is empty.
type GetConversionOptions struct{}

// ListConversionsOptions contains the optional parameters of [ConversionsClient.NewListPager] and
// [ConversionsClient.All]. It is empty.
type ListConversionsOptions struct{}

// CreateConversionResponse is the conversion in the last answer to a poller. It marshals like its
// [Conversion], without the correlation vector, and so do the other responses.
type CreateConversionResponse struct {
	Conversion
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// GetConversionResponse is the answer to [ConversionsClient.Get].
type GetConversionResponse struct {
	Conversion
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}

// ListConversionsResponse is one page of conversions.
type ListConversionsResponse struct {
	// Conversions contains the conversions on this page. A page may be empty although others
	// follow.
	Conversions []Conversion
	// NextLink is the address of the next page, as the service returned it. It is empty on the last
	// page.
	NextLink string
	// CorrelationVector is the MS-CV header of the answer.
	CorrelationVector string
}
