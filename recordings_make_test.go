// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// TestMakeRecordings writes testdata/recordings anew: what TestRecordings replays is played against
// the emulator, with the same expectations. All that changes from run to run is replaced, so that a
// change in a file is a change in client or emulator.
func TestMakeRecordings(t *testing.T) {
	if os.Getenv("ARR_RECORD") != "1" {
		t.Skip("only ARR_RECORD=1 writes " + recordingsFolder + " anew")
	}
	for name, r := range recordings {
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
	tape, err := recorder.New(filepath.Join(recordingsFolder, name),
		recorder.WithMode(recorder.ModeRecordOnly),
		recorder.WithRealTransport(roundTripper(service.Do)),
		recorder.WithSkipRequestLatency(true),
		recorder.WithFS(commented{cassette.NewDiskFS(), r}),
		recorder.WithHook(steady(), recorder.AfterCaptureHook),
		recorder.WithHook(withoutSecrets, recorder.BeforeSaveHook))
	require.NoError(t, err)

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

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// commented writes cassettes with a comment on top.
type commented struct {
	cassette.FS
	recording recording
}

func (c commented) WriteFile(name string, data []byte) error {
	comment := "# SPDX-License-Identifier: MIT\n#\n# " + c.recording.shows + "\n#\n" +
		"# Recorded by TestMakeRecordings against this project's emulator, not against the hosted service. Host names, ports, correlation\n" +
		"# vectors and tokens are stand-ins: those of the emulator change from run to run.\n"
	if c.recording.front != nil {
		comment += "# What the emulator has no reason to answer came from the recorder, in the words of the service's specification.\n"
	}
	return c.FS.WriteFile(name, append([]byte(comment), data...))
}

var (
	inspectorPort = regexp.MustCompile(`"arrInspectorPort":[1-9]\d*`)
	handshakePort = regexp.MustCompile(`"handshakePort":[1-9]\d*`)
	hostname      = regexp.MustCompile(`"hostname":"\d+-[0-9a-f-]{36}\.`)
)

// steady returns a hook that replaces what the emulator draws at random. It runs before the client
// sees the answer, so that the same expectations hold while recording and replaying.
func steady() recorder.HookFunc {
	answers := 0
	return func(i *cassette.Interaction) error {
		i.Response.Headers.Set("Ms-Cv", recordedVector(answers))
		i.Response.Duration = 0
		body := inspectorPort.ReplaceAllString(i.Response.Body, `"arrInspectorPort":50052`)
		body = handshakePort.ReplaceAllString(body, `"handshakePort":50051`)
		setBody(i, hostname.ReplaceAllString(body, `"hostname":"`+recordedServer+`.`))
		answers++
		return nil
	}
}

func setBody(i *cassette.Interaction, body string) {
	i.Response.Body = body
	i.Response.ContentLength = int64(len(body))
	if i.Response.Headers.Get("Content-Length") != "" {
		i.Response.Headers.Set("Content-Length", strconv.Itoa(len(body)))
	}
}

// withoutSecrets is a hook that replaces tokens, and keeps of the request what a service looks at.
// It runs when nobody needs the token any more.
func withoutSecrets(i *cassette.Interaction) error {
	sent := i.Request.Headers
	i.Request.Headers = http.Header{"Authorization": {"Sanitized"}}
	for _, name := range []string{"Accept", "Content-Type"} {
		if value := sent.Get(name); value != "" {
			i.Request.Headers.Set(name, value)
		}
	}
	if sent.Get("X-Mrc-Cv") != "" {
		i.Request.Headers.Set("X-Mrc-Cv", fmt.Sprintf("recordedRequest%07d", i.ID))
	}
	if !strings.HasSuffix(pathOf(i.Request.URL), "/token") || i.Response.Code != http.StatusOK {
		return nil
	}
	var issued struct{ AccessToken string }
	if err := json.Unmarshal([]byte(i.Response.Body), &issued); err != nil {
		return err
	}
	token, err := standIn(issued.AccessToken, i.ID)
	if err != nil {
		return err
	}
	setBody(i, `{"AccessToken":"`+token+`"}`)
	return nil
}

// standIn has the account and the times of a token, and neither its header nor its signature.
func standIn(token string, n int) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("a token of %d parts", len(parts))
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		ID       string `json:"jti"`
		Account  string `json:"aid"`
		NotUntil int64  `json:"nbf"`
		Expires  int64  `json:"exp"`
		Issued   int64  `json:"iat"`
	}
	if err := json.Unmarshal(data, &claims); err != nil {
		return "", err
	}
	claims.ID = fmt.Sprintf("stand-in %d", n)
	data, err = json.Marshal(claims)
	return "header." + base64.RawURLEncoding.EncodeToString(data) + ".signature", err
}

// answers returns a testkit.Handler that stands for the service where the emulator has no reason to answer
// so. Header names and values alternate in header.
func answers(status int, body string, header ...string) testkit.Handler {
	return func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
		bodyOf(req) // a transport reads it, and the recorder sees only what is read
		resp := testkit.Answer(req, status, body, header...)
		resp.Status = fmt.Sprintf("%d %s", status, http.StatusText(status))
		resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.1", 1, 1
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
		resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
		resp.Header.Set("X-Content-Type-Options", "nosniff")
		if !testkit.IsExchange(req) {
			resp.Header.Set("Api-Supported-Versions", "2021-01-01-preview, 2021-01-01")
		}
		if body != "" {
			resp.Header.Set("Content-Type", "application/json; charset=utf-8")
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

// checkNoSecrets fails for a cassette that anything secret has got into.
func checkNoSecrets(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), testkit.Key)
	assert.NotRegexp(t, `Bearer [^e]`, string(data), "only a challenge, which has error= there")
	assert.NotRegexp(t, `eyJ[\w-]*\.eyJ[\w-]*\.`, string(data), "a token with its header")
	tape, err := cassette.Load(strings.TrimSuffix(file, ".yaml"))
	require.NoError(t, err)
	for _, i := range tape.Interactions {
		assert.Equal(t, []string{"Sanitized"}, i.Request.Headers.Values("Authorization"))
	}
}
