// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	apiVersionParameter  = "api-version"
	supportedAPIVersions = "2021-01-01-preview, 2021-01-01"
)

// exchange is a request on its way through the emulator.
type exchange struct {
	emulator *Emulator
	request  *http.Request
	target   target
	query    url.Values
	account  *account // set once the request is admitted
}

// ServeHTTP implements [http.Handler]. Below a server of net/http, header names are spelled as the service spells them (MS-CV,
// api-supported-versions); elsewhere, such as in a [net/http/httptest.ResponseRecorder], they are in canonical form, so that
// [http.Header.Get] finds them.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := e.respond(r)
	// net/http's server writes names as they stand in the map.
	onWire := r.Context().Value(http.ServerContextKey) != nil
	header := w.Header()
	for name, values := range a.header {
		if onWire {
			name = spelling(name)
		}
		header[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // if this fails, nobody is left to tell
}

// spelling returns how the service spells a header name.
func spelling(canonical string) string {
	switch canonical {
	case "Ms-Cv":
		return "MS-CV"
	case "Api-Supported-Versions":
		return "api-supported-versions"
	case "Www-Authenticate":
		return "WWW-Authenticate"
	}
	return canonical
}

// respond returns the complete answer to a request, and logs it.
func (e *Emulator) respond(r *http.Request) answer {
	start := time.Now()
	x := &exchange{emulator: e, request: r, target: locate(r.URL.EscapedPath()), query: r.URL.Query()}
	operation, a := x.answer()

	correlation := correlationVector()
	a.header.Set("MS-CV", correlation)
	a.header.Set("X-Content-Type-Options", "nosniff")
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if x.target.versioned() {
		a.header.Set("api-supported-versions", supportedAPIVersions)
	}
	e.logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("operation", operation),
		slog.String("method", r.Method),
		slog.String("session", x.target.sessionID),
		slog.Int("status", a.status),
		slog.String("correlationVector", correlation),
		slog.Duration("duration", time.Since(start)))
	return a
}

// answer checks a request in the order of the service (path, method, authorization, api-version) and performs its operation.
func (x *exchange) answer() (name string, a answer) {
	name = "unknown"
	// A function of the user may panic; that must not end the process when no net/http server is above.
	defer func() {
		if cause := recover(); cause != nil {
			x.emulator.logger.LogAttrs(x.request.Context(), slog.LevelError, "panic", slog.String("operation", name), slog.Any("cause", cause))
			a = x.emulator.refuse(internalServerError)
		}
	}()
	operations := x.target.operations()
	if len(operations) == 0 {
		return name, x.emulator.refuse(notFound)
	}
	i := slices.IndexFunc(operations, func(o operation) bool { return o.method == x.request.Method })
	if i < 0 {
		return name, methodNotAllowed(operations)
	}
	name = operations[i].name
	if refused := x.admit(); refused != nil {
		return name, x.emulator.refuse(refused)
	}
	return name, operations[i].perform(x)
}

// admit checks authorization, api-version and session id, and finds the account.
func (x *exchange) admit() *refusal {
	x.account = x.emulator.accountOf(x.target.accountID)
	if x.account == nil {
		return unauthorized // whether an account exists is nobody's business
	}
	if !x.target.versioned() {
		return nil // the token service looks at its authorization itself, and at no version
	}
	if !x.emulator.tokens.accepts(bearer(x.request), x.account) {
		return unauthorized
	}
	if versions := x.query[apiVersionParameter]; len(versions) != 1 || !supported(versions[0]) {
		return &refusal{http.StatusBadRequest, codeUnsupportedAPIVersion,
			"The api-version query parameter is missing or not supported. Supported: " + supportedAPIVersions + "."}
	}
	if x.target.kind != sessionList && !validSessionID(x.target.sessionID) {
		return badSessionID
	}
	return nil
}

func supported(version string) bool {
	return slices.Contains(strings.Split(supportedAPIVersions, ", "), version)
}

// bearer returns the credential of a request, or "" if there is none.
func bearer(r *http.Request) string {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(credential)
}

func methodNotAllowed(operations []operation) answer {
	methods := make([]string, len(operations))
	for i, o := range operations {
		methods[i] = o.method
	}
	a := emptyAnswer(http.StatusMethodNotAllowed)
	a.header.Set("Allow", strings.Join(methods, ", "))
	return a
}

// correlationVector returns a new one in the form of the service: 22 characters of Base64, and ".0".
func correlationVector() string {
	var id [16]byte
	rand.Read(id[:])
	return base64.RawStdEncoding.EncodeToString(id[:]) + ".0"
}
