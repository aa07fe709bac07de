// SPDX-License-Identifier: MIT

package testkit

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	// AccountID is an account id.
	AccountID = "00000000-1111-2222-3333-444455556666"
	// Key is an account key.
	Key = "dGhlIGtleSBvZiB0aGUgYWNjb3VudCBpbiB0ZXN0cw=="
	// Token is an access token that cannot be read, so that it is taken to live an hour.
	Token = "an-opaque-access-token"
)

// SigningKey returns the key with which emulators sign tokens. It is one for the whole test binary,
// because generating one takes longer than most tests.
var SigningKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// Credential is a function used as a credential.
type Credential func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)

// GetToken calls f.
func (f Credential) GetToken(
	ctx context.Context,
	options policy.TokenRequestOptions,
) (azcore.AccessToken, error) {
	return f(ctx, options)
}
