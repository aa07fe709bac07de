// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manualFolder is where the manual pages are.
var manualFolder = filepath.Join("..", "..", "docs", "cli")

// The pages in docs/cli are what the commands say of themselves. ARR_GOLDEN=1 rewrites them.
func TestManualPages(t *testing.T) {
	root := newRoot()
	root.InitDefaultCompletionCmd()
	pages := map[string]string{}
	addPages(t, root, pages)
	pages["README.md"] = contents(root)
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.RemoveAll(manualFolder))
		require.NoError(t, os.MkdirAll(manualFolder, 0o755))
		for name, text := range pages {
			require.NoError(t, os.WriteFile(filepath.Join(manualFolder, name), []byte(text), 0o644))
		}
	}
	files, err := os.ReadDir(manualFolder)
	require.NoError(t, err)
	for _, file := range files {
		assert.Contains(t, pages, file.Name(), "no command has this page")
	}
	for name, want := range pages {
		text, err := os.ReadFile(filepath.Join(manualFolder, name))
		require.NoError(t, err, "if this is meant, set ARR_GOLDEN=1")
		assert.Equal(t, want, string(text), "%s: if this is meant, set ARR_GOLDEN=1", name)
	}
}

// addPages makes the page of a command and those below it.
func addPages(t *testing.T, cmd *cobra.Command, pages map[string]string) {
	t.Helper()
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	var page bytes.Buffer
	if cmd.IsAdditionalHelpTopicCommand() {
		page.WriteString(
			"## arr help " + cmd.Name() + "\n\n" + cmd.Short + "\n\n" + preformatted(cmd.Long),
		)
	} else {
		require.NoError(t, doc.GenMarkdown(cmd, &page))
	}
	text := page.String()
	if strings.Contains(cmd.Long, "\n  ") && !cmd.IsAdditionalHelpTopicCommand() {
		text = strings.Replace(text, cmd.Long, strings.TrimSuffix(preformatted(cmd.Long), "\n"), 1)
	}
	pages[pageName(cmd)] = text
	for _, child := range cmd.Commands() {
		addPages(t, child, pages)
	}
}

func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md"
}

// preformatted keeps the lines of a text as they are.
func preformatted(text string) string { return "```text\n" + text + "\n```\n" }

// contents lists all pages.
func contents(root *cobra.Command) string {
	var text strings.Builder
	text.WriteString(
		"# The command line `arr`\n\nThe manual of every command, as `--help` shows it. A test writes these pages:\n" +
			"`ARR_GOLDEN=1 go test -run ManualPages ./cmd/arr`.\n\n| Page | |\n|---|---|\n",
	)
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "help" {
			return
		}
		title := cmd.CommandPath()
		if cmd.IsAdditionalHelpTopicCommand() {
			title = "arr help " + cmd.Name()
		}
		text.WriteString("| [" + title + "](" + pageName(cmd) + ") | " + cmd.Short + " |\n")
		for _, child := range cmd.Commands() {
			add(child)
		}
	}
	add(root)
	return text.String()
}

// Other users of a machine can see the arguments of a program.
func TestNoFlagTakesASecretOfAService(t *testing.T) {
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Name() != "emulator" { // whose key opens nothing else
			for _, name := range []string{
				"account-key", "access-token", "storage-key", "storage-sas", "storage-connection-string",
				"input-sas", "output-sas", "sas",
			} {
				assert.Nil(t, cmd.Flag(name), "%s --%s", cmd.CommandPath(), name)
			}
		}
		for _, child := range cmd.Commands() {
			check(child)
		}
	}
	check(newRoot())
}
