// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// envFile is the path of a file with assignments for a shell: PowerShell if it ends in .ps1, else
// sh.
type envFile string

func (f envFile) powerShell() bool { return strings.EqualFold(filepath.Ext(string(f)), ".ps1") }

// check returns early what would keep the file from being written. A device or a pipe must not be
// replaced by a file.
func (f envFile) check() error {
	path := string(f)
	if strings.ContainsFunc(path, unicode.IsControl) {
		return f.wrong(fmt.Errorf("%q has a control character", path))
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		return f.wrong(fmt.Errorf("%q is a folder", path))
	case err == nil && !info.Mode().IsRegular():
		return f.wrong(fmt.Errorf("%q is there and is not a regular file", path))
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

// write writes the file for its user alone. It appears in one step, so that a script that waits for
// it never reads half of it.
func (f envFile) write(variables []variable) (err error) {
	content, err := f.format(variables)
	if err != nil {
		return err
	}
	// with mode 0600
	draft, err := os.CreateTemp(filepath.Dir(string(f)), "."+filepath.Base(string(f))+".*")
	if err != nil {
		return f.wrong(err)
	}
	_, err = draft.WriteString(content)
	err = errors.Join(err, draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), string(f))
	}
	if err != nil {
		_ = os.Remove(draft.Name()) // it holds the key
		return f.wrong(err)
	}
	return nil
}

// format returns the assignments.
func (f envFile) format(variables []variable) (string, error) {
	format, quote := "export %s=%s\n", quoteSh
	if f.powerShell() {
		format, quote = "$env:%s = %s\n", quotePowerShell
	}
	var lines strings.Builder
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
		fmt.Fprintf(&lines, format, v.name, quote(v.value))
	}
	if f.powerShell() &&
		strings.ContainsFunc(lines.String(), func(r rune) bool { return r > unicode.MaxASCII }) {
		// or else Windows PowerShell does not take it for UTF-8
		return "\ufeff" + lines.String(), nil
	}
	return lines.String(), nil
}

// quoteSh returns a word for sh. Between single quotes only a single quote has a meaning.
func quoteSh(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quotePowerShell returns a word for PowerShell, which takes the typographic single quotes for
// single quotes too. Two stand for one.
func quotePowerShell(text string) string {
	var word strings.Builder
	for _, r := range text {
		if strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) {
			word.WriteRune(r)
		}
		word.WriteRune(r)
	}
	return "'" + word.String() + "'"
}

// sourceCommand returns how a shell reads the file.
func (f envFile) sourceCommand() string {
	path := string(f)
	if !filepath.IsAbs(path) {
		// or else sh looks for it in PATH
		path = "." + string(filepath.Separator) + filepath.Clean(path)
	}
	if f.powerShell() {
		return ". " + quotePowerShell(path)
	}
	return ". " + quoteSh(path)
}
