// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/recordings"
)

// playLife plays a whole life. The exchanges of the client, if it makes any, are the first answers.
func playLife(
	newClient func(*stage, ...func(*arr.SessionsClientOptions)) *arr.SessionsClient,
	first int,
) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		client := newClient(s)
		starting := recordedSession()
		extended := starting
		extended.MaxLeaseTime = time.Hour
		running := ready(extended)
		later := running
		later.ElapsedTime = 12 * time.Minute

		poller := checkCreate(t, client, starting, recordings.Vector(first))
		checkGet(t, client, starting, recordings.Vector(first+1))

		updated, err := client.Update(
			t.Context(),
			"demo",
			arr.UpdateSessionSettings{MaxLeaseTime: time.Hour},
			nil,
		)
		require.NoError(t, err)
		assert.Equal(
			t,
			arr.UpdateSessionResponse{
				Session:           extended,
				CorrelationVector: recordings.Vector(first + 2),
			},
			updated,
		)

		var seen []arr.Session
		var vectors []string
		ctx, vector := capturing(t.Context())
		done, err := poller.PollUntilDone(
			ctx,
			&arr.PollUntilDoneOptions{
				Frequency: 45 * time.Second,
				Progress: func(session arr.Session) {
					seen, vectors = append(seen, session), append(vectors, vector())
				},
			},
		)
		require.NoError(t, err)
		assert.Equal(
			t,
			arr.CreateSessionResponse{
				Session:           running,
				CorrelationVector: recordings.Vector(first + 4),
			},
			done,
		)
		assert.Equal(t, []arr.Session{starting, extended, running}, seen)
		assert.Equal(t, []string{"", recordings.Vector(first + 3), recordings.Vector(first + 4)}, vectors)
		assert.Equal(t, 90*time.Second, time.Since(recordedAt))

		time.Sleep(12*time.Minute + 34*time.Second)
		checkGet(t, client, later, recordings.Vector(first+5))
		checkOnlyPage(t, client, page(first+6, "", later))

		stopped, err := client.Stop(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(
			t,
			arr.StopSessionResponse{CorrelationVector: recordings.Vector(first + 7)},
			stopped,
		)
		checkGet(
			t,
			client,
			ended(later, arr.SessionStatusStopped, 12*time.Minute),
			recordings.Vector(first+8),
		)
	}
}

// checkCreate creates a new session with the settings of want, and checks the answer.
func checkCreate(
	t *testing.T,
	client *arr.SessionsClient,
	want arr.Session,
	vector string,
) *arr.SessionPoller {
	t.Helper()
	ctx, answered := capturing(t.Context())
	poller, err := client.BeginCreate(
		ctx,
		want.ID,
		arr.CreateSessionSettings{Size: want.Size, MaxLeaseTime: want.MaxLeaseTime},
		nil,
	)
	require.NoError(t, err)
	assert.True(t, poller.Created())
	assert.False(t, poller.Done())
	assert.Equal(t, want, poller.Session())
	assert.Equal(t, vector, answered())
	return poller
}

func checkEnded(t *testing.T, err error, session arr.Session, vector string) {
	t.Helper()
	var got *arr.SessionEndedError
	require.ErrorAs(t, err, &got)
	assert.Equal(t, &arr.SessionEndedError{Session: session, CorrelationVector: vector}, got)
}

func playError(t *testing.T, s *stage) {
	client := s.tokenClient()
	poller := checkCreate(t, client, recordedSession(), recordings.Vector(0))
	s.behindTheScenes(
		func(e *emulator.Emulator) { require.NoError(t, e.SetStatus("demo", arr.SessionStatusError)) },
	)

	failed := recordedSession()
	failed.Status = arr.SessionStatusError
	failed.Error = &arr.ErrorDetail{
		Code:    "InternalServerError",
		Message: "The session failed to start.",
	}
	_, err := poller.PollUntilDone(
		t.Context(),
		&arr.PollUntilDoneOptions{Frequency: 2 * time.Second},
	)
	checkEnded(t, err, failed, recordings.Vector(1))
	assert.Equal(t, 2*time.Second, time.Since(recordedAt))
	checkGet(t, client, failed, recordings.Vector(2))
}

func playExpired(t *testing.T, s *stage) {
	client := s.tokenClient()
	starting := recordedSession()
	starting.Size, starting.MaxLeaseTime = arr.SessionSizePremium, 10*time.Minute
	poller := checkCreate(t, client, starting, recordings.Vector(0))
	running := ready(starting)
	running.Teraflops = 21.2
	resp, err := poller.Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, running, poller.Session())
	assert.Equal(t, recordings.Vector(1), resp.Header.Get("MS-CV"))

	time.Sleep(11 * time.Minute)
	expired := ended(running, arr.SessionStatusExpired, 10*time.Minute)
	late, err := client.BeginWait(t.Context(), "demo", nil)
	require.NoError(t, err)
	assert.False(t, late.Created())
	assert.True(t, late.Done())
	_, err = late.Result(t.Context())
	checkEnded(t, err, expired, recordings.Vector(2))

	checkRefused(
		t,
		callUpdate.do(t.Context(), client),
		notExtended(3, "The session has ended; its lease cannot be extended."),
	)
	stopped, err := client.Stop(t.Context(), "demo", nil)
	require.NoError(t, err)
	assert.Equal(t, recordings.Vector(4), stopped.CorrelationVector)
}

