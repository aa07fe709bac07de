// SPDX-License-Identifier: MIT

package emulator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// writeCertificate writes a certificate that signs itself, and its key.
func writeCertificate(t *testing.T, certFile, keyFile string, template x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for path, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
}

// validFor returns a template that is valid now, for names.
func validFor(names ...string) x509.Certificate {
	now := time.Now()
	return x509.Certificate{
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(48 * time.Hour), DNSNames: names,
	}
}

func TestWrongCertificateFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	writeCertificate(t, path("a.crt"), path("a.key"), validFor("a.test"))
	writeCertificate(t, path("b.crt"), path("b.key"), validFor("b.test"))
	writeCertificate(t, path("nameless.crt"), path("nameless.key"), validFor())
	expired := validFor("a.test")
	expired.NotAfter = time.Now().Add(-time.Minute)
	writeCertificate(t, path("expired.crt"), path("expired.key"), expired)
	early := validFor("a.test")
	early.NotBefore = time.Now().Add(time.Hour)
	writeCertificate(t, path("early.crt"), path("early.key"), early)
	require.NoError(t, os.WriteFile(path("text"), []byte("text"), 0o600))
	for _, test := range []struct{ cert, key, want string }{
		{"a.crt", "b.key", "do not belong to each other"},
		{"a.key", "a.crt", "malformed"},
		{"text", "text", "malformed"},
		{"missing", "a.key", "cannot read"},
		{"a.crt", "missing", "cannot read"},
		{"expired.crt", "expired.key", "has expired"},
		{"early.crt", "early.key", "is not valid before"},
		{"nameless.crt", "nameless.key", "has no host name and no address"},
	} {
		_, err := emulator.OpenCertificateFiles(path(test.cert), path(test.key), nil)
		require.ErrorContains(t, err, test.want, test.cert)
	}
}

func TestListenTLSWithOwnCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writeCertificate(t, cert, key, validFor("localhost"))
	files, err := emulator.OpenCertificateFiles(cert, key, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"localhost"}, files.Names())
	assert.True(t, files.Covers("localhost"))
	assert.False(t, files.Covers("127.0.0.1"))
	s := start(t, emulator.Options{})
	server, err := s.ListenTLS("", files.TLSConfig())
	require.NoError(t, err)
	content, err := os.ReadFile(cert)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(content))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
	client := &http.Client{Transport: transport}
	resp, err := client.Get(server.URL + "/healthz")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	transport.CloseIdleConnections()
	require.NoError(t, server.Close())
}

// As cert-manager does, files are replaced while the emulator runs.
func TestCertificateFilesAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		replace := func(names ...string) {
			writeCertificate(t, cert, key, validFor(names...))
			at := time.Now()
			require.NoError(t, os.Chtimes(cert, at, at))
			require.NoError(t, os.Chtimes(key, at, at))
		}
		var log lines
		replace("a.test")
		files, err := emulator.OpenCertificateFiles(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
		require.NoError(t, err)
		time.Sleep(time.Minute)
		replace("b.test")
		assert.Equal(t, []string{"b.test"}, files.Names())

		time.Sleep(time.Minute)
		require.NoError(t, os.WriteFile(key, []byte("half of a ke"), 0o600))
		assert.Equal(t, []string{"b.test"}, files.Names(), "the one before stays")
		assert.Contains(t, log.String(), "the certificate before stays in use")
		assert.NotContains(t, log.String(), "half of a ke")

		time.Sleep(time.Minute)
		early := validFor("c.test")
		early.NotBefore = time.Now().Add(time.Minute)
		writeCertificate(t, cert, key, early)
		at := time.Now()
		require.NoError(t, os.Chtimes(cert, at, at))
		require.NoError(t, os.Chtimes(key, at, at))
		for range 5 {
			assert.Equal(t, []string{"b.test"}, files.Names(), "c.test is not valid yet")
			time.Sleep(2 * time.Second)
		}
		assert.Equal(t, 1, strings.Count(log.String(), "is not valid before"), log.String())
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"c.test"}, files.Names())
	})
}
