// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func TestTheTokenOpensTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		access := f.get(t)

		require.Equal(t, sessionID, access.SessionID)
		require.Equal(t, "westeurope.mixedreality.azure.com", access.AccountDomain)
		require.Equal(t, "westeurope.mixedreality.azure.com", access.RenderingDomain)
		require.EqualValues(t, 24*60*60, access.ExpiresInSeconds)
		token, err := arr.NewStaticAccessToken(access.AccessToken)
		require.NoError(t, err)
		client, err := arr.NewSessionsClientWithAccessToken(
			"https://remoterendering."+access.RenderingDomain,
			access.AccountID,
			token,
			&arr.SessionsClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: f.emulator.Transport()},
			},
		)
		require.NoError(t, err)
		session, err := client.Get(t.Context(), access.SessionID, nil)
		require.NoError(t, err)
		require.Equal(t, arr.SessionStatusReady, session.Status)
		f.requireNoSecret(t, []string{access.AccessToken})
	})
}

func TestTheAnswerIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		for _, authorization := range []string{"Bearer " + f.secret, "bearer " + f.secret, ""} {
			w := f.ask(t.Context(), authorization)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		}
	})
}

func TestADeviceWithoutItsSecretIsRefused(t *testing.T) {
	f := newFixture(t)
	_, unknown := backend.NewDevice("stranger")
	var answers []string
	for _, authorization := range []string{
		"", "Bearer", "Bearer ", f.secret, "Basic " + f.secret, "Bearer " + unknown, "Bearer " + f.secret +
			"x", "Bearer " + f.secret[1:],
		"Bearer " + f.emulator.Account().ID + ":" + f.emulator.Key(),
	} {
		w := f.ask(t.Context(), authorization)
		require.Equal(t, http.StatusUnauthorized, w.Code, authorization)
		require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
		answers = append(answers, w.Body.String())
	}
	for _, answer := range answers {
		require.Equal(t, answers[0], answer, "the answer must not say what was wrong")
	}
	require.Zero(t, f.wire.Count("STS"), "who is refused must cost no exchange")
	f.requireNoSecret(t, []string{unknown}, answers...)
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	f := newFixture(t)
	for path, want := range map[string]int{
		sessionPath: http.StatusMethodNotAllowed,
		"/":         http.StatusNotFound,
		"/devices":  http.StatusNotFound,
	} {
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Authorization", "Bearer "+f.secret)
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, req)
		require.Equal(t, want, w.Code, path)
	}
	require.Zero(t, f.wire.Count("STS"))
}

func TestManyDevicesCostOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		answers := make([]*httptest.ResponseRecorder, 200)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = f.ask(t.Context(), "Bearer "+f.secret) })
		}
		wg.Wait()
		for _, answer := range answers {
			require.Equal(t, http.StatusOK, answer.Code)
			require.Equal(t, answers[0].Body, answer.Body)
		}
		require.Equal(t, 1, f.wire.Count("STS"))
	})
}

func TestADeviceThatHangsUpTakesNothingFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx, hangUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { f.ask(ctx, "Bearer "+f.secret) })
		synctest.Wait() // the first device has started the exchange
		require.Equal(t, 1, f.wire.Count("STS"))
		answers := make([]*httptest.ResponseRecorder, 10)
		for i := range answers {
			wg.Go(func() { answers[i] = f.ask(t.Context(), "Bearer "+f.secret) })
		}
		synctest.Wait()
		hangUp()
		wg.Wait()
		for _, answer := range answers {
			require.Equal(t, http.StatusOK, answer.Code)
		}
		require.Equal(t, 1, f.wire.Count("STS"))
	})
}

func TestTheTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		first := f.get(t)
		time.Sleep(24*time.Hour - 6*time.Minute)
		require.Equal(t, first.AccessToken, f.get(t).AccessToken)
		require.Equal(t, 1, f.wire.Count("STS"))

		time.Sleep(2 * time.Minute)
		require.Equal(t, first.AccessToken, f.get(t).AccessToken, "no device waits for the renewal")
		time.Sleep(2 * exchangeLag)
		second := f.get(t)
		require.NotEqual(t, first.AccessToken, second.AccessToken)
		require.EqualValues(t, (24*time.Hour - exchangeLag).Seconds(), second.ExpiresInSeconds)
		require.Equal(t, 2, f.wire.Count("STS"))
	})
}

func TestAnOutageOfTheTokenService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.setOutage(true)
		w := f.ask(t.Context(), "Bearer "+f.secret)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "10", w.Header().Get("Retry-After"))
		require.JSONEq(
			t,
			`{"error": "no access token at present; try again later"}`,
			w.Body.String(),
		)
		require.Contains(t, f.log.String(), "connection reset by peer", "the log says why")
		f.requireNoSecret(t, nil, w.Body.String())

		f.setOutage(false)
		before := f.wire.Count("STS")
		f.get(t)
		require.Equal(t, before+1, f.wire.Count("STS"))
	})
}

func TestAnOutageWhileTheTokenIsValidFailsNoDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		first := f.get(t)
		time.Sleep(24*time.Hour - 4*time.Minute)
		f.setOutage(true)
		for range 5 { // several failed renewals in a row
			require.Equal(t, first.AccessToken, f.get(t).AccessToken)
			time.Sleep(15 * time.Second)
		}
		time.Sleep(4 * time.Minute)
		w := f.ask(t.Context(), "Bearer "+f.secret)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "an expired token is not handed out")
		f.requireNoSecret(t, []string{first.AccessToken}, w.Body.String())
	})
}
