// SPDX-License-Identifier: MIT

package token

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering/internal/wait"
)

// FuzzAccessToken: whatever the claims, a token has a lifetime that time arithmetic survives, and
// is renewed within it.
func FuzzAccessToken(f *testing.F) {
	for _, claims := range []string{
		`{"iat":1,"exp":86401}`, `{"nbf":1.5,"exp":3600}`, `{"exp":1e300}`, `{"exp":-1}`,
		`{"exp":"x"}`, `{}`, `null`,
	} {
		f.Add("e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln")
		f.Add(claims)
	}
	f.Fuzz(func(t *testing.T, token string) {
		// lets the fuzzer write claims directly
		if claims, err := base64.RawURLEncoding.DecodeString(token); err == nil {
			checkTimes(t, "e30."+base64.RawURLEncoding.EncodeToString(claims)+".c2ln")
		}
		checkTimes(t, "e30."+base64.RawURLEncoding.EncodeToString([]byte(token))+".c2ln")
		checkTimes(t, token)
	})
}

func checkTimes(t *testing.T, token string) {
	received := wait.Clock{}.Now()
	now := received.Time()
	d := Lifetime(token, now)
	if d <= 0 || d > longestLifetime {
		t.Fatalf("lifetime %v of %q", d, token)
	}
	held := newToken(azcore.AccessToken{Token: token, ExpiresOn: now.Add(d)}, received)
	if held.RefreshOn.Before(now) || held.RefreshOn.After(held.ExpiresOn) {
		t.Fatalf("renewed at %v of a life from %v to %v", held.RefreshOn, now, held.ExpiresOn)
	}
	if static := NewStatic(token, nil); static.expires.After(now.Add(longestLifetime + time.Minute)) {
		t.Fatalf("expires at %v", static.expires)
	}
}
