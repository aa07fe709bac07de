// SPDX-License-Identifier: MIT

package localca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/localca"
)

const arrTest = "arr.test"

// openAuthority opens one that must open.
func openAuthority(t *testing.T, dir string, domains ...string) *localca.Authority {
	t.Helper()
	authority, err := localca.Open(dir, domains...)
	require.NoError(t, err)
	return authority
}

func keyFile(a *localca.Authority) string {
	return strings.TrimSuffix(a.CertificateFile(), ".crt") + ".key"
}

func decodePEM(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.NotNil(t, block)
	assert.Empty(t, rest)
	return block.Bytes
}

func authorityCertificate(t *testing.T, a *localca.Authority) *x509.Certificate {
	t.Helper()
	certificate, err := x509.ParseCertificate(decodePEM(t, a.CertificateFile()))
	require.NoError(t, err)
	return certificate
}

func authorityKey(t *testing.T, a *localca.Authority) *ecdsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(decodePEM(t, keyFile(a)))
	require.NoError(t, err)
	return key.(*ecdsa.PrivateKey)
}

func mustParseCIDR(t *testing.T, s string) *net.IPNet {
	t.Helper()
	_, network, err := net.ParseCIDR(s)
	require.NoError(t, err)
	return network
}

func TestAuthorityCertificate(t *testing.T) {
	before := time.Now()
	a := openAuthority(t, t.TempDir(), "ARR.test", "render.example", arrTest)
	certificate := authorityCertificate(t, a)

	assert.Equal(
		t,
		[]string{arrTest, "localhost", "render.example"},
		certificate.PermittedDNSDomains,
	)
	assert.True(t, certificate.PermittedDNSDomainsCritical)
	assert.Equal(
		t,
		[]*net.IPNet{mustParseCIDR(t, "127.0.0.0/8"), mustParseCIDR(t, "::1/128")},
		certificate.PermittedIPRanges,
	)
	assert.True(t, certificate.IsCA)
	assert.True(t, certificate.MaxPathLenZero)
	assert.Equal(t, x509.KeyUsageCertSign, certificate.KeyUsage)
	assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, certificate.ExtKeyUsage)
	assert.WithinDuration(t, before.AddDate(10, 0, 0), certificate.NotAfter, time.Minute)
	assert.True(t, certificate.NotBefore.Before(before))
	assert.Equal(t, elliptic.P256(), certificate.PublicKey.(*ecdsa.PublicKey).Curve)

	other := authorityCertificate(t, openAuthority(t, t.TempDir(), arrTest))
	assert.NotEqual(
		t,
		certificate.Subject.CommonName,
		other.Subject.CommonName,
		"two authorities can be told apart",
	)
	assert.NotEqual(t, certificate.SerialNumber, other.SerialNumber)
}

func TestAuthorityFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	a := openAuthority(t, dir, arrTest)
	assert.True(t, filepath.IsAbs(a.CertificateFile()))
	if runtime.GOOS != "windows" {
		for path, mode := range map[string]os.FileMode{
			dir:                               0o700,
			filepath.Dir(a.CertificateFile()): 0o700,
			a.CertificateFile():               0o644,
			keyFile(a):                        0o600,
		} {
			info, err := os.Stat(path)
			require.NoError(t, err)
			assert.Equal(t, mode, info.Mode().Perm(), path)
		}
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left of making it")
}

func TestAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	first := openAuthority(t, dir, arrTest, "render.example")
	for _, domains := range [][]string{{arrTest, "render.example"}, {arrTest}, {"sub.arr.test", "LOCALHOST"}, nil} {
		again := openAuthority(t, dir, domains...)
		assert.Equal(t, first.CertificateFile(), again.CertificateFile())
		assert.True(t, first.CertPool().Equal(again.CertPool()), domains)
	}
}

func TestAuthorityPathIsAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	a := openAuthority(t, "here")
	assert.True(t, filepath.IsAbs(a.CertificateFile()))
	t.Chdir(t.TempDir())
	authorityCertificate(t, a)
}

func TestManyMakeOneAuthority(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "new")
		authorities := make([]*localca.Authority, 16)
		var group sync.WaitGroup
		for i := range authorities {
			group.Go(func() {
				var err error
				authorities[i], err = localca.Open(dir, arrTest)
				assert.NoError(t, err)
			})
		}
		group.Wait()
		require.False(t, t.Failed())
		for _, a := range authorities {
			assert.True(t, authorities[0].CertPool().Equal(a.CertPool()))
		}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Len(t, entries, 1, "those that came second leave nothing")
	}
}

func TestAuthorityExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a := openAuthority(t, dir, arrTest)
		end := authorityCertificate(t, a).NotAfter
		time.Sleep(time.Until(end) - time.Second)
		openAuthority(t, dir, arrTest)
		time.Sleep(2 * time.Second)
		_, err := localca.Open(dir, arrTest)
		require.ErrorContains(
			t,
			err,
			"the certificate authority expired on "+end.Format(
				time.DateOnly,
			)+": remove the folder ",
		)
		_, err = leafFor(t, a, "sts.arr.test")
		assert.ErrorContains(
			t,
			err,
			"the certificate authority expired on "+end.Format(time.DateOnly),
		)
	})
}

// secretsOf returns the key of an authority as it could be spelled in a text.
func secretsOf(t *testing.T, a *localca.Authority) []string {
	t.Helper()
	key := authorityKey(t, a)
	raw, err := key.Bytes()
	require.NoError(t, err)
	pemText, err := os.ReadFile(keyFile(a))
	require.NoError(t, err)
	return []string{
		new(big.Int).SetBytes(raw).String(),
		hex.EncodeToString(raw),
		base64.StdEncoding.EncodeToString(raw),
		fmt.Sprint(raw),
		strings.Split(string(pemText), "\n")[1],
	}
}

func TestAuthorityPrintsNoKey(t *testing.T) {
	a := openAuthority(t, t.TempDir(), arrTest)
	var text strings.Builder
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&text, nil), slog.NewTextHandler(&text, nil)} {
		slog.New(handler).Info("opened", "authority", a)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		printed := fmt.Sprintf(verb, a)
		assert.Equal(t, "localca.Authority("+a.CertificateFile()+")", printed)
		fmt.Fprintf(
			&text,
			verb+verb+verb,
			a,
			a.TLSConfig(),
			struct{ A, a *localca.Authority }{a, a},
		)
	}
	for _, secret := range secretsOf(t, a) {
		assert.NotContains(t, text.String(), secret)
	}
	assert.Equal(t, "localca.Authority(nil)", fmt.Sprint((*localca.Authority)(nil)))
}

// OpenSSL, with its strictest rules, is what Python, Node and many others verify with.
func TestOpenSSLVerifies(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl here")
	}
	a := openAuthority(t, t.TempDir(), arrTest)
	verify := func(certificate *x509.Certificate) string {
		file := filepath.Join(t.TempDir(), "leaf.pem")
		require.NoError(
			t,
			os.WriteFile(
				file,
				pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}),
				0o600,
			),
		)
		output, _ := exec.CommandContext(
			t.Context(),
			openssl,
			"verify",
			"-x509_strict",
			"-purpose",
			"sslserver",
			"-CAfile",
			a.CertificateFile(),
			file,
		).
			CombinedOutput()
		return string(output)
	}
	for _, name := range []string{"sts.arr.test", "localhost", "127.0.0.1", "::1"} {
		certificate, err := leafFor(t, a, name)
		require.NoError(t, err)
		assert.Contains(t, verify(certificate), "leaf.pem: OK", name)
	}
	assert.Contains(t, verify(forge(t, a, "other.test")), "permitted subtree violation")
}
