// SPDX-License-Identifier: MIT

package emulator_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

const (
	apiVersion = "?api-version=2021-01-01"
	standard5  = `{"maxLeaseTimeMinutes":5,"size":"Standard"}`
)

// service is an emulator and an access token for it.
type service struct {
	*emulator.Emulator
	t     *testing.T
	token string
	other string // the id of the account to use, "" for the first one
	host  string // where requests without a host go, "" for one that names no region
}

// as returns the service as another account sees it, with a token of that.
func (s *service) as(account string) *service {
	s.t.Helper()
	view := *s
	view.other = account
	view.authorize()
	return &view
}

// in returns the service as seen through another host, with the same token.
func (s *service) in(host string) *service {
	view := *s
	view.host = host
	return &view
}

// Account returns the account in use.
func (s *service) Account() azremoterendering.Account {
	for _, account := range s.Accounts() {
		if account.ID == s.other {
			return account
		}
	}
	return s.Emulator.Account()
}

// start makes an emulator and gets a token. Requests are sent in memory.
func start(t *testing.T, options emulator.Options) *service {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	e, err := emulator.New(options)
	require.NoError(t, err)
	s := &service{Emulator: e, t: t}
	s.authorize()
	return s
}

// authorize gets a new access token.
func (s *service) authorize() {
	s.t.Helper()
	key, _, err := s.Keys(s.Account().ID)
	require.NoError(s.t, err)
	r := s.exchange(s.Account().ID + ":" + key)
	require.Equal(s.t, http.StatusOK, r.status, r.body)
	var body struct{ AccessToken string }
	require.NoError(s.t, json.Unmarshal([]byte(r.body), &body))
	s.token = body.AccessToken
}

// exchange asks for an access token in exchange for a credential.
func (s *service) exchange(credential string) reply {
	s.t.Helper()
	return s.send(
		http.MethodGet,
		s.sts(),
		"",
		http.Header{"Authorization": {"Bearer " + credential}},
	)
}

func (s *service) sts() string { return "/Accounts/" + s.Account().ID + "/token" }

// list is the path of the sessions, session that of one.
func (s *service) list() string             { return "/accounts/" + s.Account().ID + "/sessions" }
func (s *service) session(id string) string { return s.list() + "/" + id }

type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request as it is. A target without a host gets one.
func (s *service) send(method, target, body string, header http.Header) reply {
	s.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = "https://" + cmp.Or(s.host, "remoterendering.example") + target
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header = header
	resp, err := s.Transport().Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return reply{resp.StatusCode, resp.Header, string(data)}
}

// call sends a request with the access token.
func (s *service) call(method, target, body string) reply {
	s.t.Helper()
	return s.send(method, target, body, http.Header{"Authorization": {"Bearer " + s.token}})
}

func (s *service) put(id, body string) reply {
	s.t.Helper()
	return s.call(http.MethodPut, s.session(id)+apiVersion, body)
}

func (s *service) patch(id, body string) reply {
	s.t.Helper()
	return s.call(http.MethodPatch, s.session(id)+apiVersion, body)
}

func (s *service) stop(id string) reply {
	s.t.Helper()
	return s.call(http.MethodPost, s.session(id)+"/:stop"+apiVersion, "")
}

func (s *service) get(id string) reply {
	s.t.Helper()
	return s.call(http.MethodGet, s.session(id)+apiVersion, "")
}

// create makes a session that must be new.
func (s *service) create(id, body string) {
	s.t.Helper()
	r := s.put(id, body)
	require.Equal(s.t, http.StatusCreated, r.status, r.body)
}

// seen is a session as a reader of the JSON sees it.
type seen struct {
	ID                  string
	CreationTime        time.Time
	ArrInspectorPort    int
	HandshakePort       int
	ElapsedTimeMinutes  int
	Hostname            string
	MaxLeaseTimeMinutes int
	Size                string
	Status              string
	Teraflops           float64
	Error               *struct{ Code, Message string }
}

// session decodes the session in a reply.
func (r reply) session(t *testing.T) seen {
	t.Helper()
	var s seen
	require.NoError(t, json.Unmarshal([]byte(r.body), &s), r.body)
	return s
}

// look gets a session that must exist.
func (s *service) look(id string) seen {
	s.t.Helper()
	r := s.get(id)
	require.Equal(s.t, http.StatusOK, r.status, r.body)
	return r.session(s.t)
}

// code returns the error code in a reply, "" if it has no body.
func (r reply) code(t *testing.T) string {
	t.Helper()
	if r.body == "" {
		return ""
	}
	var body struct {
		Error struct{ Code, Message string }
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &body), r.body)
	require.NotEmpty(t, body.Error.Message)
	return body.Error.Code
}
