// SPDX-License-Identifier: MIT

// Package browsertest tests the page of the emulator in a real browser: Chromium without a window,
// driven over the DevTools protocol. It is a module of its own, so that no user of the emulator
// depends on the driver. Its tests have the tag browser:
//
//	go -C emulator/browsertest test -tags browser ./...
//
// They use the first of chromium, chromium-browser, google-chrome and chrome that is in PATH, or the
// program that ARR_BROWSER names. With ARR_SCREENSHOTS they write pictures of the page into that
// folder.
package browsertest
