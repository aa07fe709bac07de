// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/recordings"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

const recordingsFolder = "testdata/recordings"

// strangeKey is a key that the account does not have.
const strangeKey = "bm90IHRoZSBrZXkgb2YgdGhlIGFjY291bnQ="

const emulatorAccountID = emulator.DevelopmentAccountID

// recordedAt is when the recordings begin, on the clock of the bubble that they are recorded and
// replayed in. It has seven fractional digits, as the service has them.
var recordedAt = time.Date(2026, 3, 4, 5, 6, 7, 123_456_700, time.UTC)

// recording is how a file of testdata/recordings is made, and what it must yield.
type recording struct {
	shows    string              // for the comment on top of the file
	holds    []string            // texts without which the file does not show that
	options  emulator.Options    // while recording
	front    func(*testkit.Wire) // answers before the emulator does, while recording
	stranger bool                // key and token are not the account's
	play     func(*testing.T, *stage)
}

// TestRecordings replays the recordings of this project.
func TestRecordings(t *testing.T) {
	files := recordings.Files(t, recordingsFolder, "*")
	for name := range plays {
		assert.Contains(t, files, filepath.Join(recordingsFolder, name+".yaml"), "not recorded")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			r, known := plays[name]
			require.True(t, known, "nothing says what %s must yield", file)
			recordings.CheckNoSecrets(t, file)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, text := range append([]string{"# " + r.shows + "\n", "this project's emulator"}, r.holds...) {
				assert.Contains(t, string(data), text)
			}
			synctest.Test(t, func(t *testing.T) {
				s := &stage{t: t, key: testkit.Key, token: testkit.Token}
				if r.stranger {
					s.key = strangeKey
				}
				time.Sleep(time.Until(recordedAt))
				s.transport = recordings.NewPlayer(t, file, s.key, s.token)
				r.play(t, s)
			})
		})
	}
}

// stage is where a recording is played: before the emulator while it is made, before the file ever
// after.
type stage struct {
	t         *testing.T
	transport policy.Transporter
	key       string
	token     string             // for clients that do not exchange
	emulator  *emulator.Emulator // nil when replaying
}

// behindTheScenes does what the recording does not hold.
func (s *stage) behindTheScenes(do func(*emulator.Emulator)) {
	if s.emulator != nil {
		do(s.emulator)
	}
}

func (s *stage) options(configure []func(*arr.SessionsClientOptions)) *arr.SessionsClientOptions {
	options := &arr.SessionsClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: s.transport},
		STSEndpoint:   "https://sts.example",
	}
	for _, c := range configure {
		c(options)
	}
	return options
}

// keyClient returns a client that exchanges the account key.
func (s *stage) keyClient(configure ...func(*arr.SessionsClientOptions)) *arr.SessionsClient {
	s.t.Helper()
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		arr.Account{ID: emulatorAccountID},
		azcore.NewKeyCredential(s.key),
		s.options(configure),
	)
	require.NoError(s.t, err)
	return client
}

// tokenClient returns a client that has a token.
func (s *stage) tokenClient(configure ...func(*arr.SessionsClientOptions)) *arr.SessionsClient {
	s.t.Helper()
	token, err := arr.NewStaticAccessToken(s.token)
	require.NoError(s.t, err)
	client, err := arr.NewSessionsClientWithAccessToken(
		endpoint,
		emulatorAccountID,
		token,
		s.options(configure),
	)
	require.NoError(s.t, err)
	return client
}

// exchange returns the token of one exchange.
func (s *stage) exchange(ctx context.Context) (azcore.AccessToken, error) {
	s.t.Helper()
	options := &arr.TokenClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: s.transport},
		Endpoint:      "https://sts.example",
	}
	options.Retry.MaxRetries = -1
	client, err := arr.NewTokenClientWithKeyCredential(
		arr.Account{ID: emulatorAccountID},
		azcore.NewKeyCredential(s.key),
		options,
	)
	require.NoError(s.t, err)
	return client.GetToken(ctx, policy.TokenRequestOptions{})
}

