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
)

// envFile is the path of a file with assignments for a shell: PowerShell if it ends in .ps1, else
// sh.
type envFile string

func (f envFile) powerShell() bool { return strings.EqualFold(filepath.Ext(string(f)), ".ps1") }

// check returns early what would keep the file from being written. A device or a pipe must not be
// replaced by a file.
func (f envFile) check() error {
	info, err := os.Lstat(string(f))
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf(
			"--env-file %q is there and is not a regular file: choose another path",
			string(f),
		)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot look at --env-file: %w; choose another path", err)
	}
	if folder := filepath.Dir(string(f)); err != nil {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return fmt.Errorf(
				"the folder %q of --env-file does not exist: make it, or choose another path",
				folder,
			)
		}
	}
	return nil
}

// write writes the file for its user alone. It appears in one step, so that a script that waits for
// it never reads half of it.
func (f envFile) write(variables []variable) (err error) {
	text, err := f.format(variables)
	if err != nil {
		return err
	}
	// with mode 0600
	draft, err := os.CreateTemp(filepath.Dir(string(f)), "."+filepath.Base(string(f))+".*")
	if err != nil {
		return fmt.Errorf("cannot write --env-file: %w; choose another path", err)
	}
	_, err = draft.WriteString(text)
	err = errors.Join(err, draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), string(f))
	}
	if err != nil {
		return errors.Join(
			fmt.Errorf("cannot write --env-file: %w; choose another path", err),
			os.Remove(draft.Name()),
		)
	}
	return nil
}

// format returns the assignments.
func (f envFile) format(variables []variable) (string, error) {
	format, quote := "export %s=%s\n", quoteSh
	if f.powerShell() {
		format, quote = "$env:%s = %s\n", quotePowerShell
	}
	var text strings.Builder
	for _, v := range variables {
		if strings.ContainsFunc(v.value, unicode.IsControl) {
			return "", fmt.Errorf(
				"the value of %s has a control character, such as a line end, which --env-file cannot hold",
				v.name,
			)
		}
		fmt.Fprintf(&text, format, v.name, quote(v.value))
	}
	if f.powerShell() &&
		strings.ContainsFunc(text.String(), func(r rune) bool { return r > unicode.MaxASCII }) {
		// or else Windows PowerShell does not take it for UTF-8
		return "\ufeff" + text.String(), nil
	}
	return text.String(), nil
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
