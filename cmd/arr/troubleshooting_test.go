// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// troublePage is written by hand except for its transcripts, each of which stands below a comment
// with the name of what makes it.
var (
	troublePage      = filepath.Join("..", "..", "docs", "troubleshooting.md")
	transcriptInPage = regexp.MustCompile(
		"(?s)<!-- transcript: ([a-z0-9-]+) -->\n```console\n(.*?)```\n",
	)
)

// The transcripts in docs/troubleshooting.md are what the program says. ARR_GOLDEN=1 rewrites
// them.
func TestTroubleshooting(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the transcripts quote the system, and other systems have other words")
	}
	page, err := os.ReadFile(troublePage)
	require.NoError(t, err)
	known := troubles()
	shown := map[string]bool{}
	text := transcriptInPage.ReplaceAllStringFunc(string(page), func(block string) string {
		parts := transcriptInPage.FindStringSubmatch(block)
		name, before := parts[1], parts[2]
		assert.False(t, shown[name], "%s is there twice", name)
		shown[name] = true
		play, ok := known[name]
		if !assert.True(t, ok, "nothing makes transcript %s", name) {
			return block
		}
		after := before
		t.Run(name, func(t *testing.T) {
			tr := &trouble{t: t}
			play(tr)
			after = tr.String()
			if os.Getenv("ARR_GOLDEN") == "" {
				assert.Equal(t, before, after, "if this is meant, set ARR_GOLDEN=1")
			}
		})
		return strings.Replace(block, before+"```\n", after+"```\n", 1)
	})
	for name := range known {
		assert.True(t, shown[name], "the page does not show %s", name)
	}
	assert.Len(
		t,
		shown,
		strings.Count(string(page), "<!-- transcript:"),
		"a transcript is not as it should be: comment, ```console, ```",
	)
	if os.Getenv("ARR_GOLDEN") != "" && !t.Failed() {
		require.NoError(t, os.WriteFile(troublePage, []byte(text), 0o644))
	}
}

// Every entry of its tables of contents leads to a heading.
func TestTroubleshootingHasWhatItsContentsPromise(t *testing.T) {
	page, err := os.ReadFile(troublePage)
	require.NoError(t, err)
	headings := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^##+ (.*)$`).FindAllStringSubmatch(string(page), -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 -]`).
			ReplaceAllString(strings.ToLower(heading[1]), "")
		headings[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, link := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(string(page), -1) {
		assert.True(t, headings[link[1]], "nothing has the anchor %s", link[1])
	}
}

// trouble is one transcript in the making.
type trouble struct {
	t       *testing.T
	service *testService
	folder  string
	text    strings.Builder
	hosts   []string // further addresses and their placeholders
}

// with starts the service that the commands talk to, with faults.
func (tr *trouble) with(options emulator.Options, faults ...string) *testService {
	tr.t.Helper()
	tr.service = newTestService(tr.t, options)
	for _, fault := range faults {
		tr.service.inject(fault)
	}
	return tr.service
}

// run adds a command. Arguments in front of it of the form NAME=VALUE are set for this command
// alone.
func (tr *trouble) run(words ...string) {
	tr.t.Helper()
	var environment []string
	if tr.service != nil {
		environment = tr.service.environment
	}
	assignments := 0
	for assignments < len(words) && strings.Contains(words[assignments], "=") {
		assignments++
	}
	environment = append(environment[:len(environment):len(environment)], words[:assignments]...)
	cmd := command(tr.t, environment, words[assignments:]...)
	if tr.folder == "" {
		tr.folder = tr.t.TempDir()
	}
	cmd.Dir = tr.folder
	var screen bytes.Buffer
	cmd.Stdout, cmd.Stderr = &screen, &screen
	_ = cmd.Run() // the exit code tells
	assert.NotContains(tr.t, screen.String(), "secret-key")
	tr.add(words, assignments, screen.String(), cmd.ProcessState.ExitCode())
}

// add adds a command with what it has written.
func (tr *trouble) add(words []string, assignments int, screen string, code int) {
	words = append(append(words[:assignments:assignments], "arr"), words[assignments:]...)
	fmt.Fprintf(&tr.text, "$ %s\n%s$ echo $?\n%d\n", strings.Join(words, " "), screen, code)
}

// String returns the transcript with placeholders.
func (tr *trouble) String() string {
	text := strings.NewReplacer(tr.hosts...).Replace(tr.text.String())
	url := ""
	if tr.service != nil {
		url = tr.service.url
	}
	return steady(text, url)
}

// once makes the transcript of one command, sent to a service that has a session, demo, and a
// fault.
func once(fault string, words ...string) func(*trouble) {
	return func(tr *trouble) {
		service := tr.with(emulator.Options{})
		service.ready("demo")
		if fault != "" {
			service.inject(fault)
		}
		tr.run(words...)
	}
}
