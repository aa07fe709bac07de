// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestAnswersWithoutABodyAreNeitherSlowNorCutOff(t *testing.T) {
	onEachTransport(t, emulator.Options{}, func(t *testing.T, s *service, client doer) {
		for _, body := range []emulator.BodyFault{emulator.BodySlow, emulator.BodyTruncated} {
			s.in("").create(string(body), standard5)
			remove := s.inject(emulator.Fault{Operation: "stop", Body: body})
			r := s.try(client, http.MethodPost, s.session(string(body))+"/:stop"+apiVersion, "")
			remove()
			require.NoError(t, r.err, body)
			require.NoError(t, r.bodyErr, body)
			assert.Equal(t, http.StatusNoContent, r.status)
		}
	})
}

func TestAccessLogHoldsNoKeyOrTokenInTheWrongPlace(t *testing.T) {
	var log bytes.Buffer
	s := start(
		t,
		emulator.Options{
			Logger:   slog.New(slog.NewTextHandler(&log, nil)),
			Accounts: []emulator.AccountOptions{{PrimaryKey: "c2VjcmV0IC8gKyBrZXk/Pz8+Pj4="}},
		},
	)
	for _, secret := range []string{s.Key(), s.token} {
		s.call(http.MethodGet, s.session(url.PathEscape(secret))+apiVersion, "")
		s.call(http.MethodGet, "/accounts/"+url.PathEscape(secret)+"/sessions"+apiVersion, "")
	}
	s.call(strings.Repeat("X", 5000), s.session("a")+apiVersion, "")
	require.Contains(t, log.String(), "operation=GetSession")
	assert.NotContains(t, log.String(), s.Key())
	assert.NotContains(t, log.String(), s.token)
	assert.NotContains(t, log.String(), strings.Repeat("X", 100))
}

func TestPageIsForThisMachine(t *testing.T) {
	for name, test := range map[string]struct {
		admin bool
		peer  string
		want  int
	}{
		"from here":                            {false, "127.0.0.1:4711", 200},
		"from here, IPv6":                      {false, "[::1]:4711", 200},
		"from here, IPv4 in IPv6":              {false, "[::ffff:127.0.0.1]:4711", 200},
		"from another machine":                 {false, "203.0.113.9:4711", 404},
		"from nowhere":                         {false, "", 404},
		"from another machine, opened for all": {true, "203.0.113.9:4711", 200},
	} {
		e, err := emulator.New(emulator.Options{Admin: test.admin})
		require.NoError(t, err)
		req := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
		req.RemoteAddr = test.peer
		recorder := httptest.NewRecorder()
		e.ServeHTTP(
			recorder,
			req.WithContext(context.WithValue(t.Context(), http.ServerContextKey, &http.Server{})),
		)
		assert.Equal(t, test.want, recorder.Code, name)
	}
}

func TestTopLevelDomainsAreRefused(t *testing.T) {
	for _, domain := range []string{"com", "test", "localhost"} {
		_, err := emulator.New(emulator.Options{Domain: domain})
		assert.ErrorContains(t, err, "top-level domain", domain)
	}
}

func TestAuthorityIsNotKeptWhereOthersCanReplaceIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access rights of folders are not in their modes there")
	}
	open := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.Mkdir(open, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	_, err := emulator.OpenAuthority(filepath.Join(open, "ca"), "arr.test")
	require.ErrorContains(t, err, "others can write to "+open)
	require.NoError(t, os.Chmod(open, 0o777|os.ModeSticky))
	_, err = emulator.OpenAuthority(filepath.Join(open, "ca2"), "arr.test")
	require.NoError(t, err, "a sticky folder, such as /tmp, lets nobody replace what is another's")

	if os.Geteuid() != 0 {
		return // only root can give files away
	}
	foreign := filepath.Join(t.TempDir(), "ca")
	_, err = emulator.OpenAuthority(foreign, "arr.test")
	require.NoError(t, err)
	require.NoError(t, os.Chown(foreign, 65534, 65534))
	_, err = emulator.OpenAuthority(foreign, "arr.test")
	assert.ErrorContains(t, err, "belongs to another user")
}

func TestSessionThatDiesKeepsItsTimeWhenMadeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		s.inject(emulator.Fault{Start: emulator.StartDies, DieAfter: 2 * time.Minute})
		s.create("a", standard5)
		require.NoError(t, s.SetStatus("a", azremoterendering.SessionStatusReady))
		time.Sleep(2*time.Minute - time.Second)
		assert.Equal(t, "Ready", s.look("a").Status)
		time.Sleep(time.Second)
		assert.Equal(t, "Error", s.look("a").Status)
	})
}

func TestCloseEndsDelays(t *testing.T) {
	s := start(t, emulator.Options{})
	s.inject(emulator.Fault{Delay: time.Hour})
	server, err := s.Listen("")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		resp, err := http.Get(server.URL + s.session("a"))
		if err == nil {
			err = resp.Body.Close()
		}
		ended <- err
	}()
	require.Eventually(
		t,
		func() bool { return s.Faults()[0].Matched == 1 },
		10*time.Second,
		time.Millisecond,
	)
	start := time.Now()
	require.NoError(t, server.Close())
	assert.Less(t, time.Since(start), 4*time.Second, "5 s are for requests that go on")
	assert.Error(t, <-ended, "it was never answered")
}
