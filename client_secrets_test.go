// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// reach calls visit with every string that can be reached from v, unexported fields included, and
// with the text of every body.
func reach(v any, visit func(path, text string)) {
	type place struct {
		address uintptr
		kind    reflect.Type
	}
	seen := map[place]bool{}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			visit(path, v.String())
		case reflect.Pointer, reflect.Map:
			if v.IsNil() || seen[place{v.Pointer(), v.Type()}] {
				return
			}
			seen[place{v.Pointer(), v.Type()}] = true
			if v.Kind() == reflect.Pointer {
				walk(path, v.Elem())
				return
			}
			for _, key := range v.MapKeys() {
				walk(path+".key", key)
				walk(fmt.Sprintf("%s[%v]", path, key), v.MapIndex(key))
			}
		case reflect.Interface:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				var b strings.Builder
				for i := range v.Len() {
					b.WriteByte(byte(v.Index(i).Uint()))
				}
				visit(path, b.String())
				return
			}
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		default: // numbers, functions and channels hold no text
		}
	}
	walk(fmt.Sprintf("%T", v), reflect.ValueOf(v))
}

func TestReachFindsWhatItShould(t *testing.T) {
	resp := testkit.Answer(
		&http.Request{Header: http.Header{"Authorization": {"Bearer hidden"}}},
		200,
		"in the body",
	)
	var found []string
	reach(
		fmt.Errorf("wrapped: %w", &carrier{resp}),
		func(_, text string) { found = append(found, text) },
	)
	assert.Contains(t, found, "Bearer hidden")
	assert.Contains(t, found, "in the body")
}

type carrier struct{ resp *http.Response }

func (*carrier) Error() string { return "" }

// logged collects everything that azcore logs while f runs. Not for parallel tests: azcore has one
// listener.
func logged(f func()) string {
	var mu sync.Mutex
	var all strings.Builder
	azlog.SetListener(func(event azlog.Event, text string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(&all, event, text)
	})
	defer azlog.SetListener(nil)
	f()
	return all.String()
}

func TestSecretsStaySecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		tokens := map[string]bool{}
		echo := func(req *http.Request, status int) *http.Response { // as some gateways do
			return testkit.Answer(
				req,
				status,
				`{"error":{"code":"X","message":"you sent `+req.Header.Get("Authorization")+`"}}`,
				"X-Echo",
				req.Header.Get("Authorization"),
			)
		}
		faults := map[string]testkit.Handler{
			"none": func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
				return forward()
			},
			"service echoes 400": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return forward()
				}
				return echo(req, 400), nil
			},
			"service refuses the token": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return forward()
				}
				return echo(req, 401), nil
			},
			"STS echoes 401": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return echo(req, 401), nil
				}
				return forward()
			},
			"STS echoes the key escaped": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					body := `{"error":{"message":"` + url.QueryEscape(req.Header.Get("Authorization")) + `"}}`
					return testkit.Answer(req, 400, body), nil
				}
				return forward()
			},
			"STS answer cut off": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				resp, err := forward()
				if err == nil && testkit.IsExchange(req) {
					data, _ := io.ReadAll(resp.Body)
					resp.Body = io.NopCloser(strings.NewReader(string(data[:len(data)-3])))
				}
				return resp, err
			},
			"STS says 500 with the token": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return echo(req, 500), nil
				}
				return forward()
			},
			"answers that are no sessions": func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return forward()
				}
				return echo(req, 200), nil
			},
		}
		var public []any
		var failures []error
		log := logged(func() {
			for _, fault := range faults {
				client, w := newClient(t, e, func(o *arr.SessionsClientOptions) {
					o.Logging.IncludeBody = true
					o.Logging.AllowedHeaders = []string{"authorization", "X-Echo-Not"}
					o.Retry.RetryDelay = time.Millisecond
				})
				w.Handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						_, credential, _ := strings.Cut(req.Header.Get("Authorization"), " ")
						tokens[credential] = true
						return fault(req, forward)
					},
				)
				public = append(public, client)
				failures = append(failures, useEverything(t.Context(), client, &public)...)
			}
		})
		static, err := arr.NewStaticAccessToken(testkit.Token)
		require.NoError(t, err)
		public = append(public, static, e.Account())
		delete(tokens, "")
		require.Greater(t, len(tokens), 1, "key and tokens were on the wire")
		require.Greater(t, len(failures), 20)
		require.NotEmpty(t, log)

		secrets := []string{e.Key(), url.QueryEscape(e.Key()), testkit.Token}
		for token := range tokens {
			secrets = append(secrets, token)
		}
		clean := func(where, text string) {
			for _, secret := range secrets {
				assert.NotContains(t, text, secret, where)
			}
		}
		clean("log", log)
		for _, failure := range failures {
			clean("error", failure.Error())
			reach(failure, func(path, text string) {
				clean(path, text)
				assert.NotContains(t, path, "Header[Authorization]")
			})
		}
		for _, value := range append(public, toAny(failures)...) {
			clean("%v", fmt.Sprintf("%v", value))
			clean("%+v", fmt.Sprintf("%+v", value))
			clean("%#v", fmt.Sprintf("%#v", value))
			if data, err := json.Marshal(value); err == nil {
				clean("JSON", string(data))
			}
		}
	})
}

func toAny(errs []error) (values []any) {
	for _, err := range errs {
		values = append(values, err)
	}
	return values
}

// useEverything calls every method and collects what it returned.
func useEverything(
	ctx context.Context,
	client *arr.SessionsClient,
	public *[]any,
) (failures []error) {
	keep := func(value any, err error) {
		*public = append(*public, value)
		if err != nil {
			failures = append(failures, err)
		}
	}
	id := arr.NewSessionID()
	poller, err := client.BeginCreate(ctx, id, halfHour, nil)
	keep(poller, err)
	if err == nil {
		result, err := poller.PollUntilDone(ctx, nil)
		keep(result, err)
	}
	waiter, err := client.BeginWait(ctx, id, nil)
	keep(waiter, err)
	got, err := client.Get(ctx, id, nil)
	keep(got, err)
	updated, err := client.Update(ctx, id, arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
	keep(updated, err)
	page, err := client.NewListPager(nil).NextPage(ctx)
	keep(page, err)
	stopped, err := client.Stop(ctx, id, nil)
	keep(stopped, err)
	_, err = client.Get(ctx, "missing", nil)
	keep(nil, err)
	return failures
}

func TestRequestOfAnErrorKeepsNothingToSendAgain(t *testing.T) {
	client, _ := fakeClient(
		t,
		func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 404, ""), nil },
	)
	_, err := client.Get(t.Context(), "demo", nil)
	var response *azcore.ResponseError
	require.ErrorAs(t, err, &response)
	assert.Empty(t, response.RawResponse.Request.Header.Values("Authorization"))
	assert.Equal(
		t,
		"/accounts/"+testAccount.ID+"/sessions/demo",
		response.RawResponse.Request.URL.Path,
	)
}
