// SPDX-License-Identifier: MIT

// The command benchmarks measures what the client, package lease and the emulator cost, beside what
// else could do the work: a bare azcore pipeline, net/http, the official clients for Python and
// Java. It prints the tables of docs/performance.md:
//
//	go run . [-rounds 5] [-only get,first,…] [-python PATH] [-java-libraries FOLDER]
//
// Whatever is compared runs in turn, round by round, so that a machine whose speed drifts favours
// none. Times are CPU times of the process that is measured; servers run in a process of their own.
// Figures are medians of the rounds. Ratios are of the same round, so they are what to compare
// between machines.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
)

// settings are the flags of the command.
type settings struct {
	rounds        int
	python        string
	javaLibraries string
}

// A section measures one thing and returns its table.
type section struct {
	name    string
	measure func(ctx context.Context, s settings) (table, error)
}

var sections = []section{
	{"get", measureGet},
	{"first", measureFirst},
	{"connections", measureConnections},
	{"list", measureList},
	{"emulator", measureEmulator},
	{"emulator-growth", measureEmulatorGrowth},
	{"pool", measurePool},
	{"watcher", measureWatcher},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == serverArgument {
		exitOn(serve())
		return
	}
	if len(os.Args) > 1 && os.Args[1] == firstArgument {
		exitOn(first(os.Args[2:]))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exitOn(run(ctx))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var s settings
	var names []string
	for _, section := range sections {
		names = append(names, section.name)
	}
	flag.IntVar(&s.rounds, "rounds", 5, "how often each thing is measured")
	flag.StringVar(&s.python, "python", "python3",
		"a Python that has azure-mixedreality-remoterendering; left out if it has not")
	flag.StringVar(&s.javaLibraries, "java-libraries", "",
		"a folder with the jars of azure-mixedreality-remoterendering; left out if empty")
	only := flag.String("only", strings.Join(names, ","), "the `sections` to measure")
	flag.Parse()
	wanted := strings.Split(*only, ",")
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no section %q", name)
		}
	}
	if s.rounds < 1 {
		return fmt.Errorf("-rounds is %d, and at least 1 is needed", s.rounds)
	}
	fmt.Printf("%s, %s/%s, %d cores, %d rounds\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), s.rounds)
	for _, section := range sections {
		if !slices.Contains(wanted, section.name) {
			continue
		}
		t, err := section.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
		fmt.Println()
		t.print(os.Stdout)
	}
	return nil
}
