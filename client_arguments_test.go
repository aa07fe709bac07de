// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

func TestSessionIDsAreCheckedBeforeAnyRequest(t *testing.T) {
	calls := map[string]func(context.Context, *arr.SessionsClient, string) error{
		"create": func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.BeginCreate(ctx, id, halfHour, nil)
			return err
		},
		"resume": func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.BeginCreate(
				ctx,
				id,
				halfHour,
				&arr.BeginCreateSessionOptions{ResumeToken: "{}"},
			)
			return err
		},
		"wait": func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.BeginWait(ctx, id, nil)
			return err
		},
		"get": func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.Get(ctx, id, nil)
			return err
		},
		"update": func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.Update(ctx, id, arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
			return err
		},
		"stop": func(ctx context.Context, c *arr.SessionsClient, id string) error {
			_, err := c.Stop(ctx, id, nil)
			return err
		},
	}
	for name, call := range calls {
		for _, id := range []string{
			"", ".", "..", "a/b", "a\\b", "a b", "a%2fb", "a?b", "a#b", "a.b", "ä", "a\x00",
			":stop", strings.Repeat("a", 257),
		} {
			client, w := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 200, "{}"), nil },
			)
			err := call(t.Context(), client, id)
			require.ErrorIs(t, err, arr.ErrInvalidArgument, "%s %q", name, id)
			assert.Contains(t, err.Error(), "sessionID")
			assert.Empty(t, w.Sent(), "%s %q", name, id)
		}
	}
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 200, testkit.SessionJSON(path.Base(req.URL.Path), "Ready")), nil
	})
	for _, id := range []string{"a", "-", "_", "A-z_09", strings.Repeat("a", 256), arr.NewSessionID()} {
		_, err := client.Get(t.Context(), id, nil)
		assert.NoError(t, err, id)
	}
}

func TestLeaseTimesAreNeverRounded(t *testing.T) {
	client, w := fakeClient(
		t,
		func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 400, ""), nil },
	)
	for _, lease := range []time.Duration{
		time.Second, 90 * time.Second, 30*time.Minute + 1, -time.Nanosecond, 1<<63 - 1,
	} {
		_, err := client.BeginCreate(
			t.Context(),
			"demo",
			arr.CreateSessionSettings{Size: "Standard", MaxLeaseTime: lease},
			nil,
		)
		require.ErrorIs(t, err, arr.ErrInvalidArgument)
		assert.Contains(t, err.Error(), "MaxLeaseTime "+lease.String())
		_, err = client.Update(
			t.Context(),
			"demo",
			arr.UpdateSessionSettings{MaxLeaseTime: lease},
			nil,
		)
		require.ErrorIs(t, err, arr.ErrInvalidArgument)
	}
	assert.Empty(t, w.Sent())
	// the service's to refuse
	for _, lease := range []time.Duration{-4 * time.Minute, 0, 25 * time.Hour} {
		_, err := client.BeginCreate(
			t.Context(),
			"demo",
			arr.CreateSessionSettings{Size: "Standard", MaxLeaseTime: lease},
			nil,
		)
		var refused *arr.ServiceError
		require.ErrorAs(t, err, &refused)
	}
}

func TestSizeIsRequiredAndOpen(t *testing.T) {
	client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(
			req,
			201,
			strings.Replace(testkit.SessionJSON("demo", "Starting"), "Standard", "Gigantic", 1),
		), nil
	})
	_, err := client.BeginCreate(
		t.Context(),
		"demo",
		arr.CreateSessionSettings{MaxLeaseTime: time.Hour},
		nil,
	)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	assert.Empty(t, w.Sent())
	poller, err := client.BeginCreate(
		t.Context(),
		"demo",
		arr.CreateSessionSettings{Size: "Gigantic", MaxLeaseTime: time.Hour},
		nil,
	)
	require.NoError(t, err)
	assert.Equal(t, arr.SessionSize("Gigantic"), poller.Session().Size)
}

