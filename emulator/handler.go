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

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

const (
	apiVersionParameter  = "api-version"
	supportedAPIVersions = "2021-01-01-preview, 2021-01-01"
)

// exchange is a request on its way through the emulator: it is located, admitted, performed, and
// answered.
type exchange struct {
	emulator *Emulator
	request  *http.Request
	arrived  time.Time
	query    url.Values
	// linger says that the answer will come that much later than others.
	linger func(time.Duration)

	// Set when it is located.
	target    target
	region    azremoterendering.Region
	operation operation
	account   *account // nil if there is none with the id
	faults    effects  // of the faults that affect it
}

// home returns where the session of the request lives.
func (x *exchange) home() home { return home{x.account, x.region} }

// ServeHTTP implements [http.Handler]. Below a server of net/http, header names are spelled as the
// service spells them (MS-CV, api-supported-versions); elsewhere, such as in a
// [net/http/httptest.ResponseRecorder], they are in canonical form, so that [http.Header.Get] finds
// them.
//
// A [Fault] that breaks the connection makes it panic with [http.ErrAbortHandler]: servers of
// net/http know what that means, a ResponseRecorder does not.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.respond(r, func(d time.Duration) { extendDeadlines(w, r, d) }).write(w, r)
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

// respond returns the complete answer to a request, and records it unless it is for the page, which
// would fill the log by itself, or for the administrative path. It calls linger if the answer is
// going to come late.
func (e *Emulator) respond(r *http.Request, linger func(time.Duration)) delivery {
	x := &exchange{
		emulator:  e,
		request:   r,
		arrived:   time.Now(),
		query:     r.URL.Query(),
		linger:    linger,
		operation: operation{name: "unknown"},
	}
	d := x.deliver()
	x.complete(d.answer)
	if !x.forPage() && !x.forAdmin() {
		x.record(d)
	}
	return d
}

// deliver takes a request through its steps, in the order of the service: path, method,
// authorization, api-version. Faults come in as soon as it is known what the request is about.
func (x *exchange) deliver() delivery {
	switch {
	case x.forPage():
		return delivery{answer: x.guarded((*exchange).showPage)}
	case x.forAdmin():
		return delivery{answer: x.guarded((*exchange).administer)}
	}
	if refused := x.locate(); refused != nil {
		return delivery{answer: x.emulator.refuse(refused)}
	}
	x.faults = x.emulator.faults.on(x)
	return x.suffer()
}

// perform performs a request that is located, if it may be performed.
func (x *exchange) perform() answer {
	if refused := x.admit(); refused != nil {
		return x.emulator.refuse(refused)
	}
	return x.operation.perform(x)
}

// guarded returns what do does, or 500 if it panics, as a function of the user may; that must not
// end the process when no net/http server is above.
func (x *exchange) guarded(do func(*exchange) answer) (a answer) {
	defer func() {
		if cause := recover(); cause != nil {
			x.emulator.logger.LogAttrs(x.request.Context(), slog.LevelError, "panic",
				slog.String("operation", x.operation.name), slog.Any("cause", cause))
			a = x.emulator.refuse(internalServerError)
		}
	}()
	return do(x)
}

// locate finds what a request is about: target, region, account and operation.
func (x *exchange) locate() *refusal {
	region, served := x.emulator.geography.regionOf(x.request.Host)
	if !served {
		return notFound
	}
	x.region = region
	x.target = locate(x.request.URL.EscapedPath())
	operations := x.target.operations()
	if len(operations) == 0 {
		return notFound
	}
	x.account = x.emulator.accountOf(x.target.accountID)
	i := slices.IndexFunc(
		operations,
		func(o operation) bool { return o.method == x.request.Method },
	)
	if i < 0 {
		return methodNotAllowed(operations)
	}
	x.operation = operations[i]
	return nil
}

// admit checks authorization, rate, api-version and session id.
func (x *exchange) admit() *refusal {
	if x.account == nil || !x.authorized() {
		return unauthorized // whether an account exists is nobody's business
	}
	sessionService := x.target.versioned()
	if refused := x.account.throttle(x.emulator.rateLimit, sessionService); refused != nil {
		return refused
	}
	if !sessionService {
		return nil // the token service looks at no version
	}
	if versions := x.query[apiVersionParameter]; len(versions) != 1 || !supported(versions[0]) {
		return &refusal{
			status:  http.StatusBadRequest,
			code:    codeUnsupportedAPIVersion,
			message: "The api-version query parameter is missing or not supported. Supported: " + supportedAPIVersions + ".",
		}
	}
	if x.target.kind != sessionList && !validSessionID(x.target.sessionID) {
		return badSessionID
	}
	return nil
}

// authorized reports whether the request may be performed for its account.
func (x *exchange) authorized() bool {
	if x.target.versioned() {
		return x.emulator.tokens.accepts(bearer(x.request), x.account)
	}
	return x.mayExchange()
}

// complete adds the headers that every answer has.
func (x *exchange) complete(a answer) {
	a.header.Set("MS-CV", correlationVector())
	a.header.Set("X-Content-Type-Options", "nosniff")
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if x.target.versioned() {
		a.header.Set("api-supported-versions", supportedAPIVersions)
	}
}

// record logs the request and keeps it for a while.
func (x *exchange) record(d delivery) {
	r := page.Request{
		Time:              x.arrived,
		Operation:         x.operation.name,
		Method:            x.request.Method[:min(len(x.request.Method), maxKeptMethod)],
		Region:            x.region,
		Status:            d.status,
		CorrelationVector: d.header.Get("MS-CV"),
		Faults:            d.faults,
		Duration:          time.Since(x.arrived),
	}
	if x.account != nil {
		r.Account = x.account.id
	}
	if validSessionID(x.target.sessionID) {
		r.Session = x.target.sessionID
	}
	x.emulator.requests.add(r)
	attributes := []slog.Attr{
		slog.String("operation", r.Operation),
		slog.String("method", r.Method),
		// only one that can exist: a path may hold a key in the wrong place
		slog.String("session", r.Session),
		slog.Int("status", r.Status),
		slog.String("correlationVector", r.CorrelationVector),
		slog.Duration("duration", r.Duration),
	}
	if len(r.Faults) > 0 {
		attributes = append(attributes, slog.Any("faults", r.Faults))
	}
	x.emulator.logger.LogAttrs(x.request.Context(), slog.LevelInfo, "request", attributes...)
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

func methodNotAllowed(operations []operation) *refusal {
	methods := make([]string, len(operations))
	for i, o := range operations {
		methods[i] = o.method
	}
	return &refusal{
		status: http.StatusMethodNotAllowed,
		header: http.Header{"Allow": {strings.Join(methods, ", ")}},
	}
}

// correlationVector returns a new one in the form of the service: 22 characters of Base64, and
// ".0".
func correlationVector() string {
	var id [16]byte
	rand.Read(id[:])
	return base64.RawStdEncoding.EncodeToString(id[:]) + ".0"
}
