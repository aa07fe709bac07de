// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/transport"
	"github.com/arr-go/azremoterendering/internal/wait"
)

func TestOutcomeUnknown(t *testing.T) {
	lost := func(*http.Request) (*http.Response, error) { return nil, testkit.ErrLost }
	calls := map[string]func(context.Context, *arr.SessionsClient) error{
		"create": func(ctx context.Context, c *arr.SessionsClient) error {
			_, err := c.BeginCreate(ctx, "demo", halfHour, nil)
			return err
		},
		"update": func(ctx context.Context, c *arr.SessionsClient) error {
			_, err := c.Update(ctx, "demo", arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
			return err
		},
		"stop": func(ctx context.Context, c *arr.SessionsClient) error {
			_, err := c.Stop(ctx, "demo", nil)
			return err
		},
	}
	for name, call := range calls {
		t.Run(name+": the network never comes back", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _ := fakeClient(t, lost)
				err := call(t.Context(), client)
				require.ErrorIs(t, err, arr.ErrOutcomeUnknown)
				assert.ErrorIs(t, err, testkit.ErrLost)
				assert.Contains(t, err.Error(), `"demo"`)
				assert.Contains(t, err.Error(), "outcome unknown")
			})
		})
		t.Run(name+": lost, then throttled", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := true
				client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
					if first {
						first = false
						return nil, testkit.ErrLost
					}
					return testkit.Answer(req, http.StatusTooManyRequests, ""), nil
				})
				err := call(t.Context(), client)
				assert.ErrorIs(t, err, arr.ErrThrottled)
				assert.ErrorIs(t, err, arr.ErrOutcomeUnknown, "the first try may have taken effect")
			})
		})
		t.Run(name+": never sent", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w := newClient(t, newEmulator(t, emulator.Options{}))
				w.Handle(
					func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
						// the token service refuses
						return testkit.Answer(req, http.StatusUnauthorized, ""), nil
					},
				)
				err := call(t.Context(), client)
				require.ErrorIs(t, err, arr.ErrUnauthorized)
				assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
			})
		})
		t.Run(name+": refused", func(t *testing.T) {
			client, _ := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) {
					return testkit.Answer(req, http.StatusForbidden, ""), nil
				},
			)
			err := call(t.Context(), client)
			require.ErrorIs(t, err, arr.ErrForbidden)
			assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
		})
	}
	t.Run("the answer to create cannot be read", func(t *testing.T) {
		for _, body := range []string{
			"", "null", "{}", `{"id":"demo"}`, `{"id":"demo","sta`, `{"id":7,"status":"Starting"}`,
			"<html>",
		} {
			client, _ := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) {
					return testkit.Answer(req, http.StatusCreated, body), nil
				},
			)
			err := calls["create"](t.Context(), client)
			require.ErrorIs(t, err, arr.ErrOutcomeUnknown, body)
			assert.Contains(
				t,
				err.Error(),
				"the answer 201 (MS-CV abcdefghijklmnopqrstuv.0) cannot be read",
				body,
			)
		}
	})
	t.Run("a success that the protocol does not know", func(t *testing.T) {
		client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, http.StatusAccepted, ""), nil
		})
		for name, call := range calls {
			err := call(t.Context(), client)
			require.ErrorIs(t, err, arr.ErrOutcomeUnknown, name)
			assert.ErrorContains(t, err, "202 Accepted", name)
		}
	})
	for _, status := range []int{408, 500, 502, 503, 504} {
		t.Run(
			fmt.Sprintf("a fault after the effect, %d, on every try", status),
			func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					e := newEmulator(t, emulator.Options{})
					client, w := newClient(t, e)
					w.Handle(
						func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
							resp, err := forward()
							if err != nil || testkit.IsExchange(req) {
								return resp, err
							}
							return testkit.Answer(req, status, ""), nil
						},
					)
					err := calls["create"](t.Context(), client)
					require.ErrorIs(t, err, arr.ErrOutcomeUnknown)
					var refused *arr.ServiceError
					require.ErrorAs(t, err, &refused)
					assert.Equal(t, status, refused.StatusCode)
					assert.Contains(t, err.Error(), "the session may exist and be billed")
					w.Handle(nil)
					_, err = client.Get(t.Context(), "demo", nil)
					assert.NoError(t, err, "it does exist")
				})
			},
		)
	}
	t.Run("a fault after the effect, then the context ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, _ := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) {
					return testkit.Answer(req, 504, "", "Retry-After", "30"), nil
				},
			)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := calls["create"](ctx, client)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, arr.ErrOutcomeUnknown)
			var refused *arr.ServiceError
			require.ErrorAs(t, err, &refused, "the answer that made it pause is told too")
		})
	})
	t.Run("a fault after the effect, then no connection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			first := true
			client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
				if first {
					first = false
					return testkit.Answer(req, 502, ""), nil
				}
				return nil, &net.OpError{Op: "dial", Err: testkit.ErrLost}
			})
			require.ErrorIs(t, calls["create"](t.Context(), client), arr.ErrOutcomeUnknown)
		})
	})
	t.Run("a context that had ended before", func(t *testing.T) {
		client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
		})
		_, err := client.Get(t.Context(), "demo", nil) // the token is there
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = calls["create"](ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
		assert.Zero(t, w.Count("PUT demo"))
	})
	t.Run("a policy of the caller that does not send", func(t *testing.T) {
		broken := errors.New("circuit is open")
		client, w := fakeClient(
			t,
			func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 200, ""), nil },
			func(o *arr.SessionsClientOptions) {
				o.PerRetryPolicies = []policy.Policy{
					transport.PolicyFunc(
						func(*policy.Request) (*http.Response, error) { return nil, broken },
					),
				}
				o.Retry.MaxRetries = -1
			},
		)
		err := calls["create"](t.Context(), client)
		require.ErrorIs(t, err, broken)
		assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
		assert.Empty(t, w.Requests())
	})
	t.Run("a server that cannot prove who it is", func(t *testing.T) {
		client, _ := fakeClient(t, func(*http.Request) (*http.Response, error) {
			return nil, &tls.CertificateVerificationError{Err: testkit.ErrLost}
		}, noRetries)
		assert.NotErrorIs(t, calls["create"](t.Context(), client), arr.ErrOutcomeUnknown)
	})
	t.Run("lost, then forbidden", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			first := true
			client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
				if first {
					first = false
					return nil, testkit.ErrLost
				}
				return testkit.Answer(req, 403, ""), nil
			})
			assert.ErrorIs(
				t,
				calls["create"](t.Context(), client),
				arr.ErrOutcomeUnknown,
				"the refusal says nothing of the first try",
			)
		})
	})
	t.Run("lost, then not found", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			first := true
			client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
				if first {
					first = false
					return nil, testkit.ErrLost
				}
				return testkit.Answer(req, 404, ""), nil
			})
			err := calls["stop"](t.Context(), client)
			require.ErrorIs(t, err, arr.ErrNotFound)
			assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown, "there is nothing to stop")
		})
	})
	t.Run("get changes nothing", func(t *testing.T) {
		client, _ := fakeClient(t, lost, noRetries)
		_, err := client.Get(t.Context(), "demo", nil)
		require.ErrorIs(t, err, testkit.ErrLost)
		assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
	})
	t.Run("a context that ends while the answer is out", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
				return nil, wait.Sleep(req.Context(), time.Hour)
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := calls["create"](ctx, client)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorIs(t, err, arr.ErrOutcomeUnknown)
		})
	})
}

// The context ends at the moment in which the answer arrives. azcore would drop the answer; then
// nobody would know of the session.
func TestAnswerThatArrivesAsTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := newClient(t, newEmulator(t, emulator.Options{}))
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(
			"PUT demo",
			1,
			func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
				defer cancel()
				return forward()
			},
		)
		poller, err := client.BeginCreate(ctx, "demo", halfHour, nil)
		require.NoError(t, err)
		assert.True(t, poller.Created())

		_, err = poller.PollUntilDone(ctx, nil)
		assert.ErrorIs(t, err, context.Canceled, "the next request meets the end of the context")
	})
}

// The same with an answer that is not whole: then the outcome is unknown.
func TestBrokenAnswerThatArrivesAsTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := newClient(t, newEmulator(t, emulator.Options{}))
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(
			"PUT demo",
			1,
			func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
				defer cancel()
				resp, err := forward()
				if err == nil {
					resp.Body = io.NopCloser(
						io.MultiReader(io.LimitReader(resp.Body, 20), brokenReader{}),
					)
				}
				return resp, err
			},
		)
		_, err := client.BeginCreate(ctx, "demo", halfHour, nil)
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, arr.ErrOutcomeUnknown)
	})
}
