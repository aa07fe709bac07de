// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/recordings"
)

var nulls = emulator.Decisions{AbsentValues: emulator.AbsentNull}

// ninetySeconds is long enough for a session to be seen Starting.
var ninetySeconds = emulator.FixedStartup(90 * time.Second)

const internalServerError = `{"error":{"code":"InternalServerError","message":"An internal server error occurred."}}`

// plays are the files of testdata/recordings, by name.
var plays = map[string]recording{
	"session-life": {
		shows: "A session from creation to stop, with an account key: 200 of the token service, " +
			"201, 200, 204. Absent members are left out.",
		holds:   []string{"/Accounts/", "code: 201", "code: 204", "/:stop"},
		options: emulator.Options{StartupTime: ninetySeconds},
		play:    playLife((*stage).keyClient, 1),
	},
	"session-life-nulls": {
		shows: "The same life, with an access token got elsewhere. Absent members are null, 0 or 0.0.",
		holds: []string{
			`"arrInspectorPort":0,"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null`,
			`"teraflops":0.0,"error":null`,
		},
		options: emulator.Options{StartupTime: ninetySeconds, Decisions: nulls},
		play:    playLife((*stage).tokenClient, 0),
	},
	"session-error": {
		shows: "A session that fails to start: 200 with an error object in the session, which has " +
			"code and message only.",
		holds:   []string{`"status":"Error","error":{"code"`},
		options: emulator.Options{StartupTime: ninetySeconds},
		play:    playError,
	},
	"session-error-nulls": {
		shows:   "A session that fails to start. The other members of the error object are null.",
		holds:   []string{`"details":null,"target":null,"innerError":null}`},
		options: emulator.Options{StartupTime: ninetySeconds, Decisions: nulls},
		play:    playError,
	},
	"session-expired": {
		shows: "A Premium session whose lease runs out: it shows as Expired, cannot be extended " +
			"(422), and can be stopped (204).",
		holds: []string{`"status":"Expired"`, "code: 422", "code: 204"},
		play:  playExpired,
	},
	"create-200": {
		shows: "The same creation twice: 201, then 200 with the session as it is by then.",
		holds: []string{"code: 201", "code: 200"},
		play:  playCreateTwice,
	},
	"create-400": {
		shows: "Creations that are malformed: 400 with an error object that has code and message only.",
		holds: []string{`cannot be negative."}}`},
		play:  playMalformed,
	},
	"create-400-nulls": {
		shows:   "Creations that are malformed: 400 with an error object whose other members are null.",
		holds:   []string{`"details":null,"target":null,"innerError":null}}`},
		options: emulator.Options{Decisions: nulls},
		play:    playMalformed,
	},
	"create-409": {
		shows: "A creation whose id belongs to a session of another size: 409.",
		holds: []string{"code: 409"},
		play:  playConflict,
	},
	"create-after-429": {
		shows: "A creation that is throttled (429, Retry-After) and, that time later, sent again and accepted (201).",
		holds: []string{"code: 429", "Retry-After", "code: 201"},
		front: once("PUT demo", 429, "", "Retry-After", "15"),
		play:  playThrottledCreate,
	},
	"update-422": {
		shows: "Leases that are not extended: not longer than the present one, too long, and of a " +
			"session that has ended: 422.",
		holds: []string{"code: 422"},
		play:  playNotExtended,
	},
	"list-two-pages": {
		shows:   "A list of three sessions on two pages, walked through twice.",
		holds:   []string{"@nextLink", "skiptoken"},
		options: emulator.Options{Decisions: emulator.Decisions{PageSize: 2}},
		play:    playTwoPages,
	},
	"list-empty": {
		shows: "A list of no sessions.",
		holds: []string{`{"sessions":[]}`},
		play:  func(t *testing.T, s *stage) { checkOnlyPage(t, s.tokenClient(), page(0, "")) },
	},
	"refused-401": {
		shows:    "An access token that is not one of the account's: 401 with a challenge and without a body.",
		holds:    []string{"Www-Authenticate", "invalid_token"},
		stranger: true,
		play: refuses(
			refused{
				status:    401,
				challenge: `Bearer error="invalid_token"`,
				is:        arr.ErrUnauthorized,
			},
			callCreate,
			callGet,
			callUpdate,
			callStop,
			callList,
		),
	},
	"refused-403": {
		shows: "An identity without the role: 403 without a body.",
		front: always(403, ""),
		play: refuses(
			refused{status: 403, is: arr.ErrForbidden},
			callCreate,
			callGet,
			callUpdate,
			callStop,
			callList,
		),
	},
	"refused-404": {
		shows: "A session that does not exist: 404 without a body.",
		play:  refuses(refused{status: 404, is: arr.ErrNotFound}, callGet, callUpdate, callStop),
	},
	"refused-429": {
		shows: "Too many requests: 429 with Retry-After and without a body.",
		holds: []string{"Retry-After"},
		front: always(429, "", "Retry-After", "15"),
		play: refuses(refused{status: 429, retryAfter: 15 * time.Second, is: arr.ErrThrottled},
			callCreate, callGet, callUpdate, callStop, callList),
	},
	"refused-500": {
		shows: "A fault of the service: 500 with an error object.",
		front: always(500, internalServerError),
		play: refuses(
			refused{
				status: 500,
				detail: &arr.ErrorDetail{
					Code:    "InternalServerError",
					Message: "An internal server error occurred.",
				},
			},
			callCreate,
			callGet,
			callUpdate,
			callStop,
			callList,
		),
	},
	"token-200": {
		shows: "An account key exchanged for an access token, twice: 200.",
		holds: []string{"X-Mrc-Cv", "AccessToken"},
		play:  playExchanges,
	},
	"token-400": {
		shows: "A malformed exchange: 400 without a body.",
		holds: []string{"Www-Authenticate"},
		front: always(400, "", "WWW-Authenticate", "Invalid request: errorMessage"),
		play:  exchangeRefused(400, "Invalid request: errorMessage", 0, nil),
	},
	"token-401": {
		shows:    "A key that the account does not have: 401 of the token service, without a challenge.",
		stranger: true,
		play:     exchangeRefused(401, "", 0, arr.ErrUnauthorized),
	},
	"token-429": {
		shows: "Too many exchanges: 429 of the token service, with Retry-After.",
		holds: []string{"Retry-After"},
		front: always(429, "", "Retry-After", "5"),
		play:  exchangeRefused(429, "", 5*time.Second, arr.ErrThrottled),
	},
	"token-renewed-after-401": {
		shows: "An access token that the service refuses before its time (401) is exchanged again, " +
			"and the request sent again.",
		holds: []string{"code: 401", "stop"},
		front: once("POST demo/:stop", 401, "", "WWW-Authenticate", `Bearer error="invalid_token"`),
		play:  playRevokedToken,
	},
}

