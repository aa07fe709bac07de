// SPDX-License-Identifier: MIT

package blobconverter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/internal/blobaccess"
	"github.com/arr-go/azremoterendering/internal/model"
)

const (
	// maxReferences is how many other files of a model are looked for.
	maxReferences = 1000
	maxSettings   = 1 << 20
)

// settings reads the file <asset>.ConversionSettings.json beside the asset. There need be none.
func (j *job) settings(ctx context.Context, asset string) (json.RawMessage, error) {
	name := path.Join(path.Dir(asset), conversion.Stem(asset)+".ConversionSettings.json")
	text, err := j.in.read(ctx, name, maxSettings)
	if failed, ok := errors.AsType[*blobaccess.Error](err); ok && failed.NotFound() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))
	if !json.Valid(text) || text[0] != '{' {
		return nil, &model.InvalidError{Reason: name + " is not a JSON object"}
	}
	return text, nil
}

// checkReferences looks for the other files of a glTF below the prefix. A missing buffer makes the
// input invalid, a missing image is the documented warning.
func (j *job) checkReferences(ctx context.Context, dir string, m *model.Model) error {
	looked := 0
	for _, uri := range m.Buffers {
		if looked++; looked > maxReferences {
			return nil
		}
		found, err := j.has(ctx, dir, uri)
		if err != nil {
			return err
		}
		if !found {
			return &model.InvalidError{
				Reason: fmt.Sprintf("the file %q of the model is not in the input container", uri),
			}
		}
	}
	for _, uri := range m.Images {
		if looked++; looked > maxReferences {
			return nil
		}
		found, err := j.has(ctx, dir, uri)
		if err != nil {
			return err
		}
		if !found {
			j.result.Warnings = append(j.result.Warnings, model.Issue{
				Code: model.MissingTexture, Title: "Missing texture", Details: map[string]string{"texture": uri},
			})
		}
	}
	return nil
}

// has says whether the file of a relative URI exists. Other URIs are not followed.
func (j *job) has(ctx context.Context, dir, uri string) (bool, error) {
	name, ok := below(dir, uri)
	if !ok {
		return false, nil
	}
	_, err := j.in.find(ctx, name)
	if failed, ok := errors.AsType[*blobaccess.Error](err); ok && failed.NotFound() {
		return false, nil
	}
	return err == nil, err
}

// below returns the name of the blob that a relative URI names. It reports false for other URIs and
// for those that lead out of the container.
func below(dir, uri string) (name string, ok bool) {
	relative, err := url.PathUnescape(strings.ReplaceAll(uri, `\`, "/"))
	name = path.Join(dir, relative)
	return name, err == nil && !strings.Contains(uri, ":") &&
		!strings.HasPrefix(name, "..") && !strings.HasPrefix(name, "/") && blobaccess.CheckName(name) == nil
}
