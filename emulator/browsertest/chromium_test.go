// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	browserVariable    = "ARR_BROWSER"
	screenshotVariable = "ARR_SCREENSHOTS"

	// patience limits every wait for the browser; a wait ends as soon as its condition holds.
	patience = 30 * time.Second

	// strangeHost is a name that leads to this machine, as a name of an attacker may.
	strangeHost = "evil.test"

	// ownHost is another one, for which an emulator may be told to answer.
	ownHost = "emulator.test"
)

// chromium is the browser of all tests. Each test has a profile of its own in it.
var chromium context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	program, err := findBrowser()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var end func()
	chromium, end = start(program) //nolint:fatcontext // it is the browser of all tests
	defer end()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintf(os.Stderr, "%s does not start: %v\n", program, err)
		return 1
	}
	return m.Run()
}

// start returns the context of a browser, which starts when it is first used.
func start(program string) (browser context.Context, end func()) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("host-resolver-rules",
			"MAP "+strangeHost+" 127.0.0.1, MAP "+ownHost+" 127.0.0.1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to be root in a sandbox
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, endBrowser := chromedp.NewContext(allocator)
	return browser, func() { endBrowser(); endAllocator() }
}

// findBrowser returns the path of a browser.
func findBrowser() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome", "chrome"}
	if name := os.Getenv(browserVariable); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of %q is in PATH: install Chromium, or set %s", names, browserVariable)
}