func playCreateTwice(t *testing.T, s *stage) {
	client := s.tokenClient()
	checkCreate(t, client, recordedSession(), recordings.Vector(0))

	again, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
	require.NoError(t, err)
	assert.False(t, again.Created())
	done, err := again.PollUntilDone(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(
		t,
		arr.CreateSessionResponse{
			Session:           ready(recordedSession()),
			CorrelationVector: recordings.Vector(1),
		},
		done,
	)
}

func playMalformed(t *testing.T, s *stage) {
	client := s.tokenClient()
	for i, test := range []struct {
		settings arr.CreateSessionSettings
		message  string
	}{
		{minusFourMinutes(), "The maxLeaseTimeMinutes value cannot be negative."},
		{
			arr.CreateSessionSettings{Size: arr.SessionSizePremium, MaxLeaseTime: 1441 * time.Minute},
			"The maxLeaseTimeMinutes value cannot be larger than 1440.",
		},
		{arr.CreateSessionSettings{Size: "Tiny", MaxLeaseTime: time.Minute}, "Can't specify this VM size: Tiny"},
	} {
		_, err := client.BeginCreate(t.Context(), "demo", test.settings, nil)
		checkRefused(
			t,
			err,
			refused{
				operation: "create",
				session:   "demo",
				host:      "rendering.example",
				status:    400,
				vector:    recordings.Vector(i),
				detail:    &arr.ErrorDetail{Code: "BadRequest", Message: test.message},
			},
		)
	}
}

func playConflict(t *testing.T, s *stage) {
	s.behindTheScenes(func(e *emulator.Emulator) { createBehind(t, e, "demo") })
	settings := arr.CreateSessionSettings{
		Size:         arr.SessionSizePremium,
		MaxLeaseTime: 30 * time.Minute,
	}
	_, err := s.tokenClient().BeginCreate(t.Context(), "demo", settings, nil)
	checkRefused(
		t,
		err,
		refused{
			operation: "create",
			session:   "demo",
			host:      "rendering.example",
			status:    409,
			vector:    recordings.Vector(0),
			detail: &arr.ErrorDetail{
				Code:    "Conflict",
				Message: "A resource already exists under the given ID.",
			},
			is: arr.ErrConflict,
		},
	)
}

// createBehind creates sessions past the recorder.
func createBehind(t *testing.T, e *emulator.Emulator, ids ...string) {
	t.Helper()
	client, err := e.SessionsClient(nil)
	require.NoError(t, err)
	for _, id := range ids {
		_, err := client.BeginCreate(t.Context(), id, halfHour, nil)
		require.NoError(t, err)
	}
}

func playThrottledCreate(t *testing.T, s *stage) {
	created := recordedSession()
	created.CreationTime = recordedAt.Add(15 * time.Second)
	checkCreate(t, s.tokenClient(), created, recordings.Vector(1))
	assert.Equal(t, 15*time.Second, time.Since(recordedAt), "as the service asked")
}

func notExtended(n int, message string) refused {
	return refused{
		operation: "update",
		session:   "demo",
		host:      "rendering.example",
		status:    422,
		vector:    recordings.Vector(n),
		detail: &arr.ErrorDetail{
			Code:    "UnprocessableEntity",
			Message: message,
		},
		is: arr.ErrLeaseNotExtended,
	}
}

func playNotExtended(t *testing.T, s *stage) {
	s.behindTheScenes(func(e *emulator.Emulator) { createBehind(t, e, "demo") })
	client := s.tokenClient()
	for i, test := range []struct {
		lease   time.Duration
		message string
	}{
		{30 * time.Minute, "The maxLeaseTimeMinutes value must be larger than the current value 30."},
		{1440 * time.Minute, "The maxLeaseTimeMinutes value must be less than 1440."},
	} {
		_, err := client.Update(
			t.Context(),
			"demo",
			arr.UpdateSessionSettings{MaxLeaseTime: test.lease},
			nil,
		)
		checkRefused(t, err, notExtended(i, test.message))
	}
	s.behindTheScenes(
		func(e *emulator.Emulator) { require.NoError(t, e.SetStatus("demo", arr.SessionStatusStopped)) },
	)
	checkRefused(
		t,
		callUpdate.do(t.Context(), client),
		notExtended(2, "The session has ended; its lease cannot be extended."),
	)
}

func playTwoPages(t *testing.T, s *stage) {
	ids := []string{"first", "second", "third"}
	s.behindTheScenes(func(e *emulator.Emulator) { createBehind(t, e, ids...) })
	var sessions []arr.Session
	for _, id := range ids {
		session := ready(recordedSession())
		session.ID = id
		sessions = append(sessions, session)
	}
	client := s.tokenClient()
	pager := client.NewListPager(nil)
	first, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	link := endpoint + "/accounts/" + emulatorAccountID + "/sessions?api-version=2021-01-01&skiptoken=AAAAAAAAAAI"
	assert.Equal(t, page(0, link, sessions[:2]...), first)
	require.True(t, pager.More())
	second, err := pager.NextPage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, page(1, "", sessions[2:]...), second)
	assert.False(t, pager.More())

	var all []arr.Session
	for session, err := range client.All(t.Context(), nil) {
		require.NoError(t, err)
		all = append(all, session)
	}
	assert.Equal(t, sessions, all)
}

func playExchanges(t *testing.T, s *stage) {
	for i := range 2 {
		token, err := s.exchange(t.Context())
		require.NoError(t, err)
		s.checkToken(token, i)
		time.Sleep(time.Hour)
	}
}

func playRevokedToken(t *testing.T, s *stage) {
	s.behindTheScenes(func(e *emulator.Emulator) { createBehind(t, e, "demo") })
	client := s.keyClient()
	checkGet(t, client, ready(recordedSession()), recordings.Vector(1))
	stopped, err := client.Stop(t.Context(), "demo", nil)
	require.NoError(t, err)
	assert.Equal(t, recordings.Vector(4), stopped.CorrelationVector)
}
