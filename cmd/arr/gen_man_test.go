// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

func TestEveryCommandHasAManPageWithItsFlags(t *testing.T) {
	pages := make(map[string]string)
	for _, page := range manPages(newRoot(), "v1.2.3") {
		pages[page.path] = page.text
	}
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "help" {
			return
		}
		folder := "man1/"
		if cmd.IsAdditionalHelpTopicCommand() {
			folder = "man7/"
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page := pages[folder+name+"."+folder[3:4]]
		require.NotEmpty(t, page, name)
		assert.Contains(t, page, ".SH NAME\n"+strings.ReplaceAll(name, "-", "\\-")+" \\- ")
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if !flag.Hidden && folder == "man1/" {
				assert.Contains(t, page, "\\-\\-"+strings.ReplaceAll(flag.Name, "-", "\\-")+"\\fR", name)
			}
		})
		for _, child := range cmd.Commands() {
			check(child)
		}
	}
	check(newRoot())
	assert.Contains(t, pages["man1/arr-session-list.1"],
		".TH \"ARR\\-SESSION\\-LIST\" \"1\" \"\" \"arr v1.2.3\" \"Azure Remote Rendering\"\n")
	assert.Contains(t, pages["man1/arr-session-list.1"],
		".SH SERVICE FLAGS\n.TP\n\\fB\\-\\-endpoint\\fR\\fI ENDPOINT\\fR\nrendering ENDPOINT: ")
	assert.Contains(t, pages["man1/arr-session-list.1"],
		".SH SEE ALSO\n\\fBarr\\-session\\fR(1),\n\\fBarr\\-configuration\\fR(7),\n")
}

func TestManPagesAreWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "share", "man")
	for range 2 { // the second time they are replaced
		r := runArr(t, nil, "", "gen", "man", "--dir", folder)
		require.Equal(t, failure.OK, r.code, r.stderr)
		assert.Regexp(t, `^Wrote \d\d manual pages to `, r.stderr)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "man?", "*"))
	require.NoError(t, err)
	assert.Contains(t, paths, filepath.Join(folder, "man1", "arr-session-list.1"))
	assert.Contains(t, paths, filepath.Join(folder, "man7", "arr-exit-codes.7"))
	if _, err := exec.LookPath("mandoc"); err == nil {
		output, _ := exec.CommandContext(t.Context(), "mandoc",
			append([]string{"-T", "lint", "-W", "warning"}, paths...)...).CombinedOutput()
		for line := range strings.Lines(string(output)) {
			assert.Contains(t, line, "missing date", "a page without a date can be built again")
		}
	}
	r := runArr(t, nil, "", "gen", "man", "--dir", os.Args[0])
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "arr: cannot write the manual pages: ")
}

func TestTextIsEscapedInManPages(t *testing.T) {
	for text, want := range map[string]string{
		".start":             "\\&.start\n",
		"'start'":            "\\(aqstart\\(aq\n",
		`a\b --flag ^ ~ "`:   "a\\eb \\-\\-flag \\(ha \\(ti \\(dq\n",
		"shortened …":        "shortened \\[u2026]\n",
		"one\n\n\ntwo":       "one\n.PP\ntwo\n",
		"  code\n\n  more\n": ".nf\n  code\n\\&\n  more\n.fi\n",
		"a:\n  code\nb":      "a:\n.PP\n.nf\n  code\n.fi\n.PP\nb\n",
		"\tcode":             ".nf\n  code\n.fi\n",
	} {
		assert.Equal(t, want, roffParagraphs(text), "%q", text)
	}
}
