// SPDX-License-Identifier: MIT

package emulator_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

const arrTest = "arr.test"

// openAuthority opens an authority that must open.
func openAuthority(t *testing.T, dir string, domains ...string) *emulator.Authority {
	t.Helper()
	authority, err := emulator.OpenAuthority(dir, domains...)
	require.NoError(t, err)
	return authority
}

// secretsOf returns the key of an authority in every form that a text may show it.
func secretsOf(t *testing.T, a *emulator.Authority) []string {
	t.Helper()
	text, err := os.ReadFile(strings.TrimSuffix(a.CertificateFile(), ".crt") + ".key")
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	raw, err := key.(*ecdsa.PrivateKey).Bytes()
	require.NoError(t, err)
	return []string{
		new(big.Int).SetBytes(raw).String(),
		hex.EncodeToString(raw),
		base64.StdEncoding.EncodeToString(raw),
		fmt.Sprint(raw),
		strings.Split(string(text), "\n")[1],
	}
}

func TestAuthorityPrintsItsPath(t *testing.T) {
	a := openAuthority(t, t.TempDir(), arrTest)
	var text strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		assert.Equal(t, "emulator.Authority("+a.CertificateFile()+")", fmt.Sprintf(verb, a))
		fmt.Fprintf(&text, verb+verb, a.TLSConfig(), struct{ A, a *emulator.Authority }{a, a})
	}
	for _, secret := range secretsOf(t, a) {
		assert.NotContains(t, text.String(), secret)
	}
	assert.Equal(t, "emulator.Authority(nil)", fmt.Sprint((*emulator.Authority)(nil)))
}

func TestOpenAuthorityNamesThePackage(t *testing.T) {
	_, err := emulator.OpenAuthority("")
	require.EqualError(t, err, "emulator: the certificate authority needs a folder: give its path")
}