// checkToken checks a token that was issued just now, in the n-th answer.
func (s *stage) checkToken(token azcore.AccessToken, n int) {
	s.t.Helper()
	now := time.Now()
	assert.Equal(s.t, now.Add(24*time.Hour), token.ExpiresOn)
	assert.Equal(s.t, now.Add(24*time.Hour-5*time.Minute), token.RefreshOn)
	parts := strings.Split(token.Token, ".")
	require.Len(s.t, parts, 3)
	if s.emulator != nil {
		return // a real one, which does not get into the file
	}
	assert.Equal(s.t, "header", parts[0])
	assert.Equal(s.t, "signature", parts[2])
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(s.t, err)
	assert.JSONEq(
		s.t,
		fmt.Sprintf(`{"jti":"stand-in %d","aid":%q,"nbf":%[3]d,"iat":%[3]d,"exp":%d}`,
			n, emulatorAccountID, now.Unix(), now.Unix()+86400),
		string(claims),
	)
}

// TestMakeRecordings rewrites testdata/recordings: what TestRecordings replays is played against
// the emulator, with the same expectations. All that changes from run to run is replaced, so that a
// change in a file is a change in client or emulator.
func TestMakeRecordings(t *testing.T) {
	if os.Getenv("ARR_RECORD") != "1" {
		t.Skip("only ARR_RECORD=1 rewrites " + recordingsFolder)
	}
	for name, r := range plays {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { makeRecording(t, name, r) })
		})
	}
}

func makeRecording(t *testing.T, name string, r recording) {
	options := r.options
	options.Accounts = []emulator.AccountOptions{{PrimaryKey: testkit.Key}}
	e := newEmulator(t, options)
	service := &testkit.Wire{Next: e.Transport()}
	if r.front != nil {
		r.front(service)
	}
	file := filepath.Join(recordingsFolder, name+".yaml")
	tape := recordings.NewRecorder(t, file, r.comment(), service.Do)

	time.Sleep(time.Until(recordedAt))
	s := &stage{t: t, transport: e.Transport(), key: testkit.Key, emulator: e}
	token, err := s.exchange(t.Context()) // past the recorder
	require.NoError(t, err)
	s.transport, s.token = tape.GetDefaultClient(), token.Token
	if r.stranger {
		s.key, s.token = strangeKey, testkit.Token
	}
	r.play(t, s)
	if !t.Failed() {
		require.NoError(t, tape.Stop())
	}
}

// comment returns what stands on top of the file.
func (r recording) comment() string {
	comment := "# SPDX-License-Identifier: MIT\n#\n# " + r.shows + "\n#\n" +
		"# Recorded by TestMakeRecordings against this project's emulator, not against the hosted " +
		"service. Host names, ports, correlation\n" +
		"# vectors and tokens are stand-ins: those of the emulator change from run to run.\n"
	if r.front != nil {
		comment += "# What the emulator has no reason to answer came from the recorder, in the " +
			"words of the service's specification.\n"
	}
	return comment
}

// answers returns a handler that stands for the service where the emulator has no reason to answer
// so. Header names and values alternate in header.
func answers(status int, body string, header ...string) testkit.Handler {
	return func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
		recordings.BodyOf(req) // a transport reads it, and the recorder sees only what is read
		resp := testkit.Answer(req, status, body, header...)
		resp.Status = fmt.Sprintf("%d %s", status, http.StatusText(status))
		resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.1", 1, 1
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
		resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
		resp.Header.Set("X-Content-Type-Options", "nosniff")
		if !testkit.IsExchange(req) {
			resp.Header.Set("Api-Supported-Versions", "2021-01-01-preview, 2021-01-01")
		}
		if body == "" {
			resp.Header.Del("Content-Type")
		}
		return resp, nil
	}
}

// always returns a front that answers every request so.
func always(status int, body string, header ...string) func(*testkit.Wire) {
	return func(w *testkit.Wire) { w.Handle(answers(status, body, header...)) }
}

// once returns a front that answers the first request of that name so, and leaves the rest to the
// emulator.
func once(name string, status int, body string, header ...string) func(*testkit.Wire) {
	return func(w *testkit.Wire) { w.OnCall(name, 1, answers(status, body, header...)) }
}

// capturing returns a context that keeps the last answer, and a function that returns its
// correlation vector. It is for answers of which a method returns only the session.
func capturing(ctx context.Context) (context.Context, func() string) {
	var last *http.Response
	return policy.WithCaptureResponse(ctx, &last), func() string {
		if last == nil {
			return ""
		}
		return last.Header.Get("Ms-Cv")
	}
}
