// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// during makes every request fail in that way until the time is up.
func during(w *testkit.Wire, d time.Duration, fail func(*http.Request) (*http.Response, error)) {
	end := time.Now().Add(d)
	w.Handle(
		func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if time.Now().Before(end) {
				return fail(req)
			}
			return forward()
		},
	)
}

var outages = map[string]func(*http.Request) (*http.Response, error){
	"no answer":       func(*http.Request) (*http.Response, error) { return nil, testkit.ErrLost },
	"request timeout": func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 408, ""), nil },
	"throttled":       func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 429, ""), nil },
	"throttled for long": func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 429, "", "Retry-After", "90"), nil
	},
	"server error":        func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 500, ""), nil },
	"service unavailable": func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 503, ""), nil },
	"not even a session": func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 200, "<html>sign in to the hotel</html>"), nil
	},
	"host name unavailable": func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{IsNotFound: true}
	},
}

func TestOutageOfTwoMinutesIsBorne(t *testing.T) {
	for name, fail := range outages {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				poller, w, _ := startingPoller(t, time.Minute, arr.SessionSizeStandard)
				during(w, 2*time.Minute, fail)
				start := time.Now()
				ready, err := poller.PollUntilDone(t.Context(), nil)
				require.NoError(t, err)
				assert.Equal(t, arr.SessionStatusReady, ready.Status)
				assert.GreaterOrEqual(t, time.Since(start), 2*time.Minute)
				assert.LessOrEqual(
					t,
					time.Since(start),
					2*time.Minute+90*time.Second,
					"at most the longest Retry-After late",
				)
			})
		})
	}
}

func TestOutageIsBorneForFiveMinutesAndNoLonger(t *testing.T) {
	type outage struct {
		fail  func(*http.Request) (*http.Response, error)
		least time.Duration
	}
	all := map[string]outage{
		"no answer at all": {
			func(req *http.Request) (*http.Response, error) { return nil, wait.Sleep(req.Context(), 24*time.Hour) },
			5 * time.Minute,
		},
		"asked to wait too long": {func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 429, "", "Retry-After", "301"), nil
		}, time.Second},
		"asked to wait a minute": {func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 503, "", "Retry-After", "60"), nil
		}, 4*time.Minute + 30*time.Second},
	}
	for name, fail := range outages {
		all[name] = outage{fail, 4*time.Minute + 45*time.Second}
	}
	// its Retry-After does not fit in any more
	all["throttled for long"] = outage{outages["throttled for long"], 3 * time.Minute}
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				poller, w, _ := startingPoller(t, time.Minute, arr.SessionSizeStandard)
				during(w, time.Hour, test.fail)
				start := time.Now()
				_, err := poller.PollUntilDone(t.Context(), nil)
				require.Error(t, err)
				assert.GreaterOrEqual(t, time.Since(start), test.least)
				assert.LessOrEqual(t, time.Since(start), 5*time.Minute)

				w.Handle(nil)
				_, err = poller.PollUntilDone(t.Context(), nil)
				assert.NoError(t, err, "the poller can be used again")
			})
		})
	}
}

func TestOutageOfTheSTSDuringAWaitIsBorne(t *testing.T) {
	for name, fail := range map[string]func(*http.Request) (*http.Response, error){
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, testkit.ErrLost },
		"unavailable": func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 503, ""), nil },
		"throttled": func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 429, "", "Retry-After", "70"), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEmulator(
					t,
					emulator.Options{
						StartupTime:   emulator.FixedStartup(time.Minute),
						TokenLifetime: 30 * time.Second,
					},
				)
				client, w := newClient(t, e)
				poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
				require.NoError(t, err)
				end := time.Now().Add(2 * time.Minute)
				w.Handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						if testkit.IsExchange(req) && time.Now().Before(end) {
							return fail(req)
						}
						return forward()
					},
				)
				_, err = poller.PollUntilDone(t.Context(), nil)
				require.NoError(t, err)
				time.Sleep(30 * time.Second) // let a renewal end
			})
		})
	}
}

func TestPermanentFailuresEndTheWaitAtOnce(t *testing.T) {
	for name, fail := range map[string]func(*http.Request) (*http.Response, error){
		"unauthorized": func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 401, ""), nil },
		"forbidden":    func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 403, ""), nil },
		"bad request":  func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 400, ""), nil },
		"unknown certificate": func(*http.Request) (*http.Response, error) {
			return nil, &tls.CertificateVerificationError{Err: testkit.ErrLost}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				poller, w, _ := startingPoller(t, time.Hour, arr.SessionSizeStandard)
				during(w, time.Hour, func(req *http.Request) (*http.Response, error) {
					if testkit.IsExchange(req) {
						return testkit.Answer(req, 401, ""), nil
					}
					return fail(req)
				})
				start := time.Now()
				_, err := poller.PollUntilDone(t.Context(), nil)
				require.Error(t, err)
				assert.Less(t, time.Since(start), 30*time.Second)
			})
		})
	}
}

// A read may lag behind the create that it follows.
func TestPollerToleratesAReadThatLagsBehindItsCreate(t *testing.T) {
	for name, c := range map[string]struct {
		lag    time.Duration
		waits  bool // with BeginWait
		theirs bool // another client created it
		err    error
	}{
		"visible after 25 s":            {25 * time.Second, false, false, nil},
		"visible after 25 s, BeginWait": {25 * time.Second, true, false, nil},
		"visible after a minute":        {time.Minute, false, false, arr.ErrNotFound},
		"not created by this one":       {25 * time.Second, true, true, arr.ErrNotFound},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(5 * time.Second)})
			client, w := newClient(t, e)
			began := time.Now()
			poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
			require.NoError(t, err)
			if c.theirs {
				client, w = newClient(t, e)
			}
			if c.waits {
				poller, err = client.BeginWait(t.Context(), "demo", nil)
				require.NoError(t, err)
			}
			w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.Name(req) == "GET demo" && time.Since(began) < c.lag {
					return testkit.Answer(req, 404, ""), nil
				}
				return forward()
			})
			_, err = poller.PollUntilDone(t.Context(), nil)
			require.ErrorIs(t, err, c.err, name)
			if c.err != nil {
				assert.LessOrEqual(t, time.Since(began), 33*time.Second, name)
			}
		})
	}
}

// A create whose answer was lost is repeated, and answered with 200.
func TestPollerToleratesAReadThatLagsBehindARepeatedCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Second)})
		client, w := newClient(t, e)
		w.OnCall("PUT demo", 1, testkit.LoseAnswer)
		poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		require.False(t, poller.Created())
		w.OnCall("GET demo", 1, func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, 404, ""), nil
		})
		_, err = poller.PollUntilDone(t.Context(), nil)
		require.NoError(t, err)
	})
}
