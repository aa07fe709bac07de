// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/emulator"
)

// views are what people look at.
func views() [][]string {
	return [][]string{
		{"session", "list"},
		{"session", "list", "-o", "wide"},
		{"session", "list", "--columns", "status,session,host", "--sort", "-status"},
		{"session", "get", "demo"},
		{"session", "get", "broken"},
		{"session", "describe", "demo"},
		{"regions"},
		{"conversion", "list"},
		{"config"},
		{"config", "list"},
		{"doctor", "--endpoint", "westeurpoe"},
		{"session", "wait", "--help"},
		{"help", "output"},
	}
}

const viewedConfig = `default_profile = "lab"
[profiles.lab]
output = "text"
[profiles.production-in-the-west]
endpoint = "westeurope"
account_id = "00000000-1111-2222-3333-444455556666"
auth = "entra"
`

// viewed is a service with sessions in several states, and a conversion.
func viewed(t *testing.T) []string {
	t.Helper()
	options := emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)}
	options.Conversions.Linked = func(string) bool { return true }
	options.Conversions.Times = func() (notStarted, running time.Duration) { return 0, 0 }
	service := newTestService(t, options)
	service.ready("demo")
	service.ready("5f0c5bd8-8b5f-4a2c-9a9e-0d5bb0f3c1de")
	for _, id := range []string{"starting-with-a-name-that-nobody-would-call-short", "broken"} {
		_, err := service.client.BeginCreate(t.Context(), id, arr.CreateSessionSettings{
			Size: arr.SessionSizePremium, MaxLeaseTime: 90 * time.Minute,
		}, nil)
		require.NoError(t, err)
	}
	require.NoError(t, service.SetStatus("broken", arr.SessionStatusError))
	_, err := service.client.NewConversionsClient().BeginCreate(t.Context(), "pavilion", arr.ConversionSettings{
		Input: arr.ConversionInput{
			StorageContainerURL:    "https://example.blob.core.windows.net/models",
			RelativeInputAssetPath: "buildings/pavilion.glb",
		},
		Output: arr.ConversionOutput{StorageContainerURL: "https://example.blob.core.windows.net/assets"},
	}, nil)
	require.NoError(t, err)
	environment := append(service.environment,
		"ARR_PRICE_STANDARD=3.20 EUR", "TERM=xterm", "TZ=UTC")
	return environment
}

var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// The views on terminals of usual widths. ARR_GOLDEN=1 rewrites the files.
func TestViews(t *testing.T) {
	environment, config := viewed(t), file(t, "config.toml", viewedConfig)
	for _, columns := range []uint16{40, 60, 80, 120} {
		for _, colours := range []bool{false, true} {
			name := fmt.Sprintf("view-%d.txt", columns)
			set := environment
			if colours {
				name = fmt.Sprintf("view-%d-colour.txt", columns)
			} else {
				set = append(set[:len(set):len(set)], "NO_COLOR=1")
			}
			var text strings.Builder
			for _, args := range views() {
				shown := strings.Join(args, " ")
				if args[0] == "config" {
					args = append(args[:len(args):len(args)], "--config", config)
				}
				p := startSized(t, columns, set, args...)
				p.wait()
				screen := strings.ReplaceAll(p.screen.String(), "\r\n", "\n")
				text.WriteString("$ arr " + shown + "\n" + screen + "\n")
				bare := colour.ReplaceAllString(screen, "")
				checkLines(t, args, bare, int(columns))
				checkWords(t, args, bare, runArr(t, environment, "", args...))
			}
			assert.Equal(t, colours, strings.Contains(text.String(), "\x1b"))
			compareView(t, name, text.String())
		}
	}
}

// checkLines holds that no line is wider than the terminal, but for a word that stands alone because
// it is.
func checkLines(t *testing.T, args []string, screen string, columns int) {
	t.Helper()
	for line := range strings.SplitSeq(screen, "\n") {
		if strings.Contains(line, " ") {
			assert.LessOrEqual(t, show.Width(line), columns, "%s: %s", args, line)
		}
	}
}

// checkWords holds that no word is broken: each is one of those that the command writes into a pipe,
// or the beginning of one that ends in ….
func checkWords(t *testing.T, args []string, screen string, whole result) {
	t.Helper()
	words := make(map[string]bool)
	for _, word := range strings.Fields(placeholders(whole.stdout + whole.stderr)) {
		words[word] = true
	}
	for _, word := range strings.Fields(placeholders(screen)) {
		assert.True(t, words[word] || strings.HasSuffix(word, "…"), "%s: %q is no word", args, word)
	}
}

// placeholders replaces what differs from answer to answer by something of the same width.
func placeholders(text string) string {
	text = regexp.MustCompile(`[A-Za-z0-9+/]{22}\.0`).ReplaceAllString(text, "CCCCCCCCCCCCCCCCCCCCCC.0")
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?`).ReplaceAllStringFunc(text, func(s string) string {
		return "2026-11-26 10:00:00"[:len(s)]
	})
	text = regexp.MustCompile(`127\.0\.0\.1:\d{5}`).ReplaceAllString(text, "127.0.0.1:44444")
	text = regexp.MustCompile(`standard[0-9a-f]{1,32}`).ReplaceAllStringFunc(text, func(s string) string {
		return "standard" + strings.Repeat("5", len(s)-len("standard"))
	})
	text = regexp.MustCompile(`\b\d{5}\b`).ReplaceAllString(text, "50051")
	return regexp.MustCompile(`(\s|^)/\S*/config.toml`).ReplaceAllString(text, "${1}/home/config.toml")
}

func compareView(t *testing.T, name, text string) {
	t.Helper()
	text = placeholders(strings.ReplaceAll(text, "\x1b", "␛"))
	golden := filepath.Join("testdata", "views", name)
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "if this is meant, set ARR_GOLDEN=1")
}
