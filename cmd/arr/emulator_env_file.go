// SPDX-License-Identifier: MIT

package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/internal/connect"
)

// envFormat is how a file gives variables.
type envFormat string

const (
	envByName     envFormat = ""           // by the ending of the file's name
	envSh         envFormat = "sh"         // export NAME='VALUE'
	envPowerShell envFormat = "powershell" // $env:NAME = 'VALUE'
	envDotenv     envFormat = "dotenv"     // NAME=VALUE, as docker run --env-file reads it
	envJSON       envFormat = "json"       // one object
)

// envFile is a file with variables for other programs. It is there as long as the emulator accepts
// connections.
type envFile struct {
	path   string
	format envFormat
	mark   string // of this run of the emulator
}

func newEnvFile(path string, format envFormat) envFile {
	if format == envByName {
		switch strings.ToLower(filepath.Ext(path)) {
		case ".ps1":
			format = envPowerShell
		case ".json":
			format = envJSON
		default:
			format = envSh
		}
	}
	return envFile{path, format, fmt.Sprintf("pid %d, instance %s", os.Getpid(), rand.Text())}
}

// Each file begins so, by which a later run knows that it may replace it.
const (
	envMark     = "# Written by arr emulator, which removes it at its end: "
	envJSONMark = `{"writtenBy":"arr emulator",`
	byteOrder   = "\ufeff"
)

func (f envFile) powerShell() bool { return f.format == envPowerShell }

// check returns early what would keep the file from being written. What arr has not written is not
// replaced, except for an empty file: neither a text of the user nor a link, a device or a pipe.
func (f envFile) check() error {
	path := f.path
	if strings.ContainsFunc(path, unicode.IsControl) {
		return f.wrong(fmt.Errorf("%q has a control character", path))
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		return f.wrong(fmt.Errorf("%q is a folder", path))
	case err == nil && !info.Mode().IsRegular():
		return f.wrong(fmt.Errorf("%q is there and is not a regular file", path))
	case err == nil && !f.ours():
		return f.wrong(fmt.Errorf("%q is there and was not written by arr emulator", path))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return f.wrong(err)
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return &failure.Advised{
			Err:    usagef("--env-file: there is no folder %q", folder),
			Advice: "Make the folder, or choose another path for --env-file.",
		}
	}
	return nil
}

// wrong returns the error of a path at which the file cannot be.
func (f envFile) wrong(err error) error {
	return &failure.Advised{
		Err:    usagef("--env-file: %w", err),
		Advice: "Choose another path for --env-file, in a folder that you can write to.",
	}
}

// ours reports whether arr wrote the file, in this or another run, or the file is empty.
func (f envFile) ours() bool {
	content, err := input.ReadFile(f.path)
	text := strings.TrimPrefix(string(content), byteOrder)
	return err == nil &&
		(text == "" || strings.HasPrefix(text, envMark) || strings.HasPrefix(text, envJSONMark))
}

// clear removes the file of another run, so that write can put its own there in one step.
func (f envFile) clear() error {
	if err := f.check(); err != nil {
		return err
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.wrong(err)
	}
	return nil
}

// write writes the file for its user alone. It appears in one step, so that a script that waits for
// it never reads half of it.
func (f envFile) write(variables []variable) (err error) {
	content, err := f.text(variables)
	if err != nil {
		return err
	}
	// with mode 0600
	draft, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*")
	if err != nil {
		return f.wrong(err)
	}
	defer func() { _ = os.Remove(draft.Name()) }() // it holds the key
	_, err = draft.WriteString(content)
	if err = errors.Join(err, draft.Close()); err != nil {
		return f.wrong(err)
	}
	// A link fails if another file was created after clear. Some file systems have no links.
	if err = os.Link(draft.Name(), f.path); err == nil {
		return nil
	}
	if err = f.check(); err == nil {
		if err = os.Rename(draft.Name(), f.path); err != nil {
			err = f.wrong(err)
		}
	}
	return err
}

// remove removes the file if it still is the one of this run.
func (f envFile) remove() {
	if info, err := os.Lstat(f.path); err != nil || !info.Mode().IsRegular() {
		return
	}
	if content, err := input.ReadFile(f.path); err == nil && strings.Contains(string(content), f.mark) {
		_ = os.Remove(f.path)
	}
}

// text returns the content of the file.
func (f envFile) text(variables []variable) (string, error) {
	for _, v := range variables {
		if strings.ContainsFunc(v.value, unicode.IsControl) {
			return "", &failure.Advised{
				Err: usagef(
					"--env-file cannot hold the value of %s: it has a control character, such as a line end",
					v.name,
				),
				Advice: "Choose another value, or do without --env-file: --output json tells the same.",
			}
		}
	}
	if f.format == envJSON {
		return f.json(variables)
	}
	var lines strings.Builder
	lines.WriteString(envMark + f.mark + "\n")
	for _, v := range variables {
		switch f.format {
		case envPowerShell:
			lines.WriteString(connect.Variable{Name: v.name, Value: v.value}.PowerShell())
		case envDotenv:
			fmt.Fprintf(&lines, "%s=%s\n", v.name, v.value)
		default:
			lines.WriteString(connect.Variable{Name: v.name, Value: v.value}.Sh())
		}
	}
	if f.powerShell() &&
		strings.ContainsFunc(lines.String(), func(r rune) bool { return r > unicode.MaxASCII }) {
		// or else Windows PowerShell does not take it for UTF-8
		return byteOrder + lines.String(), nil
	}
	return lines.String(), nil
}

// json returns the variables as an object, in their order.
func (f envFile) json(variables []variable) (string, error) {
	text := envJSONMark + `"run":"` + f.mark + `"`
	for _, v := range variables {
		value, err := json.Marshal(v.value)
		if err != nil {
			return "", err
		}
		text += `,"` + v.name + `":` + string(value)
	}
	return text + "}\n", nil
}

// sourceCommand returns how a shell reads the file, or "" if it does not.
func (f envFile) sourceCommand() string {
	path := f.path
	if !filepath.IsAbs(path) {
		// or else sh looks for it in PATH
		path = "." + string(filepath.Separator) + filepath.Clean(path)
	}
	switch f.format {
	case envPowerShell:
		return ". " + connect.QuotePowerShell(path)
	case envSh:
		return ". " + connect.QuoteSh(path)
	}
	return ""
}
