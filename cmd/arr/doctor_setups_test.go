// SPDX-License-Identifier: MIT

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
)

// tokenOf2001 is an access token of the year 2001.
const tokenOf2001 = "eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDAwMDAwMDAsImlhdCI6OTk5OTk5OTk5fQ."

func firstFailure(t *testing.T, lines string) check {
	t.Helper()
	for line := range strings.Lines(lines) {
		var c check
		require.NoError(t, json.Unmarshal([]byte(line), &c), line)
		if c.Status == checkFailed {
			return c
		}
	}
	require.Fail(t, "nothing has failed", lines)
	return check{}
}

// setting breaks a set-up with environment variables.
func setting(variables ...string) brokenSetup {
	return func(*testing.T, *testService) (environment, flags []string) { return variables, nil }
}

// fault breaks the service.
func fault(text string) brokenSetup {
	return func(_ *testing.T, service *testService) (environment, flags []string) {
		service.inject(text)
		return nil, nil
	}
}

// serving puts a server in place of the token service.
func serving(handler http.HandlerFunc) brokenSetup {
	return func(t *testing.T, _ *testService) (environment, flags []string) {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return []string{"ARR_STS_ENDPOINT=" + server.URL}, nil
	}
}

// throughProxy puts a proxy in front of the token service.
func throughProxy(answer faultproxy.ConnectAnswer) brokenSetup {
	return func(t *testing.T, _ *testService) (environment, flags []string) {
		proxy, err := faultproxy.ListenConnect(func(string) faultproxy.ConnectAnswer { return answer })
		require.NoError(t, err)
		t.Cleanup(func() { _ = proxy.Close() })
		return []string{"ARR_STS_ENDPOINT=https://sts.arr.test", "HTTPS_PROXY=" + proxy.URL().String()}, nil
	}
}

// closedPort returns an address at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// tlsServer starts a server whose certificate is valid in a time and for a name. It returns its
// address, and the file with its authority, which is the certificate itself.
func tlsServer(t *testing.T, from, until time.Time, name string) (address, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	require.NoError(t, os.WriteFile(caFile, block, 0o600))
	return server.URL, caFile
}
