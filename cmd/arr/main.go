// SPDX-License-Identifier: MIT

// Arr is the command line of Azure Remote Rendering: sessions, access tokens, regions, and the
// emulator of the service. docs/cli has its manual.
//
//	go run ./cmd/arr --help
//	go run ./cmd/arr session create --emulator
package main

import (
	"context"
	"os"
)

func main() {
	outliveReaders()
	open := new(unfinished)
	ctx, end := untilSignal(open.with(context.Background()), open, os.Stderr)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	end()
	os.Exit(code)
}
