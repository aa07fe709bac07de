// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/internal/blobaccess"
	"github.com/arr-go/azremoterendering/internal/sizeadvice"
	"github.com/arr-go/azremoterendering/internal/text"
)

// convertResult is what arr convert writes as JSON.
type convertResult struct {
	show.Conversion
	// OutputAssetURIWithSAS is set if --read-sas asks for it.
	OutputAssetURIWithSAS string        `json:"outputAssetUriWithSas,omitempty"`
	Upload                *uploadResult `json:"upload,omitempty"`
	Size                  *sizeResult   `json:"sessionSize,omitempty"`
}

// uploadedModel is what arr convert --upload-only writes as JSON.
type uploadedModel struct {
	InputAssetURI string        `json:"inputAssetUri"`
	Upload        *uploadResult `json:"upload"`
}

type uploadResult struct {
	Files          int   `json:"files"`
	FilesUnchanged int   `json:"filesUnchanged"`
	Bytes          int64 `json:"bytes"`
	BytesUnchanged int64 `json:"bytesUnchanged"`
}

func newUploadResult(p storage.Progress) *uploadResult {
	return &uploadResult{p.Files, p.FilesUnchanged, p.Bytes, p.BytesUnchanged}
}

func (u *uploadResult) line() string {
	line := fmt.Sprintf("Uploaded %d of %d files, %s", u.Files-u.FilesUnchanged, u.Files,
		show.Bytes(u.Bytes-u.BytesUnchanged))
	if u.FilesUnchanged > 0 {
		line += "; storage has the others already"
	}
	return line
}

// sizeResult is the size of session that the model needs.
type sizeResult struct {
	Size     string `json:"size"`
	Certain  bool   `json:"certain"`
	Polygons uint64 `json:"polygons"`
	AtMost   uint64 `json:"polygonsDrawnAtMost"`
	line     string
}

// addInfo reads the info file, saves it if that is asked for, and adds the size that follows from
// it. Without the file the conversion has succeeded all the same, so it is an error only if the
// file is to be saved.
func (c *convertCommand) addInfo(ctx context.Context, cmd *cobra.Command, result *convertResult) error {
	if c.where.account == nil {
		return nil
	}
	info, err := c.readResult(ctx, "info")
	if c.infoFile != "" {
		if err == nil {
			err = os.WriteFile(c.infoFile, info, 0o644)
		}
		if err != nil {
			return &failure.Advised{
				Err: fmt.Errorf("conversion %q has succeeded, but its info file was not saved: %w", c.id, err),
				Advice: "The result is " + result.OutputAssetURI +
					"; \"arr conversion get " + c.id + "\" shows the conversion.",
			}
		}
	}
	var advice sizeadvice.Advice
	if err == nil {
		advice, err = sizeadvice.FromInfo(info)
	}
	if err != nil {
		c.tell(cmd, "Warning: the size of session is not known: "+text.OneLine(err.Error()))
		return nil
	}
	result.Size = &sizeResult{
		advice.Size, advice.Certain(), advice.Polygons, advice.AtMost, sizeLine("polygons", advice),
	}
	return nil
}

// readResult reads a file that the service writes beside the result: kind is info or result.
func (c *convertCommand) readResult(ctx context.Context, kind string) ([]byte, error) {
	container, address, err := c.where.locate(c.where.OutputContainer)
	if err != nil {
		return nil, err
	}
	if container == "" {
		return nil, fmt.Errorf("%s is not a container of storage account %s", address, c.where.account.Name())
	}
	name := c.where.OutputFolder + conversion.Stem(c.where.Asset) + "." + kind + ".json"
	return c.where.account.Read(ctx, container, name, 0)
}

