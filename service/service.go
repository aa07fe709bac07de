// SPDX-License-Identifier: MIT

package service

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// Service answers the protocol, as an [http.Handler]. Create one with [New]. It is safe for
// concurrent use, starts no goroutine and needs no closing.
type Service struct {
	store          Store
	conversions    ConversionStore // nil if there are none
	accounts       []*account      // at least one, in the order of Options.Accounts
	byID           map[string]*account
	hosts          hosts
	tokens         *tokenService
	acceptIdentity func(token string) error
	identityRole   func(token string) Role // nil: all are administrators
	rateLimit      RateLimit
	now            func() time.Time
	retryAfter     func(time.Duration) time.Duration
	logger         *slog.Logger
	decisions      Decisions
}

// New returns a service over a store. It is an [azremoterendering.InvalidArgumentError] if an
// option is invalid. It never contains a key.
func New(store Store, options Options) (*Service, error) {
	if store == nil {
		return nil, invalid("store", nil, "is nil")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	accounts, err := options.accounts()
	if err != nil {
		return nil, err
	}
	domain := options.Domain
	if domain == "" {
		domain = naming.ServiceDomain
	}
	s := &Service{
		store:          store,
		conversions:    options.Conversions,
		accounts:       accounts,
		byID:           make(map[string]*account),
		hosts:          hosts{domain, options.Region, options.Regions},
		tokens:         newTokenService(options.SigningKey, options.TokenLifetime, options.Now),
		acceptIdentity: options.AcceptIdentity,
		identityRole:   options.IdentityRole,
		rateLimit:      options.RateLimit,
		now:            options.Now,
		retryAfter:     options.RetryAfter,
		logger:         options.Logger,
		decisions:      options.Decisions,
	}
	for _, a := range accounts {
		s.byID[strings.ToLower(a.id)] = a
	}
	return s, nil
}

// ServeHTTP implements [http.Handler]. Below a server of net/http, header names are spelled as the
// service spells them (MS-CV, api-supported-versions); elsewhere, such as in a
// [net/http/httptest.ResponseRecorder], they are in canonical form.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, _ := s.Respond(r, nil)
	answer.Write(w, r)
}

// Interceptor is called for a request that is located, instead of performing it. It may change the
// request before, and the answer after, it calls perform, which admits and performs the request and
// never panics; or answer without that, in which case the request does not count for a
// [RateLimit].
type Interceptor func(q *Request, perform func() Answer) Answer

// Respond returns the complete answer to a request, and what the request was about. It writes the
// log record. intercept, if not nil, is called for requests that ask for an operation, whether or
// not they are authorized.
func (s *Service) Respond(r *http.Request, intercept Interceptor) (Answer, *Request) {
	q := &Request{
		HTTP:      r,
		Arrived:   s.now(),
		Operation: "unknown",
		service:   s,
		query:     r.URL.Query(),
	}
	var a Answer
	switch refused := q.locate(); {
	case refused != nil:
		a = s.Refuse(refused)
	case intercept != nil:
		a = intercept(q, q.admitAndPerform)
	default:
		a = q.admitAndPerform()
	}
	if a.Header == nil {
		a.Header = make(http.Header)
	}
	s.AddCommonHeaders(a)
	switch {
	case q.target.versioned():
		a.Header.Set("api-supported-versions", s.decisions.Vintage.apiVersions())
	case q.target.kind == tokenOf:
		s.decisions.Vintage.addTokenHeaders(a.Header)
	}
	q.log(a)
	return a, q
}

// admitAndPerform performs the request if it is admitted. A panic becomes 500, because a store or a
// function of the user must not end the process when there is no server of net/http above.
func (q *Request) admitAndPerform() (a Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			q.service.logger.LogAttrs(q.HTTP.Context(), slog.LevelError, "panic",
				slog.String("operation", q.Operation), slog.Any("cause", cause))
			a = q.Refuse(InternalServerError())
		}
	}()
	if refused := q.admit(); refused != nil {
		return q.Refuse(refused)
	}
	return q.perform(q)
}

// Refuse returns the answer to the request if it fails. Errors about conversions never have members
// without a value: they had none in January 2021 either. A 401 of the token service has no
// WWW-Authenticate: none was recorded.
func (q *Request) Refuse(r *Refusal) Answer {
	absent := q.service.decisions.AbsentValues
	if q.target.aboutConversions() {
		absent = AbsentOmitted
	}
	a := q.service.refuse(r, absent)
	if q.target.kind == tokenOf && r.Status == http.StatusUnauthorized {
		a.Header.Del("WWW-Authenticate")
	}
	return a
}

// AddCommonHeaders adds the headers that every answer has. [Service.Respond] does so.
func (s *Service) AddCommonHeaders(a Answer) {
	a.Header.Set("MS-CV", correlationVector())
	a.Header.Set("X-Content-Type-Options", "nosniff")
	a.Header.Set("Date", s.now().UTC().Format(http.TimeFormat))
}

// correlationVector returns a new one in the form of the service: 22 characters of Base64, and
// ".0".
func correlationVector() string {
	var id [16]byte
	rand.Read(id[:])
	return base64.RawStdEncoding.EncodeToString(id[:]) + ".0"
}

// maxLoggedMethod is how much of an unknown method is logged, in bytes.
const maxLoggedMethod = 16

// Method returns the method of the request, shortened so that it can be logged.
func (q *Request) Method() string {
	return q.HTTP.Method[:min(len(q.HTTP.Method), maxLoggedMethod)]
}

// loggedID returns the id of what the request is about. It is empty unless it is a valid one,
// because a path may hold a key in the wrong place.
func (q *Request) loggedID() slog.Attr {
	if q.target.aboutConversions() {
		return slog.String("conversion", q.ValidConversionID())
	}
	return slog.String("session", q.ValidSessionID())
}

func (q *Request) log(a Answer) {
	attributes := []slog.Attr{
		slog.String("operation", q.Operation),
		slog.String("method", q.Method()),
		q.loggedID(),
		slog.Int("status", a.Status),
		slog.String("correlationVector", a.Header.Get("MS-CV")),
		slog.Duration("duration", q.service.now().Sub(q.Arrived)),
	}
	attributes = append(attributes, q.LogAttrs...)
	q.service.logger.LogAttrs(q.HTTP.Context(), slog.LevelInfo, "request", attributes...)
}
