// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/recordings"
)

// backwards is how a recording is played backwards: its requests are sent to the emulator, and the
// answers compared with those recorded.
type backwards struct {
	options emulator.Options
	// before is called before the request with that number, for what happened behind the recording.
	before map[int]func(*service)
	// stranger says that the requests show a credential that is not the account's.
	stranger bool
}

// recordedByService are the recordings of the hosted service.
var recordedByService = map[string]backwards{
	"js-session-start.yaml":              {},
	"js-session-invalid-properties.yaml": {},
	"js-sts-get-token.yaml":              {},
	"net-session-simple.yaml":            {options: withNulls},
	"net-session-failed-request.yaml":    {options: withNulls},
	"js-conversion-success.yaml":         {},
	"js-conversion-missing-asset.yaml":   {},
	"js-conversion-no-access.yaml":       {},
	"net-conversion-simple.yaml":         {},
	"net-conversion-missing-asset.yaml":  {},
	"net-conversion-no-access.yaml":      {options: withNulls},
}

// recordedByProject are the recordings of this project.
var recordedByProject = map[string]backwards{
	"create-200.yaml":       {},
	"create-400.yaml":       {},
	"create-400-nulls.yaml": {options: withNulls},
	"create-409.yaml":       {before: map[int]func(*service){0: having("demo")}},
	"create-after-429.yaml": {
		before: map[int]func(*service){
			0: injecting(
				emulator.Fault{
					Operation:  "create",
					Status:     429,
					RetryAfter: 15 * time.Second,
					Count:      1,
				},
			),
		},
	},
	"list-empty.yaml": {},
	"list-two-pages.yaml": {
		options: emulator.Options{Decisions: emulator.Decisions{PageSize: 2}},
		before:  map[int]func(*service){0: having("first", "second", "third")},
	},
	"refused-401.yaml": {stranger: true},
	"refused-403.yaml": {
		before: map[int]func(*service){0: injecting(emulator.Fault{Status: 403})},
	},
	"refused-404.yaml": {},
	"refused-429.yaml": {
		before: map[int]func(*service){
			0: injecting(emulator.Fault{Status: 429, RetryAfter: 15 * time.Second}),
		},
	},
	"refused-500.yaml": {
		before: map[int]func(*service){0: injecting(emulator.Fault{Status: 500})},
	},
	"session-error.yaml": {before: map[int]func(*service){1: setting("Error")}},
	"session-error-nulls.yaml": {
		options: withNulls,
		before:  map[int]func(*service){1: setting("Error")},
	},
	"session-expired.yaml":    {},
	"session-life.yaml":       {},
	"session-life-nulls.yaml": {options: withNulls},
	"token-200.yaml":          {},
	"token-400.yaml": {
		before: map[int]func(*service){
			0: injecting(emulator.Fault{Status: 400, Challenge: "Invalid request: errorMessage"}),
		},
	},
	"token-401.yaml": {stranger: true},
	"token-429.yaml": {
		before: map[int]func(*service){
			0: injecting(emulator.Fault{Status: 429, RetryAfter: 5 * time.Second}),
		},
	},
	"token-renewed-after-401.yaml": {
		before: map[int]func(*service){0: having("demo"), 2: revoking},
	},
	"update-422.yaml": {
		before: map[int]func(*service){0: having("demo"), 2: setting("Stopped")},
	},
}

func having(ids ...string) func(*service) {
	return func(s *service) {
		for _, id := range ids {
			s.create(id, `{"maxLeaseTimeMinutes":30,"size":"Standard"}`)
		}
	}
}

func setting(status azremoterendering.SessionStatus) func(*service) {
	return func(s *service) { require.NoError(s.t, s.SetStatus("demo", status)) }
}

func injecting(fault emulator.Fault) func(*service) {
	return func(s *service) {
		_, err := s.Inject(fault)
		require.NoError(s.t, err)
	}
}

func revoking(s *service) { require.NoError(s.t, s.RevokeTokens("")) }

// TestRecordingsBackwards sends what clients of other languages sent to the hosted service to the
// emulator. The recordings are no part of this repository: ARR_RECORDINGS names their folder.
func TestRecordingsBackwards(t *testing.T) {
	folder := os.Getenv("ARR_RECORDINGS")
	if folder == "" {
		t.Skip("ARR_RECORDINGS does not name a folder with recordings of the hosted service")
	}
	playFolder(t, folder, recordedByService)
}

// TestOwnRecordingsBackwards does the same with the recordings that the client of this project is
// tested with.
func TestOwnRecordingsBackwards(t *testing.T) {
	playFolder(t, filepath.Join("..", "testdata", "recordings"), recordedByProject)
}

// playFolder plays every cassette of a folder. One that is missing and one that nobody knows fail
// the test.
func playFolder(t *testing.T, folder string, known map[string]backwards) {
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); filepath.Ext(name) == ".yaml" {
			names = append(names, name)
		}
	}
	assert.Equal(
		t,
		slices.Sorted(maps.Keys(known)),
		slices.Sorted(slices.Values(names)),
		"every recording is known, and every known one there",
	)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			play, ok := known[name]
			require.True(t, ok, "nothing says how to play this recording")
			tape := recordings.Load(t, filepath.Join(folder, name))
			synctest.Test(t, func(t *testing.T) { play.run(t, tape) })
			play.options.StateFile = filepath.Join(t.TempDir(), "state")
			synctest.Test(t, func(t *testing.T) { play.run(t, tape) })
		})
	}
}

