// SPDX-License-Identifier: MIT

package blobaccess_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

const (
	signature = "c2VjcmV0+/c2VjcmV0="
	query     = "sv=2024-11-04&sp=rl&se=2030-01-02T03:04:05Z&sig=c2VjcmV0%2B%2Fc2VjcmV0%3D"
)

func parsed(t *testing.T) blobaccess.SAS {
	sas, err := blobaccess.ParseSAS(" ?" + query + "\n")
	require.NoError(t, err)
	return sas
}

// secretFree fails if any form of the signature is in the text.
func secretFree(t *testing.T, text string) {
	t.Helper()
	for _, form := range []string{"c2VjcmV0", url.QueryEscape(signature), signature} {
		assert.NotContains(t, text, form)
	}
}

func TestSASIsNeverShown(t *testing.T) {
	sas := parsed(t)
	assert.Equal(t, query, sas.Reveal())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		secretFree(t, fmt.Sprintf(verb, sas))
		secretFree(t, fmt.Sprintf(verb, &sas))
		secretFree(t, fmt.Sprintf(verb, struct{ S blobaccess.SAS }{sas}))
		secretFree(t, fmt.Sprintf(verb, struct{ s blobaccess.SAS }{sas}))
		secretFree(t, fmt.Sprintf(verb, map[string]any{"s": sas}))
	}
	text, err := json.Marshal(map[string]any{"sas": sas})
	require.NoError(t, err)
	assert.JSONEq(t, `{"sas":"REDACTED"}`, string(text))
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("made", "sas", sas)
	secretFree(t, logged.String())
}

func TestSASIsChecked(t *testing.T) {
	sas := parsed(t)
	assert.True(t, sas.Allows("rl"))
	assert.False(t, sas.Allows("w"))
	assert.Equal(t, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), sas.Expiry())
	for text, want := range map[string]string{
		"":                                   "no signature",
		"sv=1&sig=":                          "no signature",
		"https://a.blob/c?" + query:          "address",
		"sig=a b":                            "not a query string",
		"sig=%zz":                            "not a query string",
		"c2VjcmV0+/c2VjcmV0c2VjcmV0c2VjcmV0": "no signature",
	} {
		_, err := blobaccess.ParseSAS(text)
		require.ErrorContains(t, err, want)
		secretFree(t, err.Error())
	}
}

func TestContainerAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.blob.core.windows.net/models/":        "https://a.blob.core.windows.net/models",
		"http://127.0.0.1:10000/devstoreaccount1/models": "http://127.0.0.1:10000/devstoreaccount1/models",
	} {
		address, err := blobaccess.ParseContainerURL(text)
		require.NoError(t, err)
		assert.Equal(t, want, address.String())
	}
	for text, want := range map[string]string{
		"models": "not a URL", "ftp://a/b": "not a URL", ":": "not a URL",
		"https://a.blob.core.windows.net": "not an address of a container",
		"https://a/b/c/d":                 "not an address of a container", "https://u:p@a/b": "password",
		"https://a/b?" + query: "has a query", "https://a/b#x": "has a query",
	} {
		_, err := blobaccess.ParseContainerURL(text)
		require.ErrorContains(t, err, want)
		secretFree(t, err.Error())
	}
}

func TestPrefixesAndNames(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "/": "", ".": "", "Input": "Input/", "/a/b/": "a/b/", `a\b`: "a/b/", "ä ö": "ä ö/",
	} {
		got, err := blobaccess.CleanPrefix(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"a//b", "../a", "a/./b", "a.", "a\xff", strings.Repeat("x", 1025), "a\x00b"} {
		_, err := blobaccess.CleanPrefix(text)
		assert.Error(t, err, "%q", text)
	}
}

type transporter func(*http.Request) (*http.Response, error)

func (f transporter) Do(req *http.Request) (*http.Response, error) { return f(req) }

