// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// FuzzSessionJSON: what can be read can be written, and is then read the same.
func FuzzSessionJSON(f *testing.F) {
	f.Add(
		[]byte(
			`{"id":"a","creationTime":"2021-01-29T16:04:29.1569219+00:00","arrInspectorPort":0,"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null,"maxLeaseTimeMinutes":4,"size":"Standard","status":"Starting","teraflops":0.0,"error":null}`,
		),
	)
	f.Add(
		[]byte(
			`{"id":"a","arrInspectorPort":50830,"handshakePort":61353,"elapsedTimeMinutes":3,"hostname":"h","maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":8.1}`,
		),
	)
	f.Add(
		[]byte(
			`{"status":"Error","error":{"code":"A","details":[{"code":"B"}],"innerError":{"code":"C","innerError":{}}}}`,
		),
	)
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second Session
		if json.Unmarshal(data, &first) != nil {
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", data, err)
		}
		if err := json.Unmarshal(written, &second); err != nil {
			t.Fatalf("%s was written and cannot be read: %v", written, err)
		}
		again, err := json.Marshal(second)
		if err != nil || string(again) != string(written) {
			t.Fatalf("%s became %s: %v", written, again, err)
		}
		atLeast, atMost := first.RemainingLease()
		if atLeast < 0 || atLeast > atMost {
			t.Fatalf("remaining lease between %v and %v", atLeast, atMost)
		}
	})
}

// FuzzAccessToken: whatever the claims, a token has a lifetime that time arithmetic survives, and
// is renewed within it.
func FuzzAccessToken(f *testing.F) {
	for _, claims := range []string{`{"iat":1,"exp":86401}`, `{"nbf":1.5,"exp":3600}`, `{"exp":1e300}`, `{"exp":-1}`, `{"exp":"x"}`, `{}`, `null`} {
		f.Add("e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln")
		f.Add(claims)
	}
	f.Fuzz(func(t *testing.T, token string) {
		// lets the fuzzer write claims directly
		if claims, err := base64.RawURLEncoding.DecodeString(token); err == nil {
			check(t, "e30."+base64.RawURLEncoding.EncodeToString(claims)+".c2ln")
		}
		check(t, "e30."+base64.RawURLEncoding.EncodeToString([]byte(token))+".c2ln")
		check(t, token)
	})
}

func check(t *testing.T, token string) {
	now := time.Now()
	d := lifetime(token, now)
	if d <= 0 || d > longestLifetime {
		t.Fatalf("lifetime %v of %q", d, token)
	}
	held := newAccessToken(azcore.AccessToken{Token: token, ExpiresOn: now.Add(d)}, now)
	if held.renew.Before(now) || held.renew.After(held.expires) {
		t.Fatalf("renewed at %v of a life from %v to %v", held.renew, now, held.expires)
	}
	if cred, err := NewStaticAccessToken(token); err == nil {
		if expires := cred.(*staticAccessToken).expires; expires.After(
			now.Add(longestLifetime + time.Minute),
		) {
			t.Fatalf("expires at %v", expires)
		}
	}
}

// FuzzResumeToken: what is accepted names this session, this account and this host, and goes
// through once more unchanged.
func FuzzResumeToken(f *testing.F) {
	const good = `{"sessionID":"demo","accountID":"00000000-1111-2222-3333-444455556666","host":"rendering.example"}`
	for _, token := range []string{good, `null`, `{}`, good + good, `{"fakeURL":"https://attacker.example"}`, `{"type":"x","token":{}}`,
		strings.Replace(good, "demo", "../x", 1), strings.Replace(good, "{", `{"SESSIONid":"x",`, 1)} {
		f.Add(token)
	}
	client := fuzzClient(f)
	f.Fuzz(func(t *testing.T, text string) {
		token, err := parseResumeToken(text)
		if err != nil {
			return
		}
		if checkSessionID(token.SessionID) != nil || checkAccountID("accountID", token.AccountID) != nil ||
			token.Host == "" {
			t.Fatalf("accepted %+v", token)
		}
		poller, err := client.resume(token.SessionID, text)
		if err != nil {
			return
		}
		if !strings.EqualFold(token.Host, "rendering.example") ||
			!strings.EqualFold(token.AccountID, client.accountID) {
			t.Fatalf("resumed %+v", token)
		}
		if again, err := poller.ResumeToken(); err != nil ||
			again != strings.Replace(good, "demo", token.SessionID, 1) {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
	})
}

// FuzzNextLink: what is followed lies on the client's scheme, host, port and account.
func FuzzNextLink(f *testing.F) {
	const own = "https://rendering.example/base/accounts/00000000-1111-2222-3333-444455556666/"
	for _, link := range []string{own + "sessions?skiptoken=x", "?skiptoken=x", "//attacker.example/", "https://rendering.example@attacker.example/",
		own + "../x", own + "%2e%2e/x", "/base/accounts/00000000-1111-2222-3333-444455556666/sessions;x", "\\\\attacker.example", "https:rendering.example", "?x=%zz"} {
		f.Add(link)
	}
	client := fuzzClient(f)
	f.Fuzz(func(t *testing.T, link string) {
		links := client.newNextLinks()
		address, err := links.follow(link)
		if err != nil {
			return
		}
		followed, err := url.Parse(address)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", link, address, err)
		}
		if followed.Scheme != "https" ||
			!strings.EqualFold(followed.Host, "rendering.example") &&
				!strings.EqualFold(followed.Host, "rendering.example:443") ||
			followed.User != nil {
			t.Fatalf("%q leads to %q", link, address)
		}
		if !strings.HasPrefix(
			strings.ToLower(followed.EscapedPath()),
			strings.TrimPrefix(own, "https://rendering.example"),
		) ||
			strings.Contains(followed.Path, "..") {
			t.Fatalf("%q leads to the path %q", link, followed.Path)
		}
		if _, err := links.follow(link); err == nil {
			t.Fatalf("%q is followed twice", link)
		}
	})
}

func fuzzClient(f *testing.F) *SessionsClient {
	static, err := NewStaticAccessToken("opaque")
	if err != nil {
		f.Fatal(err)
	}
	client, err := NewSessionsClientWithAccessToken(
		"https://rendering.example/base",
		"00000000-1111-2222-3333-444455556666",
		static,
		nil,
	)
	if err != nil {
		f.Fatal(err)
	}
	return client
}