// vintageOf returns the vintage of a recording. Those of this project have the form of 2021.
func vintageOf(date time.Time) emulator.Vintage {
	if year := emulator.Vintage(date.Year()); year <= emulator.Vintage2023 {
		return year
	}
	return emulator.Vintage2021
}

func (b backwards) run(t *testing.T, tape []*cassette.Interaction) {
	options := b.options
	options.Decisions.Vintage = vintageOf(dateOf(t, tape[0]))
	options.Accounts = []emulator.AccountOptions{{
		ID:         strings.Split(addressOf(t, tape[0]).Path, "/")[2],
		PrimaryKey: "cmVjb3JkZWQ=",
	}}
	options.StartupTime = emulator.FixedStartup(recordedStartup(t, tape))
	options.Conversions.Times = emulator.FixedConversion(recordedConversion(t, tape))
	// the region of the account is not known from a recording; that of its sessions is
	for _, i := range tape {
		if labels := strings.Split(addressOf(t, i).Host, "."); labels[0] == "remoterendering" {
			options.Region = azremoterendering.Region(labels[1])
		}
	}
	oneClock(t, tape)
	time.Sleep(time.Until(dateOf(t, tape[0])))
	s := start(t, options)
	defer func() { require.NoError(t, s.Close()) }()
	if b.stranger {
		s.token = "not-one-of-the-account"
	}
	convertEarlier(s, tape)
	for n, i := range tape {
		time.Sleep(time.Until(dateOf(t, i)))
		if prepare := b.before[n]; prepare != nil {
			prepare(s)
		}
		got := b.send(s, i)
		if t.Failed() {
			return // one difference shifts everything behind it
		}
		compareAnswers(t, n, i, got)
		if isExchange(i) && got.status == http.StatusOK {
			var issued struct{ AccessToken string }
			require.NoError(t, json.Unmarshal([]byte(got.body), &issued))
			s.token = issued.AccessToken
		}
	}
}

// send sends a recorded request. The recordings hold no credentials, and those of May 2021 neither
// headers nor a query.
func (b backwards) send(s *service, i *cassette.Interaction) reply {
	address := addressOf(s.t, i)
	if address.RawQuery == "" && !isExchange(i) {
		address.RawQuery = strings.TrimPrefix(apiVersion, "?")
	}
	credential := s.token
	if isExchange(i) {
		credential = s.Account().ID + ":" + s.Key()
		if b.stranger {
			credential = s.Account().ID + ":c3RyYW5nZQ=="
		}
	}
	header := i.Request.Headers.Clone()
	if header == nil {
		header = make(http.Header)
	}
	header.Set("Authorization", "Bearer "+credential)
	return serve(s.Emulator, i.Request.Method, address.String(), i.Request.Body, header)
}

func isExchange(i *cassette.Interaction) bool {
	path, _, _ := strings.Cut(i.Request.URL, "?")
	return strings.HasSuffix(path, "/token")
}

func addressOf(t *testing.T, i *cassette.Interaction) *url.URL {
	t.Helper()
	address, err := url.Parse(i.Request.URL)
	require.NoError(t, err)
	return address
}

// oneClock sets the clock of the token service to that of the session service in a recording where
// it was ahead, so that time does not run backwards.
func oneClock(t *testing.T, tape []*cassette.Interaction) {
	t.Helper()
	for n, i := range tape[:len(tape)-1] {
		if next := tape[n+1]; isExchange(i) && dateOf(t, i).After(dateOf(t, next)) {
			i.Response.Headers.Set("Date", next.Response.Headers.Get("Date"))
		}
	}
}

func dateOf(t *testing.T, i *cassette.Interaction) time.Time {
	t.Helper()
	date, err := http.ParseTime(i.Response.Headers.Get("Date"))
	require.NoError(t, err)
	return date
}

// recordedStartup returns how long the session of a recording was Starting: until half way between
// the last answer that shows it so and the first that shows it Ready, and for long if none does.
func recordedStartup(t *testing.T, tape []*cassette.Interaction) time.Duration {
	t.Helper()
	var created, starting time.Time
	for _, i := range tape {
		date := dateOf(t, i)
		switch {
		case i.Response.Code == http.StatusCreated:
			created, starting = date, date
		case strings.Contains(i.Response.Body, `"status":"Starting"`):
			starting = date
		case strings.Contains(i.Response.Body, `"status":"Ready"`) && !created.IsZero():
			return starting.Sub(created) + date.Sub(starting)/2
		}
	}
	if !created.IsZero() {
		return time.Hour
	}
	return 0
}

// checkIssued checks an access token by what was recorded of another: the times.
func checkIssued(t *testing.T, recorded, got string) {
	t.Helper()
	type times struct{ Nbf, Exp, Iat int64 }
	var claims [2]times
	for i, token := range []string{recorded, got} {
		segments := strings.Split(token, ".")
		if i == 0 && len(segments) != 3 {
			return // nothing is left of it in the recording
		}
		require.Len(t, segments, 3)
		data, err := base64.RawURLEncoding.DecodeString(segments[1])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &claims[i]))
	}
	assert.Equal(t, claims[0], claims[1])
}
