// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/internal/model"
	"github.com/arr-go/azremoterendering/internal/sizeadvice"
)

// localModel is a model on this machine.
type localModel struct {
	path   string // what to upload: a folder or a file
	folder string // the folder, also of a file
	asset  string // the path of the model in the folder, with slashes
	alone  bool   // only the file is uploaded
}

// findModel finds the model in a folder, or takes the file. asset names it, if it is not empty.
func findModel(at, asset string) (*localModel, error) {
	info, err := os.Stat(at)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		m := &localModel{path: at, folder: filepath.Dir(at), asset: filepath.Base(at), alone: true}
		if _, known := model.FormatOf(m.asset); !known && asset == "" {
			return nil, fmt.Errorf("%s is not a model: the service converts %s", at, model.Extensions)
		}
		if asset != "" && asset != m.asset {
			return nil, fmt.Errorf("--asset names %s, and the file is %s: give the folder", asset, m.asset)
		}
		return m, nil
	}
	m := &localModel{path: at, folder: at, asset: asset}
	if asset != "" {
		if !fs.ValidPath(asset) {
			return nil, fmt.Errorf("--asset %q is not a path in a folder", asset)
		}
		info, err := fs.Stat(os.DirFS(at), asset)
		if err != nil || !info.Mode().IsRegular() {
			return nil, fmt.Errorf("there is no file %s in folder %s", asset, at)
		}
		return m, nil
	}
	m.asset, err = onlyModel(at)
	return m, err
}

// onlyModel returns the one model in a folder.
func onlyModel(folder string) (string, error) {
	var found []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, known := model.FormatOf(path); known {
			found = append(found, path)
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", fmt.Errorf("there is no model in folder %s: the service converts %s", folder, model.Extensions)
	case len(found) == 1:
		return found[0], nil
	}
	const most = 5
	names := strings.Join(found[:min(len(found), most)], ", ")
	if more := len(found) - most; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return "", fmt.Errorf("there are %d models in folder %s: %s; choose one with --asset", len(found), folder, names)
}

// inspection is what a model is found to be.
type inspection struct {
	*model.Model
	asset   string
	missing []string // images that are not there
}

// inspect recognises the model and looks for the files that it needs. An error means that the
// conversion would fail.
func (m *localModel) inspect() (*inspection, error) {
	file, err := os.DirFS(m.folder).Open(m.asset)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	content, ok := file.(*os.File)
	if !ok || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", m.asset)
	}
	found, err := model.Inspect(m.asset, content, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.asset, err)
	}
	if missing := m.missing(found.Buffers); len(missing) > 0 {
		return nil, fmt.Errorf("%s needs %s, which is not uploaded with it", m.asset, strings.Join(missing, ", "))
	}
	return &inspection{found, m.asset, m.missing(found.Images)}, nil
}

// missing returns those of the files that a model names that are not uploaded.
func (m *localModel) missing(references []string) (missing []string) {
	for _, reference := range references {
		name, err := url.PathUnescape(reference)
		if err == nil {
			name = path.Join(path.Dir(m.asset), name)
			info, failed := fs.Stat(os.DirFS(m.folder), name) // also if it is not a path in the folder
			if err = failed; err == nil && (m.alone || !info.Mode().IsRegular()) {
				err = errors.New("not uploaded")
			}
		}
		if err != nil && !slices.Contains(missing, reference) {
			missing = append(missing, reference)
		}
	}
	return missing
}

// lines tell people about the model.
func (i *inspection) lines() []string {
	line := i.asset + ": " + string(i.Format)
	if i.Version != "" {
		line += " " + i.Version
	}
	if i.Statistics != nil && !i.Format.PointCloud() {
		line += ", " + sizeLine("polygons drawn", sizeadvice.For(i.Statistics.SceneFaces))
	} else if i.Statistics != nil {
		line += fmt.Sprintf(", %d points", i.Statistics.NumVertices)
	}
	lines := []string{line}
	if len(i.missing) > 0 {
		lines = append(lines, fmt.Sprintf(
			"Warning: images that the model names are not uploaded with it: %s", strings.Join(i.missing, ", ")))
	}
	return lines
}

// sizeLine says which size of session fits. The service counts each part of a model once, and
// before the upload the parts are counted as often as they are drawn, so what is counted has a
// name.
func sizeLine(counted string, a sizeadvice.Advice) string {
	switch {
	case a.Size == sizeadvice.Premium:
		return fmt.Sprintf("%d %s: a session of size Premium (Standard shows %d)",
			a.Polygons, counted, sizeadvice.MaxStandard)
	case !a.Certain():
		return fmt.Sprintf(
			"%d %s, drawn as up to %d: a session of size Standard, or Premium if that is more than %d",
			a.Polygons, counted, a.AtMost, sizeadvice.MaxStandard)
	default:
		return fmt.Sprintf("%d %s: a session of size Standard", a.Polygons, counted)
	}
}
