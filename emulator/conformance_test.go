// SPDX-License-Identifier: MIT

package emulator_test

import (
	"cmp"
	"crypto/tls"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// row is one statement about the protocol, and a walk that shows that the emulator keeps to it.
type row struct {
	shows   string
	options emulator.Options
	walk    func(w *walker)
}

// TestRowsOfTheProtocol walks what is known of the service: its common rules, its operations, the
// session object, the state machine, the lease, the idempotent creation, the list, conversions.
// Each row has an emulator of its own, and plain requests in virtual time.
//
// What a client or the native runtime does cannot be walked here: that a client treats both
// spellings of absent values alike and lets unknown values pass; that billing runs from Ready; that
// one device is connected at a time, is cut off by the stop, and that a server drops its models in
// between; how a client finds out when a session became Ready; that it falls back to another region
// or size; that it refuses to send its token to a foreign next link.
func TestRowsOfTheProtocol(t *testing.T) {
	for _, section := range []struct {
		name string
		rows []row
	}{
		{"common rules", commonRows},
		{"statuses", statusRows},
		{"operations", operationRows},
		{"session object", objectRows},
		{"state machine", stateRows},
		{"lease", leaseRows},
		{"idempotent create", idempotenceRows},
		{"list", listRows},
		{"conversions", conversionRows},
	} {
		require.NotEmpty(t, section.rows)
		for _, row := range section.rows {
			t.Run(section.name+"/"+row.shows, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					row.walk(
						&walker{
							service: start(t, row.options),
							absent:  row.options.Decisions.AbsentValues,
						},
					)
				})
			})
		}
	}
}

// walker sends plain requests to the handler, and checks of every answer what all have in common.
type walker struct {
	*service
	absent emulator.AbsentValues
}

// serve has a handler answer a request.
func serve(handler http.Handler, method, target, body string, header http.Header) reply {
	req := httptest.NewRequest(
		http.MethodGet,
		"https://remoterendering.example/",
		strings.NewReader(body),
	)
	req.Method = method
	if err := readdress(req, target); err != nil {
		panic(err)
	}
	maps.Copy(req.Header, header)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, req)
	return reply{recorder.Code, recorder.Header(), recorder.Body.String()}
}

// readdress gives a request another target: a path, or an address with scheme and host.
func readdress(req *http.Request, target string) error {
	address, err := req.URL.Parse(target)
	if err != nil {
		return err
	}
	req.URL, req.Host, req.RequestURI = address, cmp.Or(
		address.Host,
		req.Host,
	), address.RequestURI()
	req.TLS = nil
	if address.Scheme == "https" {
		req.TLS = new(tls.ConnectionState)
	}
	return nil
}

// ask sends a request with the access token. Without a query it gets the version. A path is one
// below the account.
func (w *walker) ask(method, path, body string) reply {
	w.t.Helper()
	return w.send(
		method,
		path,
		body,
		http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {"application/json"}},
	)
}

func (w *walker) send(method, path, body string, header http.Header) reply {
	w.t.Helper()
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "https://") {
		path = "/accounts/" + w.Account().ID + "/" + path
	}
	if !strings.Contains(path, "?") {
		path += apiVersion
	}
	r := serve(w.Emulator, method, path, body, header)
	w.checkCommon(method+" "+path, r)
	return r
}

// checkCommon checks the headers that every answer has, and that body and headers fit.
func (w *walker) checkCommon(what string, r reply) {
	w.t.Helper()
	assert.Regexp(w.t, `^[A-Za-z0-9+/]{22}\.0$`, r.header.Get("Ms-Cv"), what)
	assert.Equal(w.t, "nosniff", r.header.Get("X-Content-Type-Options"), what)
	_, err := http.ParseTime(r.header.Get("Date"))
	assert.NoError(w.t, err, what)
	switch {
	case r.status == http.StatusNoContent:
		assert.Empty(w.t, r.body, what)
		assert.NotContains(w.t, r.header, "Content-Length", what)
		assert.NotContains(w.t, r.header, "Content-Type", what)
	case r.body == "":
		assert.NotContains(w.t, r.header, "Content-Type", what)
		assert.Equal(w.t, "0", r.header.Get("Content-Length"), what)
	default:
		assert.Equal(w.t, "application/json; charset=utf-8", r.header.Get("Content-Type"), what)
		assert.Equal(w.t, strconv.Itoa(len(r.body)), r.header.Get("Content-Length"), what)
	}
}

