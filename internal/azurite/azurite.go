// SPDX-License-Identifier: MIT

// Package azurite starts Azurite, the storage emulator of Microsoft, for tests. It is installed
// from npm into the user's cache folder at first use, which needs Node.js 20 or newer, npm and the
// network.
package azurite

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Version is the version of Azurite. Before 3.37 it does not know the user delegation signatures
// that azblob makes. It asks for Node.js 22, but runs on 20.
const Version = "3.37.0"

// Account is the name of the account that every server has.
const Account = "devstoreaccount1"

const (
	installTimeout = 3 * time.Minute
	startTimeout   = time.Minute
)

// Options say how a server is started.
type Options struct {
	// CertFile and KeyFile make it serve https, and accept Entra tokens whatever their signature.
	CertFile, KeyFile string
	// InMemory keeps blobs in memory. Otherwise they are in a temporary folder.
	InMemory bool
}

// Server is a running Azurite.
type Server struct {
	// Port is the one on 127.0.0.1. Endpoint is the address of the account there.
	Port, Endpoint string
	// Key is the account key, made for this server.
	Key string
}

// ConnectionString returns the connection string of the account.
func (s *Server) ConnectionString() string {
	return fmt.Sprintf(
		"DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s;",
		Account,
		s.Key,
		s.Endpoint,
	)
}

// Start starts a server on a free port of the loopback interface, which ends with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	program := install(t)
	folder := t.TempDir()
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	server := &Server{Port: freePort(t), Key: base64.StdEncoding.EncodeToString(random)}
	server.Endpoint = "http://127.0.0.1:" + server.Port + "/" + Account
	arguments := []string{
		program, "--blobHost", "127.0.0.1", "--blobPort", server.Port, "--location", folder,
		"--skipApiVersionCheck", "--disableTelemetry", "--silent",
	}
	if options.InMemory {
		arguments = append(
			arguments[:5],
			"--inMemoryPersistence",
			"--skipApiVersionCheck",
			"--disableTelemetry",
			"--silent",
		)
	}
	client := &http.Client{Timeout: time.Second}
	if options.CertFile != "" {
		server.Endpoint = "https" + strings.TrimPrefix(server.Endpoint, "http")
		arguments = append(arguments, "--cert", options.CertFile, "--key", options.KeyFile, "--oauth", "basic")
		client = nil
	}
	command := exec.Command("node", arguments...)
	command.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+Account+":"+server.Key)
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	command.Dir = folder
	require.NoError(t, command.Start())
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	t.Cleanup(func() { _ = command.Process.Kill(); <-ended })
	waitUntilServing(t, server, client, ended, &output)
	return server
}

func waitUntilServing(t testing.TB, server *Server, client *http.Client, ended <-chan struct{}, output fmt.Stringer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	for serving := false; !serving; {
		if client == nil {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+server.Port)
			if serving = err == nil; serving {
				_ = conn.Close()
			}
		} else if resp, err := client.Get(server.Endpoint); err == nil {
			_ = resp.Body.Close()
			serving = true
		}
		select {
		case <-ended:
			t.Fatalf("Azurite ended: %s", output)
		case <-ctx.Done():
			t.Fatal("Azurite did not start")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// install returns the program, after installing it if this version is not there. It is installed
// beside its place and moved there whole, so that two tests may do it at once.
func install(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	folder := filepath.Join(cache, "azremoterendering", "azurite-"+Version)
	program := filepath.Join(folder, "node_modules", "azurite", "dist", "src", "blob", "main.js")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	require.NoError(t, os.MkdirAll(filepath.Dir(folder), 0o755))
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "installing-")
	require.NoError(t, err)
	defer os.RemoveAll(fresh)
	command := exec.CommandContext(ctx, "npm", "install", "--prefix", fresh, "--no-audit", "--no-fund",
		"--ignore-scripts", "--no-save", "--engine-strict=false", "azurite@"+Version)
	command.Dir = fresh
	output, err := command.CombinedOutput()
	require.NoErrorf(t, err, "%s", output)
	if err := os.Rename(fresh, folder); err != nil && !errors.Is(err, os.ErrExist) {
		_, there := os.Stat(program) // another test was faster
		require.NoError(t, there, "%v", err)
	}
	return program
}