// withReport adds to the error of a conversion that has failed what its result file says.
func (c *convertCommand) withReport(ctx context.Context, err error) error {
	if failure.Code(err) != failure.Ended || c.where.account == nil {
		return err
	}
	content, unread := c.readResult(ctx, "result")
	if unread != nil {
		return err // there is no such file, for example because the input could not be read
	}
	if said := reportOf(content); said != "" {
		return &failure.Advised{
			Err:    &reportedError{err, said},
			Advice: "Fix what the result file says, then convert again under another id.",
		}
	}
	return err
}

// reportedError is the error of a failed conversion with what its result file says.
type reportedError struct {
	err  error
	said string
}

func (e *reportedError) Error() string {
	return failure.What(e.err) + "; the result file says: " + e.said
}

func (e *reportedError) Unwrap() error { return e.err }

// reportOf returns the errors of a result file, which is an array of objects (documentation, "Get
// information about conversions").
func reportOf(content []byte) string {
	var entries []map[string]any
	if json.Unmarshal([]byte(strings.TrimPrefix(string(content), "\ufeff")), &entries) != nil {
		return ""
	}
	var said []string
	for _, entry := range entries {
		if title, ok := entry["title"].(string); ok && entry["error"] != nil {
			said = append(said, text.OneLine(title))
		}
	}
	return strings.Join(said, "; ")
}

// addSAS adds the address with a SAS, if it is asked for.
func (c *convertCommand) addSAS(
	ctx context.Context,
	ended arr.Conversion,
	result *convertResult,
) error {
	if c.readSAS == 0 {
		return nil
	}
	container, address, err := c.where.locate(c.where.OutputContainer)
	if err == nil && container == "" {
		err = usagef("%s is not a container of storage account %s", address, c.where.account.Name())
	}
	if err != nil {
		return err
	}
	name := c.where.OutputFolder + ended.Settings.Output.OutputAssetFilename
	var sas blobaccess.SAS
	if sas, err = c.where.account.BlobSAS(ctx, container, name, c.readSAS); err != nil {
		return err
	}
	result.OutputAssetURIWithSAS = c.where.account.BlobURL(container, name) + "?" + sas.Reveal()
	return nil
}

// print writes the result.
func (r *convertResult) print(printer *show.Printer, ended arr.CreateConversionResponse) error {
	shown := show.ConversionResult{
		Conversion:        ended.Conversion,
		CorrelationVector: ended.CorrelationVector,
	}
	return show.Write(printer, convertKind(shown), r)
}

// convertKind describes the result of arr convert, for people that of a conversion with two more
// lines.
func convertKind(shown show.ConversionResult) *show.Kind[*convertResult] {
	type row = *convertResult
	text := show.TextColumn[row]
	return &show.Kind[row]{
		Name:   func(r row) string { return cmp.Or(r.OutputAssetURIWithSAS, r.OutputAssetURI) },
		Object: func(r row) any { return r },
		Columns: []show.Column[row]{
			text("conversion", "id", func(r row) string { return r.ID }),
			text("status", "status", func(r row) string { return string(r.Status) }),
			text("output", "outputAssetUri", func(r row) string { return r.OutputAssetURI }),
			text("with-sas", "outputAssetUriWithSas", func(r row) string { return r.OutputAssetURIWithSAS }),
			text("size", "sessionSize.size", func(r row) string {
				if r.Size == nil {
					return ""
				}
				return r.Size.Size
			}),
			text("ms-cv", "correlationVector", func(r row) string { return r.CorrelationVector }),
		},
		Details: func(r row) []show.Detail {
			details := shown.Details()
			vector := len(details)
			if shown.CorrelationVector != "" {
				vector--
			}
			var more []show.Detail
			if r.OutputAssetURIWithSAS != "" {
				more = append(more, show.Detail{Name: "with a SAS", Value: show.Cell{Text: r.OutputAssetURIWithSAS}})
			}
			if r.Size != nil {
				more = append(more, show.Detail{Name: "size", Value: show.Cell{Text: r.Size.line}})
			}
			return slices.Insert(details, vector, more...)
		},
	}
}