func list(t *testing.T, next transporter) error {
	address, err := blobaccess.ParseContainerURL("https://a.blob.core.windows.net/models")
	require.NoError(t, err)
	client, err := blobaccess.Container(address, parsed(t), azcore.ClientOptions{
		Transport: next, Retry: policy.RetryOptions{MaxRetries: -1},
	})
	require.NoError(t, err)
	_, err = client.NewListBlobsFlatPager(nil).NextPage(t.Context())
	return err
}

// TestSASReachesTheServerAndNothingElse follows a SAS through requests, logs and errors.
func TestSASReachesTheServerAndNothingElse(t *testing.T) {
	var logged strings.Builder
	azlog.SetListener(func(_ azlog.Event, text string) { logged.WriteString(text) })
	t.Cleanup(func() { azlog.SetListener(nil) })
	echo := func(req *http.Request) string {
		return "<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>Bad " + req.URL.String() +
			"\nRequestId:1</Message><AuthenticationErrorDetail>Signature fields not well formed: " + signature +
			" String to sign used was x</AuthenticationErrorDetail></Error>"
	}
	for name, next := range map[string]transporter{
		"refusal that repeats the SAS": func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, signature, req.URL.Query().Get("sig"))
			assert.Equal(t, "list", req.URL.Query().Get("comp"))
			return &http.Response{
				StatusCode: http.StatusForbidden, Request: req,
				Body: io.NopCloser(strings.NewReader(strings.ReplaceAll(echo(req), "&", "&amp;"))),
				Header: http.Header{
					"Location": {req.URL.String()}, "X-Ms-Error-Code": {"AuthenticationFailed"},
				},
			}, nil
		},
		"connection that fails": func(req *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: req.URL.String(), Err: net.ErrClosed}
		},
		"error that is only text": func(req *http.Request) (*http.Response, error) {
			return nil, errors.New("proxy cannot reach " + req.URL.String())
		},
	} {
		err := list(t, next)
		require.Error(t, err, name)
		secretFree(t, err.Error())
		secretFree(t, fmt.Sprintf("%+v", err))
		if answered, ok := errors.AsType[*azcore.ResponseError](err); ok {
			secretFree(t, answered.RawResponse.Request.URL.String())
			secretFree(t, fmt.Sprint(answered.RawResponse.Header))
		}
		wrapped := blobaccess.Wrap("list models", err)
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			secretFree(t, fmt.Sprintf(verb, wrapped))
		}
	}
	secretFree(t, logged.String())
	assert.NotEmpty(t, logged.String())
}

func TestErrorsSayWhatFailedAndWhatToDo(t *testing.T) {
	err := blobaccess.Wrap("list models", list(t, func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusForbidden, Request: req,
			Header: http.Header{"X-Ms-Error-Code": {"AuthorizationPermissionMismatch"}, "X-Ms-Request-Id": {"42"}},
			Body: io.NopCloser(strings.NewReader("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><Error>" +
				"<Message>This request is not authorized.\nRequestId:42\nTime:now</Message></Error>")),
		}, nil
	}))
	require.EqualError(t, err, "cannot list models: https://a.blob.core.windows.net/models answered 403 "+
		"AuthorizationPermissionMismatch: This request is not authorized (x-ms-request-id 42)")
	failed, ok := errors.AsType[*blobaccess.Error](err)
	require.True(t, ok)
	assert.True(t, failed.Denied())
	assert.Contains(t, failed.Advice(), "missing permission")
	assert.NoError(t, errors.Unwrap(err))
}

func TestCausesStayReachable(t *testing.T) {
	for _, cause := range []error{context.DeadlineExceeded, net.ErrClosed} {
		err := blobaccess.Wrap("list", list(t, func(req *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: req.URL.String(), Err: cause}
		}))
		assert.ErrorIs(t, err, cause)
	}
	calls := 0
	err := blobaccess.Wrap("list", list(t, func(*http.Request) (*http.Response, error) {
		calls++
		return nil, &net.DNSError{Name: "a.blob.core.windows.net", IsNotFound: true}
	}))
	failed, _ := errors.AsType[*blobaccess.Error](err)
	assert.Contains(t, failed.Advice(), "name of the storage account")
	assert.Equal(t, 1, calls)
}