// recordedSession is the session "demo" as the recordings show it right after its creation.
func recordedSession() arr.Session {
	return arr.Session{
		ID:           "demo",
		Size:         arr.SessionSizeStandard,
		Status:       arr.SessionStatusStarting,
		CreationTime: recordedAt,
		MaxLeaseTime: 30 * time.Minute,
	}
}

// ready returns a session when it is Ready.
func ready(session arr.Session) arr.Session {
	session.Status = arr.SessionStatusReady
	session.Hostname = recordings.Server + ".remoterendering.vm.westeurope.mixedreality.azure.com"
	session.HandshakePort, session.ArrInspectorPort, session.Teraflops = 50051, 50052, 10.6
	return session
}

// ended returns a session that was Ready when it has ended: the power stays.
func ended(session arr.Session, status arr.SessionStatus, elapsed time.Duration) arr.Session {
	session.Status, session.ElapsedTime = status, elapsed
	session.Hostname, session.HandshakePort, session.ArrInspectorPort = "", 0, 0
	return session
}

// page is a page of the list that is the n-th answer.
func page(n int, nextLink string, sessions ...arr.Session) arr.ListSessionsResponse {
	if sessions == nil {
		sessions = []arr.Session{}
	}
	return arr.ListSessionsResponse{
		Sessions:          sessions,
		NextLink:          nextLink,
		CorrelationVector: recordings.Vector(n),
	}
}

// refused is what the error of a refused request must say.
type refused struct {
	operation, session, host string
	conversion               string
	status                   int
	vector                   string
	retryAfter               time.Duration
	detail                   *arr.ErrorDetail
	challenge                string
	is                       error // the one error of the package that it stands for, if any
}

