// SPDX-License-Identifier: MIT

// Arr is the command line of Azure Remote Rendering. At present it has one subcommand: arr emulator runs the emulator of the service, for
// programs in any language.
//
//	go run ./cmd/arr emulator
//	go run ./cmd/arr emulator --help
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
