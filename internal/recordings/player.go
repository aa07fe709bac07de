// SPDX-License-Identifier: MIT

package recordings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/arr-go/azremoterendering/internal/testkit"
)

// Player is a transport that answers from a cassette. It fails the test at a request that is not
// the next one of the cassette, at a request without the right credential, and if at the end an
// answer was never asked for.
type Player struct {
	t        testing.TB
	recorder *recorder.Recorder
	recorded []*cassette.Interaction
	key      string // the account key that an exchange must show

	mu     sync.Mutex
	played int
	// the access token that all other requests must show: the one last issued, if any was
	token   string
	issued  []string
	vectors map[string]bool // of the exchanges asked for
}

// NewPlayer returns a player of a file. Exchanges must show the account key, all other requests the
// access token, or the one that was last issued.
func NewPlayer(t testing.TB, file, key, token string) *Player {
	t.Helper()
	p := &Player{
		t:        t,
		recorded: Load(t, file),
		key:      key,
		token:    token,
		vectors:  map[string]bool{},
	}
	var err error
	p.recorder, err = recorder.New(nameOf(file),
		recorder.WithMode(recorder.ModeReplayOnly),
		recorder.WithSkipRequestLatency(true),
		recorder.WithMatcher(matchesRecorded),
		recorder.WithHook(p.advance, recorder.BeforeResponseReplayHook))
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.recorder.Stop())
		for _, left := range p.recorded[p.played:] {
			t.Errorf("never asked for: %v", left.Request)
		}
	})
	return p
}

// Issued returns the access tokens that were issued so far.
func (p *Player) Issued() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.issued)
}

// Do implements azcore's policy.Transporter.
func (p *Player) Do(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checkCredential(req)
	resp, err := p.recorder.GetDefaultClient().Do(req)
	if err != nil {
		next := "nothing"
		if p.played < len(p.recorded) {
			next = p.recorded[p.played].Request.String()
		}
		p.t.Errorf(
			"the cassette does not go on with this request:\n%s %s body=%q\nbut with\n%s",
			req.Method,
			req.URL,
			BodyOf(req),
			next,
		)
		return nil, offTape{err}
	}
	return resp, nil
}

// offTape keeps azcore from retrying: one wrong request is one failure.
type offTape struct{ error }

func (offTape) NonRetriable() {}

// advance checks the order: go-vcr takes any answer that matches and has not been given.
func (p *Player) advance(i *cassette.Interaction) error {
	if i.ID != p.played {
		return fmt.Errorf("this is request %d of the cassette, and %d is due", i.ID, p.played)
	}
	p.played++
	if strings.HasSuffix(pathOf(i.Request.URL), "/token") && i.Response.Code == http.StatusOK {
		var body struct{ AccessToken string }
		if err := json.Unmarshal([]byte(i.Response.Body), &body); err != nil {
			return err
		}
		p.token = body.AccessToken
		p.issued = append(p.issued, body.AccessToken)
	}
	return nil
}

// correlationVectorForm is what the token service was sent by the clients of other languages.
var correlationVectorForm = regexp.MustCompile(`^[A-Za-z0-9+/]{22}$`)

// checkCredential checks what cassettes do not hold.
func (p *Player) checkCredential(req *http.Request) {
	authorization := req.Header.Get("Authorization")
	if !testkit.IsExchange(req) {
		assert.Equal(p.t, "Bearer "+p.token, authorization, "%s %s", req.Method, req.URL)
		return
	}
	account := path.Base(path.Dir(req.URL.Path))
	assert.Equal(p.t, "Bearer "+account+":"+p.key, authorization)
	vector := req.Header.Get("X-MRC-CV")
	assert.Regexp(p.t, correlationVectorForm, vector)
	assert.False(p.t, p.vectors[vector], "each exchange has a vector of its own")
	p.vectors[vector] = true
}

// matchesRecorded compares what a service looks at. A cassette without a query or without headers
// says nothing about them.
func matchesRecorded(req *http.Request, recorded cassette.Request) bool {
	want, err := url.Parse(recorded.URL)
	if err != nil {
		return false
	}
	for _, name := range []string{"Accept", "Content-Type"} {
		if value := recorded.Headers.Get(name); value != "" && value != req.Header.Get(name) {
			return false
		}
	}
	return req.Method == recorded.Method &&
		req.URL.Scheme == want.Scheme && req.URL.Host == want.Host &&
		samePath(req.URL.EscapedPath(), want.EscapedPath()) &&
		(want.RawQuery == "" || reflect.DeepEqual(req.URL.Query(), want.Query())) &&
		sameJSON(BodyOf(req), recorded.Body)
}

// samePath ignores the case of the first segment for the token service only, where clients of the
// service differ in it.
func samePath(got, want string) bool {
	const accounts = "/accounts/"
	if strings.HasSuffix(want, "/token") && len(got) > len(accounts) && len(want) > len(accounts) {
		return strings.EqualFold(got[:len(accounts)], accounts) &&
			strings.EqualFold(want[:len(accounts)], accounts) &&
			got[len(accounts):] == want[len(accounts):]
	}
	return got == want
}

func sameJSON(got, want string) bool {
	if got == "" || want == "" {
		return got == want
	}
	var g, w any
	return json.Unmarshal([]byte(got), &g) == nil && json.Unmarshal([]byte(want), &w) == nil &&
		reflect.DeepEqual(g, w)
}

// BodyOf returns the body of a request and puts it back.
func BodyOf(req *http.Request) string {
	if req.Body == nil {
		return ""
	}
	data, err := io.ReadAll(req.Body)
	if err != nil {
		return "unreadable: " + err.Error()
	}
	req.Body = io.NopCloser(bytes.NewReader(data))
	return string(data)
}

func pathOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Path
}