func checkRefused(t *testing.T, err error, want refused) {
	t.Helper()
	var got *arr.ServiceError
	require.ErrorAs(t, err, &got)
	assert.Equal(t, want, refused{
		challenge: checkAnswer(t, err, want.status).Header.Get("WWW-Authenticate"),
		operation: got.Operation, session: got.SessionID, host: got.Host, status: got.StatusCode,
		conversion: got.ConversionID,
		vector:     got.CorrelationVector, retryAfter: got.RetryAfter, detail: got.Detail, is: want.is,
	})
	if want.detail != nil {
		assert.Equal(t, want.detail.Code, got.Code)
		assert.Equal(t, want.detail.Message, got.Message)
	} else {
		assert.Empty(t, got.Code)
		assert.Empty(t, got.Message)
	}
	checkStandsFor(t, err, want.is)
}

// checkStandsFor checks that an error is the wanted one of the package's, and none of the others.
func checkStandsFor(t *testing.T, err, want error) {
	t.Helper()
	for _, candidate := range []error{
		arr.ErrInvalidArgument, arr.ErrUnauthorized, arr.ErrForbidden, arr.ErrNotFound,
		arr.ErrConflict, arr.ErrLeaseNotExtended, arr.ErrThrottled, arr.ErrOutcomeUnknown,
	} {
		if candidate == want {
			assert.ErrorIs(t, err, candidate)
		} else {
			assert.NotErrorIs(t, err, candidate)
		}
	}
}

// checkAnswer checks that the answer itself is available, without the credential of its request,
// and returns it.
func checkAnswer(t *testing.T, err error, status int) *http.Response {
	t.Helper()
	var response *azcore.ResponseError
	require.ErrorAs(t, err, &response)
	assert.Equal(t, status, response.StatusCode)
	require.NotNil(t, response.RawResponse)
	assert.Equal(t, status, response.RawResponse.StatusCode)
	if response.RawResponse.Request != nil {
		assert.Empty(t, response.RawResponse.Request.Header.Get("Authorization"))
	}
	return response.RawResponse
}

// call is one call of a client about the session "demo".
type call struct {
	operation, session string
	do                 func(context.Context, *arr.SessionsClient) error
}

var (
	callCreate = call{"create", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.BeginCreate(ctx, "demo", halfHour, nil)
		return err
	}}
	callGet = call{"get", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.Get(ctx, "demo", nil)
		return err
	}}
	callUpdate = call{"update", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.Update(ctx, "demo", arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
		return err
	}}
	callStop = call{"stop", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.Stop(ctx, "demo", nil)
		return err
	}}
	callList = call{"list", "", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.NewListPager(nil).NextPage(ctx)
		return err
	}}
)

// refuses plays a cassette in which each of the calls, one request each, is refused in the same
// way.
func refuses(want refused, calls ...call) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		client := s.tokenClient(noRetries)
		for i, call := range calls {
			want := want
			want.operation, want.session = call.operation, call.session
			want.host, want.vector = "rendering.example", recordings.Vector(i)
			if changes := call.operation != "get" &&
				call.operation != "list"; changes &&
				want.status >= 500 {
				want.is = arr.ErrOutcomeUnknown // a fault may come after the effect
			}
			checkRefused(t, call.do(t.Context(), client), want)
		}
	}
}

// exchangeRefused plays a cassette in which the token service refuses twice: to a client of its
// own, and to one of sessions, which then sends nothing to the rendering service.
func exchangeRefused(
	status int,
	challenge string,
	retryAfter time.Duration,
	is error,
) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		check := func(err error, n int) {
			var got *arr.AuthenticationError
			require.ErrorAs(t, err, &got)
			assert.Equal(t, arr.StageTokenExchange, got.Stage)
			assert.Equal(t, emulatorAccountID, got.AccountID)
			assert.Equal(t, "sts.example", got.Host)
			assert.Equal(t, status, got.StatusCode)
			assert.Equal(t, recordings.Vector(n), got.CorrelationVector)
			assert.Equal(t, retryAfter, got.RetryAfter)
			checkStandsFor(t, err, is)
			assert.Equal(t, challenge, checkAnswer(t, err, status).Header.Get("WWW-Authenticate"))
		}
		_, err := s.exchange(t.Context())
		check(err, 0)
		err = callCreate.do(t.Context(), s.keyClient(noRetries))
		check(err, 1)
		assert.NotErrorAs(t, err, new(*arr.ServiceError))
	}
}