func TestConstructorsRefuseWhatCannotBeRight(t *testing.T) {
	const good = "https://remoterendering.westeurope.mixedreality.azure.com"
	const secret = "dGhpcyBpcyBhIHNlY3JldCBrZXkgb2YgdGhlIGFjY291bnQ="
	account := testAccount
	for _, test := range []struct {
		name     string
		endpoint string
		account  arr.Account
		options  arr.SessionsClientOptions
		want     string // empty: accepted
	}{
		{"good", good, account, arr.SessionsClientOptions{}, ""},
		{"spaces and slashes", " " + good + "// ", account, arr.SessionsClientOptions{}, ""},
		{
			"own service", "https://arr.example:8443/base",
			arr.Account{ID: account.ID, Domain: "arr.example"}, arr.SessionsClientOptions{}, "",
		},
		{
			"sts endpoint in place of a domain", good, arr.Account{ID: account.ID},
			arr.SessionsClientOptions{STSEndpoint: "https://sts.arr.example"}, "",
		},
		{"http allowed", "http://127.0.0.1:8080", arr.Account{ID: account.ID}, arr.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true},
			STSEndpoint:   "http://127.0.0.1:8080"}, ""},
		{
			"East US 2", good, arr.Account{ID: account.ID, Domain: "mixedreality.azure.com"},
			arr.SessionsClientOptions{}, "",
		},

		{"endpoint empty", "  ", account, arr.SessionsClientOptions{}, "endpoint is empty"},
		{
			"endpoint without scheme", "remoterendering.westeurope.mixedreality.azure.com",
			account, arr.SessionsClientOptions{},
			`"remoterendering.westeurope.mixedreality.azure.com" is not an address`,
		},
		{
			"endpoint a secret", secret, account, arr.SessionsClientOptions{},
			"endpoint is not an address such as https://" +
				"remoterendering.westeurope.mixedreality.azure.com (48 characters, not shown",
		},
		{
			"endpoint http", "http://arr.example", account, arr.SessionsClientOptions{},
			"InsecureAllowCredentialWithHTTP",
		},
		{"endpoint ftp", "ftp://arr.example", account, arr.SessionsClientOptions{}, "must begin with https://"},
		{
			"endpoint with password", "https://user:" + secret + "@arr.example", account,
			arr.SessionsClientOptions{}, "user name or password",
		},
		{"endpoint with query", "https://arr.example/?code=" + secret, account, arr.SessionsClientOptions{}, "query"},
		{
			"endpoint an account domain", "https://westeurope.mixedreality.azure.com", account,
			arr.SessionsClientOptions{}, "is an account domain",
		},
		{
			"endpoint the domain of East US 2", "https://mixedreality.azure.com", account,
			arr.SessionsClientOptions{}, "is an account domain",
		},
		{
			"endpoint a token service", "https://sts.westeurope.mixedreality.azure.com", account,
			arr.SessionsClientOptions{}, "is a token service",
		},
		{
			"account id empty", good, arr.Account{Domain: account.Domain},
			arr.SessionsClientOptions{}, "Account.ID is not a UUID",
		},
		{
			"account id no UUID", good, arr.Account{ID: "my-account", Domain: account.Domain},
			arr.SessionsClientOptions{}, `Account.ID "my-account" is not a UUID`,
		},
		{
			"account id a key", good, arr.Account{ID: secret, Domain: account.Domain},
			arr.SessionsClientOptions{},
			"Account.ID is not a UUID such as 00000000-1111-2222-3333-444455556666; the portal " +
				"shows it as Account ID (48 characters, not shown",
		},
		{
			"account id in braces", good,
			arr.Account{ID: "{" + account.ID[1:35] + "}", Domain: account.Domain},
			arr.SessionsClientOptions{}, "is not a UUID",
		},
		{"domain empty", good, arr.Account{ID: account.ID}, arr.SessionsClientOptions{}, "Account.Domain is empty"},
		{
			"id and domain swapped", good, arr.Account{ID: account.Domain, Domain: account.ID},
			arr.SessionsClientOptions{}, "is not a UUID",
		},
		{
			"domain with scheme", good,
			arr.Account{ID: account.ID, Domain: "https://westeurope.mixedreality.azure.com"},
			arr.SessionsClientOptions{}, "leave out scheme",
		},
		{
			"domain with sts.", good,
			arr.Account{ID: account.ID, Domain: "sts.westeurope.mixedreality.azure.com"},
			arr.SessionsClientOptions{}, `leave out "sts."`,
		},
		{
			"domain a rendering endpoint", good,
			arr.Account{ID: account.ID, Domain: "remoterendering.westeurope.mixedreality.azure.com"},
			arr.SessionsClientOptions{}, "is a rendering endpoint",
		},
		{
			"sts endpoint an account domain", good, account,
			arr.SessionsClientOptions{STSEndpoint: "https://westeurope.mixedreality.azure.com"},
			"https://sts.<account domain>",
		},
		{
			"sts endpoint a rendering endpoint", good, account,
			arr.SessionsClientOptions{STSEndpoint: good}, "https://sts.<account domain>",
		},
		{
			"sts endpoint http", good, account,
			arr.SessionsClientOptions{STSEndpoint: "http://sts.arr.example"},
			`STSEndpoint "http://sts.arr.example" is not https`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, err := arr.NewSessionsClientWithKeyCredential(
				test.endpoint,
				test.account,
				azcore.NewKeyCredential(testkit.Key),
				&test.options,
			)
			if test.want == "" {
				require.NoError(t, err)
				require.NotNil(t, client)
				return
			}
			require.ErrorIs(t, err, arr.ErrInvalidArgument)
			require.ErrorContains(t, err, test.want)
			assert.Nil(t, client)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestNilCredentialsAreRefused(t *testing.T) {
	var nilFunc *nilCredential
	_, err := arr.NewSessionsClient(endpoint, testAccount, nil, nil)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	_, err = arr.NewSessionsClient(endpoint, testAccount, nilFunc, nil)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	_, err = arr.NewSessionsClientWithKeyCredential(endpoint, testAccount, nil, nil)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	_, err = arr.NewSessionsClientWithAccessToken(endpoint, testAccount.ID, nil, nil)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	_, err = arr.NewTokenClient(testAccount, nil, nil)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	_, err = arr.NewTokenClientWithKeyCredential(testAccount, nil, nil)
	require.ErrorIs(t, err, arr.ErrInvalidArgument)
	for _, token := range []string{"", "Bearer abc", "a\nb", "ä"} {
		_, err = arr.NewStaticAccessToken(token)
		require.ErrorIs(t, err, arr.ErrInvalidArgument)
	}
}

type nilCredential struct{}

func (*nilCredential) GetToken(
	context.Context,
	policy.TokenRequestOptions,
) (azcore.AccessToken, error) {
	panic("never called")
}

func TestInvalidArgumentsNameTheArgumentTheValueAndTheReason(t *testing.T) {
	client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Starting")), nil
	})
	poller, err := client.BeginWait(t.Context(), "demo", nil)
	require.NoError(t, err)
	before := len(w.Sent())
	create := func(id string, size arr.SessionSize, lease time.Duration, resume string) error {
		_, err := client.BeginCreate(
			t.Context(),
			id,
			arr.CreateSessionSettings{Size: size, MaxLeaseTime: lease},
			&arr.BeginCreateSessionOptions{ResumeToken: resume},
		)
		return err
	}
	construct := func(endpoint string, account arr.Account, sts string) error {
		_, err := arr.NewSessionsClientWithKeyCredential(
			endpoint,
			account,
			keyCredential,
			&arr.SessionsClientOptions{STSEndpoint: sts},
		)
		return err
	}
	for _, test := range []struct {
		err                 error
		name, value, reason string
	}{
		{create("", "Standard", 0, ""), "sessionID", "", "is empty"},
		{create("a b", "Standard", 0, ""), "sessionID", "a b", "has a character that is not allowed"},
		{create("demo", "", 0, ""), "Size", "", "is empty"},
		{create("demo", "Premium", 90*time.Second, ""), "MaxLeaseTime", "1m30s", "is not a whole number of minutes"},
		{create("demo", "Premium", 0, "x"), "ResumeToken", "", "is not one that a poller returned"},
		{construct("arr.example", testAccount, ""), "endpoint", "arr.example", "is not an address"},
		{construct(endpoint, arr.Account{ID: "me", Domain: "x"}, ""), "Account.ID", "me", "is not a UUID"},
		{construct(endpoint, arr.Account{ID: testkit.Key, Domain: "x"}, ""), "Account.ID", "", "is not a UUID"},
		{construct(endpoint, arr.Account{ID: testAccount.ID}, ""), "Account.Domain", "", "is empty"},
		{construct(endpoint, testAccount, "sts"), "STSEndpoint", "sts", "is not an address"},
		{func() error {
			_, err := arr.NewTokenClientWithKeyCredential(
				testAccount,
				keyCredential,
				&arr.TokenClientOptions{Endpoint: "sts"},
			)
			return err
		}(), "Endpoint", "sts", "is not an address"},
		{func() error {
			_, err := arr.NewSessionsClientWithAccessToken(endpoint, "me", &nilCredential{}, nil)
			return err
		}(), "accountID", "me", "is not a UUID"},
		{func() error {
			_, err := poller.PollUntilDone(t.Context(), &arr.PollUntilDoneOptions{Frequency: -1})
			return err
		}(), "Frequency", "-1ns", "is negative"},
	} {
		var invalid *arr.InvalidArgumentError
		require.ErrorAs(t, test.err, &invalid)
		require.ErrorIs(t, test.err, arr.ErrInvalidArgument)
		assert.Equal(t, test.name, invalid.Name)
		assert.Equal(t, test.value, invalid.Value)
		assert.Contains(t, invalid.Reason, test.reason)
		assert.False(t, arr.IsTransient(test.err))
	}
	assert.Len(t, w.Sent(), before, "no request is sent")
}

func TestInvalidArgumentErrorReadsAsOneLine(t *testing.T) {
	for want, err := range map[string]arr.InvalidArgumentError{
		`invalid argument: Size is empty`: {Name: "Size", Reason: "is empty"},
		`invalid argument: sessionID "a b" has a space`: {
			Name:   "sessionID",
			Value:  "a b",
			Reason: "has a space",
		},
		`invalid argument: MaxLeaseTime 1m30s is no good`: {
			Name:   "MaxLeaseTime",
			Value:  "1m30s",
			Reason: "is no good",
		},
		`invalid argument: Max 0 is less than 1`: {Name: "Max", Value: "0", Reason: "is less than 1"},
		`invalid argument: sessionID "a\n\u202eb" has a control`: {
			Name:   "sessionID",
			Value:  "a\n\u202eb",
			Reason: "has a control",
		},
	} {
		assert.Equal(t, want, err.Error())
	}
}
