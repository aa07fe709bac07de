// SPDX-License-Identifier: MIT

package recordings

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"
)

// NewRecorder returns a recorder that sends requests to service, and writes the exchanges to a file
// when it is stopped, with a comment on top. What changes from run to run is replaced by stand-ins,
// and so is what is secret.
func NewRecorder(
	t testing.TB,
	file, comment string,
	service func(*http.Request) (*http.Response, error),
) *recorder.Recorder {
	t.Helper()
	tape, err := recorder.New(nameOf(file),
		recorder.WithMode(recorder.ModeRecordOnly),
		recorder.WithRealTransport(roundTripper(service)),
		recorder.WithSkipRequestLatency(true),
		recorder.WithFS(commented{cassette.NewDiskFS(), comment}),
		recorder.WithHook(steady(), recorder.AfterCaptureHook),
		recorder.WithHook(withoutSecrets, recorder.BeforeSaveHook))
	require.NoError(t, err)
	return tape
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// commented writes cassettes with a comment on top.
type commented struct {
	cassette.FS
	comment string
}

func (c commented) WriteFile(name string, data []byte) error {
	return c.FS.WriteFile(name, append([]byte(c.comment), data...))
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
		i.Response.Headers.Set("Ms-Cv", Vector(answers))
		i.Response.Duration = 0
		body := inspectorPort.ReplaceAllString(i.Response.Body, `"arrInspectorPort":50052`)
		body = handshakePort.ReplaceAllString(body, `"handshakePort":50051`)
		setBody(i, hostname.ReplaceAllString(body, `"hostname":"`+Server+`.`))
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
