// SPDX-License-Identifier: MIT

//go:build interop

package storage_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/internal/azurite"
)

// entraHost has the account in the name, as the addresses of Azure have.
const entraHost = azurite.Account + ".blob.localhost"

// certificate writes a certificate for entraHost and returns the files and the pool that trusts it.
func certificate(t *testing.T) (certFile, keyFile string, trusted *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{entraHost}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certFile, certPEM, 0o600))
	require.NoError(
		t,
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600),
	)
	trusted = x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(certPEM))
	return certFile, keyFile, trusted
}

// unsigned is a credential whose tokens have the claims that Azurite looks at.
type unsigned struct{ token string }

func newUnsigned(t *testing.T) unsigned {
	claims, err := json.Marshal(map[string]any{
		"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/11111111-1111-1111-1111-111111111111/",
		"nbf": time.Now().Add(-time.Minute).Unix(), "iat": time.Now().Add(-time.Minute).Unix(),
		"exp": time.Now().Add(time.Hour).Unix(), "ver": "1.0",
		"oid": "22222222-2222-2222-2222-222222222222", "tid": "11111111-1111-1111-1111-111111111111",
	})
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	return unsigned{
		encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims) + "." + encode([]byte("none")),
	}
}

func (u unsigned) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: u.token, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// TestInteropEntra signs in by Entra, and makes a user delegation SAS that works.
func TestInteropEntra(t *testing.T) {
	certFile, keyFile, trusted := certificate(t)
	server := azurite.Start(t, azurite.Options{CertFile: certFile, KeyFile: keyFile, InMemory: true})
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+server.Port)
	}
	t.Cleanup(transport.CloseIdleConnections)
	options := azcore.ClientOptions{Transport: &http.Client{Transport: transport}}
	settings := storage.Settings{
		Endpoint: "https://" + entraHost + ":" + server.Port, Credential: newUnsigned(t), ClientOptions: options,
	}
	a, err := storage.New(settings)
	require.NoError(t, err)
	assert.Equal(t, azurite.Account, a.Name())
	_, err = a.CreateContainer(t.Context(), "models")
	require.NoError(t, err)
	_, err = a.Upload(
		t.Context(),
		storage.Upload{Path: folder(t, map[string]string{"a/box.glb": "glb"}), Container: "models"},
	)
	require.NoError(t, err)

	sas, err := a.ContainerSAS(t.Context(), "models", storage.InputRights, time.Hour)
	require.NoError(t, err)
	assert.Contains(t, sas.Reveal(), "skoid=22222222", "a user delegation SAS")
	settings.Credential, settings.SAS = nil, sas.Reveal()
	b, err := storage.New(settings)
	require.NoError(t, err)
	content, err := b.Read(t.Context(), "models", "a/box.glb", 0)
	require.NoError(t, err)
	assert.Equal(t, "glb", string(content))
}
