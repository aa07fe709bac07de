// SPDX-License-Identifier: MIT

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// ownCertificate returns files with a certificate that signs itself, and with its key.
func ownCertificate(t *testing.T, names ...string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return file(t, "tls.crt", text("CERTIFICATE", der)), file(t, "tls.key", text("PRIVATE KEY", pkcs8))
}

func TestOwnCertificate(t *testing.T) {
	cert, key := ownCertificate(t, "*.wild.test", "emulator.test")
	p, c := startEmulator(t, nil, "--cert", cert, "--key", key)
	assert.Equal(t, "https://emulator.test:"+portOf(t, c), c.Endpoint)
	assert.Equal(t, c.Endpoint, c.STSEndpoint)
	assert.Empty(t, c.CAFile, "it is the user's")
	create(t, c.client(t, trusting(t, cert)))
	c.Endpoint = "https://any.wild.test:" + portOf(t, c)
	c.STSEndpoint = c.Endpoint
	create(t, c.client(t, trusting(t, cert)))
	p.stop()

	p, c = startEmulator(t, nil, "--cert", cert, "--key", key, "--domain", "arr.test")
	assert.Equal(t, "https://remoterendering.westeurope.arr.test:"+portOf(t, c), c.Endpoint)
	p.stop()
	assert.Contains(t, p.stderr.String(), "the certificate of --cert is not for")
}

func TestWrongOwnCertificate(t *testing.T) {
	cert, key := ownCertificate(t, "a.test")
	_, otherKey := ownCertificate(t, "b.test")
	missing := filepath.Join(t.TempDir(), "missing")
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--cert", cert}, "need each other"},
		{[]string{"--key", key}, "need each other"},
		{[]string{"--cert", cert, "--key", key, "--ca-dir", "x"}, "no effect with --cert"},
		{[]string{"--cert", cert, "--key", otherKey}, "do not belong to each other"},
		{[]string{"--cert", missing, "--key", key}, "cannot read"},
	} {
		r := runArr(t, nil, "", append([]string{"emulator", "--listen", "127.0.0.1:0"}, test.flags...)...)
		assert.Equal(t, failure.Usage, r.code, r.stderr)
		assert.Contains(t, r.stderr, test.want)
	}
}