// want asks for something that must be answered with a status.
func (w *walker) want(status int, method, path, body string) reply {
	w.t.Helper()
	r := w.ask(method, path, body)
	require.Equal(w.t, status, r.status, "%s %s %s: %s", method, path, body, r.body)
	return r
}

// refused asks for something that must be answered with an error object, the same except for
// message in both spellings.
func (w *walker) refused(status int, code, message, method, path, body string) {
	w.t.Helper()
	assert.Equal(
		w.t,
		w.errorBody(code, message),
		w.want(status, method, path, body).body,
		"%s %s %s",
		method,
		path,
		body,
	)
}

// errorBody is the recorded spelling of an error that has a code and a message.
func (w *walker) errorBody(code, message string) string {
	rest := ""
	if w.absent == emulator.AbsentNull {
		rest = `,"details":null,"target":null,"innerError":null`
	}
	return `{"error":{"code":"` + code + `","message":"` + message + `"` + rest + `}}`
}

// made creates a session that must be new.
func (w *walker) made(id, body string) {
	w.t.Helper()
	w.want(http.StatusCreated, http.MethodPut, "sessions/"+id, body)
}

// shows checks the state of a session.
func (w *walker) shows(id, status string) seen {
	w.t.Helper()
	s := w.want(http.StatusOK, http.MethodGet, "sessions/"+id, "").session(w.t)
	assert.Equal(w.t, status, s.Status, id)
	return s
}

// becomes moves a session into a state that time does not lead to.
func (w *walker) becomes(id string, status azremoterendering.SessionStatus) {
	w.t.Helper()
	require.NoError(w.t, w.SetStatus(id, status))
}

// names returns the sorted names of the headers of an answer.
func (r reply) names() []string { return slices.Sorted(maps.Keys(r.header)) }

var (
	anyTime = regexp.MustCompile(`"creationTime":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?\+00:00"`)
	anyUTC  = regexp.MustCompile(`"creationTime":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z"`)
	anyPort = regexp.MustCompile(
		`Port":(49[2-9]\d\d|4919\d|491[6-8]\d|4915[2-9]|5\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-4])\b`,
	)
	anyHost = regexp.MustCompile(
		`"hostname":"(\d+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|arr[a-z0-9]+(standard|premium)[0-9a-f]{32})` +
			`\.remoterendering\.vm\.[a-z0-9]+\.mixedreality\.azure\.com"`,
	)
)

// shape replaces in a body what no test can know: the time of creation becomes T, that of a
// conversion UTC, a port P, a host name H. All other text stays, so that it shows members, order
// and spelling.
func shape(body string) string {
	body = anyTime.ReplaceAllString(body, `"creationTime":T`)
	body = anyUTC.ReplaceAllString(body, `"creationTime":UTC`)
	body = anyPort.ReplaceAllString(body, `Port":P`)
	return anyHost.ReplaceAllString(body, `"hostname":H`)
}

// everyOperation is a request of each operation of the session service, for a session a.
var everyOperation = []struct{ name, method, path, body string }{
	{"create", http.MethodPut, "sessions/a", standard5},
	{"get", http.MethodGet, "sessions/a", ""},
	{"update", http.MethodPatch, "sessions/a", `{"maxLeaseTimeMinutes":6}`},
	{"stop", http.MethodPost, "sessions/a/:stop", ""},
	{"list", http.MethodGet, "sessions", ""},
}
