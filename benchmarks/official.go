// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed official.py
var pythonProgram string

//go:embed Official.java
var javaProgram string

// official is a program that uses Microsoft's client of another language. It reads numbers of calls
// from standard input, and answers each with the CPU time of its process, in nanoseconds, after so
// many Gets.
type official struct {
	name    string
	command func(ctx context.Context) *exec.Cmd
}

// officials returns those that this machine has.
func officials(server *running, s settings, parallel int) []official {
	environment := append(os.Environ(),
		"ENDPOINT="+server.URL, "ACCOUNT="+accountID, "KEY="+accountKey,
		"PARALLEL="+strconv.Itoa(parallel), "REQUESTS_CA_BUNDLE="+server.CAFile,
		"JAVA_ENDPOINT=https://remoterendering."+domain+":"+server.port(),
		"JAVA_DOMAIN="+domain+":"+server.port())
	folder := filepath.Dir(server.CAFile)
	var found []official
	if exec.Command(s.python, "-c", "import azure.mixedreality.remoterendering").Run() == nil {
		found = append(found, official{"Python", func(ctx context.Context) *exec.Cmd {
			cmd := exec.CommandContext(ctx, s.python, "-c", pythonProgram)
			cmd.Env = environment
			return cmd
		}})
	}
	if s.javaLibraries == "" {
		return found
	}
	libraries, err := prepareJava(folder, s.javaLibraries, server.CAFile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks: without Java:", err)
		return found
	}
	return append(found, official{"Java", func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "java",
			"-Djdk.net.hosts.file="+filepath.Join(folder, "hosts"),
			"-Djavax.net.ssl.trustStore="+filepath.Join(folder, "trust.p12"),
			"-Djavax.net.ssl.trustStorePassword=changeit", "-cp", libraries, "Official")
		cmd.Env = environment
		return cmd
	}})
}

// prepareJava compiles the program and makes a trust store. It returns the class path.
func prepareJava(folder, libraries, caFile string) (string, error) {
	jars := filepath.Join(libraries, "*")
	source := filepath.Join(folder, "Official.java")
	path := folder + string(os.PathListSeparator) + jars
	if _, err := os.Stat(filepath.Join(folder, "Official.class")); err == nil {
		return path, nil
	}
	// The client for Java takes no address of the token service, only a domain.
	names := "127.0.0.1 sts." + domain + " remoterendering." + domain + "\n"
	if err := os.WriteFile(filepath.Join(folder, "hosts"), []byte(names), 0o600); err != nil {
		return "", err
	}
	if err := os.WriteFile(source, []byte(javaProgram), 0o600); err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"javac", "-cp", jars, "-d", folder, source},
		{"keytool", "-importcert", "-noprompt", "-alias", "benchmarks", "-file", caFile, "-keystore",
			filepath.Join(folder, "trust.p12"), "-storetype", "PKCS12", "-storepass", "changeit"},
	} {
		if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", args[0], err, output)
		}
	}
	return path, nil
}

// officialClients returns a variant for each official client: a process that goes on from round to
// round, so that it is warm.
func officialClients(ctx context.Context, server *running, s settings, parallel int) (
	variants []variant, stop func(), err error,
) {
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
	}
	for _, o := range officials(server, s, parallel) {
		cmd := o.command(ctx)
		cmd.Stderr = os.Stderr
		input, err := cmd.StdinPipe()
		if err != nil {
			return nil, stop, err
		}
		output, err := cmd.StdoutPipe()
		if err != nil {
			return nil, stop, err
		}
		if err := cmd.Start(); err != nil {
			return nil, stop, err
		}
		stops = append(stops, func() {
			_ = input.Close()
			_ = cmd.Wait()
		})
		lines := bufio.NewReader(output)
		ask := func(calls int) (time.Duration, error) {
			if _, err := fmt.Fprintln(input, calls); err != nil {
				return 0, err
			}
			line, err := lines.ReadString('\n')
			if err != nil {
				return 0, err
			}
			spent, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
			return time.Duration(spent), err
		}
		variants = append(variants, variant{o.name, func(_ context.Context, calls int) (time.Duration, error) {
			before, err := ask(0)
			if err != nil {
				return 0, err
			}
			after, err := ask(calls)
			return after - before, err
		}})
	}
	return variants, stop, nil
}

// officialStarts returns a variant for each official client: a process for each call.
func officialStarts(ctx context.Context, server *running, s settings) (variants []variant) {
	for _, o := range officials(server, s, 1) {
		variants = append(variants, ofProcess(o.name, func() *exec.Cmd {
			cmd := o.command(ctx)
			cmd.Stdin = strings.NewReader("1\n")
			return cmd
		}))
	}
	return variants
}
