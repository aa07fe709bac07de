// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/connect"
)

// trusting returns an HTTP client that trusts the certificate in a file and finds every host on
// this machine, as with a hosts file.
func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(caFile)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificate))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// portOf returns the port of the endpoint, which must not accept connections after the end.
func portOf(t *testing.T, c connection) string {
	t.Helper()
	endpoint, err := url.Parse(c.Endpoint)
	require.NoError(t, err)
	return endpoint.Port()
}

func TestTLS(t *testing.T) {
	p, c := startEmulator(t, nil, "--tls", "--ca-dir", t.TempDir())
	assert.Regexp(t, `^https://127\.0\.0\.1:[0-9]+$`, c.Endpoint)
	assert.Equal(t, c.Endpoint, c.STSEndpoint)
	create(t, c.client(t, trusting(t, c.CAFile)))
	p.stop()
	requireClosed(t, portOf(t, c))
}

func TestTLSWithDomain(t *testing.T) {
	folder := t.TempDir()
	plain, withoutDomain := startEmulator(t, nil, "--tls", "--ca-dir", folder)
	plain.stop()
	before, err := os.ReadFile(withoutDomain.CAFile)
	require.NoError(t, err)

	p, c := startEmulator(
		t,
		nil,
		"--tls",
		"--ca-dir",
		folder,
		"--domain",
		"arr.test",
		"--region",
		"eastus",
	)
	port := portOf(t, c)
	assert.Equal(
		t,
		connection{Connection: connect.Connection{
			Endpoint:      "https://remoterendering.eastus.arr.test:" + port,
			STSEndpoint:   "https://sts.arr.test:" + port,
			AccountID:     c.AccountID,
			AccountKey:    c.AccountKey,
			AccountDomain: "arr.test",
			CAFile:        withoutDomain.CAFile,
		}},
		c,
	)
	after, err := os.ReadFile(c.CAFile)
	require.NoError(t, err)
	assert.Equal(t, before, after, "trust in the first one lasts")
	assert.Contains(t, create(t, c.client(t, trusting(t, c.CAFile))).Hostname, ".eastus.")
	p.stop()
}

func TestTLSWithoutDomainTakesAnyAuthority(t *testing.T) {
	folder := t.TempDir()
	p, first := startEmulator(t, nil, "--tls", "--ca-dir", folder, "--domain", "other.test")
	p.stop()
	p, second := startEmulator(t, nil, "--tls", "--ca-dir", folder)
	assert.Equal(t, first.CAFile, second.CAFile)
	p.stop()
}

func TestAuthorityIsKeptInTheConfigurationFolder(t *testing.T) {
	home := t.TempDir()
	p, c := startEmulator(t, []string{"HOME=" + home, "XDG_CONFIG_HOME="}, "--tls")
	assert.True(t, strings.HasPrefix(c.CAFile, home), c.CAFile)
	assert.Contains(t, c.CAFile, "/arr-emulator/")
	p.stop()
}
