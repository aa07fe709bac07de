// SPDX-License-Identifier: MIT

package localca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

func TestAuthorityRefusesDomains(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for _, domain := range []string{"", ".arr.test", "arr.test.", "*.arr.test", "arr..test", "-arr.test", "arr_.test", "arr.test:443",
		"https://arr.test", "ärr.test", "127.0.0.1", "arr.1", strings.Repeat("a", 64) +
			".test", strings.Repeat("a.", 126) + "test", "arr.test\n"} {
		_, err := localca.Open(dir, arrTest, domain)
		require.ErrorContains(
			t,
			err,
			"is not a domain for a certificate authority: give one such as arr.test",
			domain,
		)
		assert.Less(t, len(err.Error()), 300)
		assert.NotContains(t, err.Error(), "\n")
	}
	_, err := localca.Open(dir, "com")
	assert.EqualError(
		t,
		err,
		`"com" is a top-level domain: a certificate authority for all of it would be too powerful; `+
			`give one below it, such as arr.com`,
	)
	assert.NoDirExists(t, dir)
}

func TestAuthorityRefusesWhatIsKept(t *testing.T) {
	write := func(path string, mode os.FileMode, text string) {
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
	}
	copyOver := func(from, to string) {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		write(to, 0o600, string(text))
	}
	replace := func(template func(*x509.Certificate)) func(*localca.Authority) {
		return func(a *localca.Authority) {
			certificate, key := authorityCertificate(t, a), authorityKey(t, a)
			template(certificate)
			signed, err := x509.CreateCertificate(
				rand.Reader,
				certificate,
				certificate,
				key.Public(),
				key,
			)
			require.NoError(t, err)
			write(
				a.CertificateFile(),
				0o644,
				string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})),
			)
		}
	}
	other := openAuthority(t, t.TempDir(), arrTest)
	for name, test := range map[string]struct {
		harm func(*localca.Authority)
		want string
	}{
		"no key": {
			func(a *localca.Authority) { require.NoError(t, os.Remove(keyFile(a))) },
			".key is missing: ",
		},
		"no certificate": {
			func(a *localca.Authority) { require.NoError(t, os.Remove(a.CertificateFile())) },
			".crt is missing: ",
		},
		"empty key": {func(a *localca.Authority) { write(keyFile(a), 0o600, "") }, ".key has no private key: "},
		"half a certificate": {func(a *localca.Authority) { require.NoError(t, os.Truncate(a.CertificateFile(), 300)) },
			".crt has no certificate: "},
		"two certificates": {
			func(a *localca.Authority) { copyOver(a.CertificateFile(), keyFile(a)) },
			".key has no private key: ",
		},
		"broken key": {func(a *localca.Authority) {
			write(keyFile(a), 0o600, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
		}, "the key of the certificate authority is damaged"},
		"broken certificate": {func(a *localca.Authority) {
			write(a.CertificateFile(), 0o644, "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n")
		}, "the certificate of the authority is damaged"},
		"key of another": {
			func(a *localca.Authority) { copyOver(keyFile(other), keyFile(a)) },
			"do not belong together",
		},
		"certificate of another": {func(a *localca.Authority) {
			copyOver(other.CertificateFile(), a.CertificateFile())
		},
			"do not belong together"},
		"expired": {
			replace(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }),
			"the certificate authority expired on ",
		},
		"from tomorrow": {
			replace(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(24 * time.Hour) }),
			"set the clock of this machine right",
		},
		"unconfined": {replace(func(c *x509.Certificate) { c.PermittedDNSDomains, c.PermittedIPRanges = nil, nil }),
			"confined to some names"},
		"no authority": {
			replace(func(c *x509.Certificate) { c.IsCA, c.MaxPathLenZero = false, false; c.MaxPathLen = -1 }),
			"is not one that this package made",
		},
		"a file": {func(a *localca.Authority) {
			folder := filepath.Dir(a.CertificateFile())
			os.RemoveAll(folder)
			write(folder, 0o600, "")
		}, "is not a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a := openAuthority(t, dir, arrTest)
			secret := secretsOf(t, a)
			test.harm(a)
			_, err := localca.Open(dir, arrTest)
			require.ErrorContains(t, err, test.want)
			if name != "from tomorrow" && name != "a file" {
				assert.ErrorContains(
					t,
					err,
					"remove the folder "+filepath.Dir(
						a.CertificateFile(),
					)+" to make a new one, and trust it again",
				)
			}
			for _, s := range append(secret, "c2VjcmV0", "secret") {
				assert.NotContains(t, err.Error(), s)
			}
			require.NoError(t, os.RemoveAll(filepath.Dir(a.CertificateFile())))
			again := openAuthority(t, dir, arrTest)
			assert.False(t, a.CertPool().Equal(again.CertPool()), "the cure works")
		})
	}
}

func TestAuthorityRefusesFurtherDomains(t *testing.T) {
	dir := t.TempDir()
	a := openAuthority(t, dir, arrTest)
	for _, domain := range []string{"render.example", "notarr.test", "x.test"} {
		_, err := localca.Open(dir, arrTest, domain)
		assert.EqualError(
			t,
			err,
			"the certificate authority is for arr.test, localhost, not for "+domain+
				": use one of these domains, or remove the folder "+filepath.Dir(a.CertificateFile())+
				" to make a new one, and trust it again",
		)
	}
}

func TestAuthorityRefusesOpenFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access is decided by access control lists")
	}
	dir := t.TempDir()
	a := openAuthority(t, dir, arrTest)
	folder := filepath.Dir(a.CertificateFile())

	for _, mode := range []os.FileMode{0o640, 0o604, 0o620} {
		require.NoError(t, os.Chmod(keyFile(a), mode))
		_, err := localca.Open(dir, arrTest)
		assert.ErrorContains(
			t,
			err,
			fmt.Sprintf(
				"others can use the key of the certificate authority, %s (mode %#o): if nobody did, "+
					"run chmod 600 on it",
				keyFile(a),
				mode,
			),
		)
	}
	require.NoError(t, os.Chmod(keyFile(a), 0o400))
	for _, path := range []string{folder, dir} {
		require.NoError(t, os.Chmod(path, 0o770))
		_, err := localca.Open(dir, arrTest)
		require.ErrorContains(t, err, "others can write to "+path+" (mode 0770)")
		assert.ErrorContains(t, err, "chmod 700")
		require.NoError(t, os.Chmod(path, 0o755))
	}
	openAuthority(t, dir, arrTest)

	open := t.TempDir()
	require.NoError(t, os.Chmod(open, 0o777))
	_, err := localca.Open(open, arrTest)
	require.ErrorContains(t, err, "others can write to ")
	entries, err := os.ReadDir(open)
	require.NoError(t, err)
	assert.Empty(t, entries, "no key is made there")
}

func TestAuthorityRefusesPaths(t *testing.T) {
	_, err := localca.Open("")
	require.EqualError(t, err, "the certificate authority needs a folder: give its path")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		_, err = localca.Open(dir)
		assert.ErrorContains(
			t,
			err,
			"cannot make a folder for the certificate authority: ",
		)
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
