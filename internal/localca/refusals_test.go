// SPDX-License-Identifier: MIT

package localca_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/localca"
)

func TestAuthorityRefusesDomains(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for _, domain := range []string{"", ".arr.test", "arr.test.", "*.arr.test", "arr..test", "-arr.test", "arr_.test",
		"arr.test:443",
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
			"correct the clock of this machine",
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
