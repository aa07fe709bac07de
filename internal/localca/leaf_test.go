// SPDX-License-Identifier: MIT

package localca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/localca"
)

// leafFor asks an authority for the certificate of a name.
func leafFor(t *testing.T, a *localca.Authority, name string) (*x509.Certificate, error) {
	t.Helper()
	signed, err := a.TLSConfig().GetCertificate(&tls.ClientHelloInfo{ServerName: name})
	if err != nil {
		return nil, err
	}
	require.Len(t, signed.Certificate, 1)
	certificate, err := x509.ParseCertificate(signed.Certificate[0])
	require.NoError(t, err)
	return certificate, nil
}

// forge signs a certificate for any name or address with the key of the authority, as who has
// stolen it could.
func forge(t *testing.T, a *localca.Authority, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		NotBefore:   time.Now().Add(-time.Minute),
		NotAfter:    time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	signed, err := x509.CreateCertificate(
		rand.Reader,
		template,
		authorityCertificate(t, a),
		key.Public(),
		authorityKey(t, a),
	)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(signed)
	require.NoError(t, err)
	return certificate
}

func TestLeaf(t *testing.T) {
	a := openAuthority(t, t.TempDir(), arrTest)
	for _, name := range []string{
		arrTest, "STS.Arr.Test", "remoterendering.westeurope.arr.test", "localhost", "x.localhost",
		"127.0.0.1", "127.3.2.1", "::1", "0:0::1", "::ffff:127.0.0.1",
	} {
		leaf, err := leafFor(t, a, name)
		require.NoError(t, err, name)
		verified := name
		if ip := net.ParseIP(name); ip != nil {
			verified = "[" + ip.String() + "]"
		}
		_, err = leaf.Verify(x509.VerifyOptions{Roots: a.CertPool(), DNSName: verified})
		require.NoError(t, err, name)
		assert.WithinDuration(t, time.Now().Add(90*24*time.Hour), leaf.NotAfter, time.Minute)
		assert.Equal(t, elliptic.P256(), leaf.PublicKey.(*ecdsa.PublicKey).Curve)
		assert.Equal(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, leaf.ExtKeyUsage)
		assert.False(t, leaf.IsCA)
		assert.Empty(t, leaf.Subject.CommonName)
	}
	for _, name := range []string{"test", "xarr.test", "arr.test.example", "*.arr.test", "a..arr.test", ".arr.test",
		"a/b.arr.test", "a_b.arr.test", "192.168.0.1",
		"::2", "::ffff:10.0.0.1", "128.0.0.1", "fe80::1%lo", "a\nb.arr.test", strings.Repeat("a.", 130) +
			"arr.test", strings.Repeat("x", 64) + ".arr.test"} {
		_, err := leafFor(t, a, name)
		require.ErrorContains(t, err, "no certificate for ", name)
		assert.ErrorContains(
			t,
			err,
			": the authority is for arr.test, localhost, 127.0.0.0/8, ::1/128; use one of these names",
		)
		assert.NotContains(t, err.Error(), "\n")
		assert.Less(t, len(err.Error()), 400)
	}
	_, err := leafFor(t, a, "")
	assert.ErrorContains(
		t,
		err,
		"names no server, on a connection without IP address: connect by name",
	)
}

// The constraints protect those who trust the authority even from its key.
func TestForgedCertificatesDoNotVerify(t *testing.T) {
	a := openAuthority(t, t.TempDir(), arrTest)
	for _, name := range []string{"other.test", "login.microsoftonline.com", "8.8.8.8", "2001:db8::1"} {
		_, err := forge(t, a, name).Verify(x509.VerifyOptions{Roots: a.CertPool()})
		var invalid x509.CertificateInvalidError
		require.ErrorAs(t, err, &invalid, name)
		assert.Equal(t, x509.CANotAuthorizedForThisName, invalid.Reason, name)
	}
	_, err := forge(t, a, "sts.arr.test").Verify(x509.VerifyOptions{Roots: a.CertPool()})
	assert.NoError(t, err, "the forging itself is right")
}

func TestHandshakesSignOnce(t *testing.T) {
	a := openAuthority(t, t.TempDir(), arrTest)
	signed := make([]*tls.Certificate, 64)
	var group sync.WaitGroup
	for i := range signed {
		group.Go(func() {
			var err error
			signed[i], err = a.TLSConfig().
				GetCertificate(&tls.ClientHelloInfo{ServerName: "sts.arr.test"})
			assert.NoError(t, err)
		})
	}
	group.Wait()
	for _, certificate := range signed {
		assert.Same(t, signed[0], certificate)
	}
}

func TestLeafCacheIsBounded(t *testing.T) {
	a := openAuthority(t, t.TempDir(), arrTest)
	first, err := leafFor(t, a, "first.arr.test")
	require.NoError(t, err)
	second, err := leafFor(t, a, "second.arr.test")
	require.NoError(t, err)
	serial := func(name string) string {
		leaf, err := leafFor(t, a, name)
		require.NoError(t, err)
		return leaf.SerialNumber.String()
	}
	for i := range 300 {
		serial(fmt.Sprintf("n%d.arr.test", i))
		assert.Equal(
			t,
			first.SerialNumber.String(),
			serial("first.arr.test"),
			"what is used is kept",
		)
	}
	assert.NotEqual(
		t,
		second.SerialNumber.String(),
		serial("second.arr.test"),
		"what was not used for longest is forgotten",
	)
}

func TestLeafIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openAuthority(t, t.TempDir(), arrTest)
		end := authorityCertificate(t, a).NotAfter
		first, err := leafFor(t, a, "sts.arr.test")
		require.NoError(t, err)
		time.Sleep(59 * 24 * time.Hour)
		same, err := leafFor(t, a, "sts.arr.test")
		require.NoError(t, err)
		assert.Equal(t, first.SerialNumber, same.SerialNumber)
		time.Sleep(2 * 24 * time.Hour)
		renewed, err := leafFor(t, a, "sts.arr.test")
		require.NoError(t, err)
		assert.NotEqual(t, first.SerialNumber, renewed.SerialNumber)

		time.Sleep(time.Until(end) - time.Hour)
		last, err := leafFor(t, a, "sts.arr.test")
		require.NoError(t, err)
		assert.Equal(t, end, last.NotAfter, "no longer than the authority")
		time.Sleep(59 * time.Minute)
		same, err = leafFor(t, a, "sts.arr.test")
		require.NoError(t, err)
		assert.Equal(t, last.SerialNumber, same.SerialNumber, "a new one would end no later")
	})
}
