// SPDX-License-Identifier: MIT

package service

import (
	"net/http"
	"net/url"
	"strings"
)

// The names of the operations.
const (
	CreateSession = "CreateSession"
	GetSession    = "GetSession"
	UpdateSession = "UpdateSession"
	StopSession   = "StopSession"
	ListSessions  = "ListSessions"
	GetToken      = "GetToken"

	CreateConversion = "CreateConversion"
	GetConversion    = "GetConversion"
	ListConversions  = "ListConversions"
)

// target is what the path of a request names.
type target struct {
	kind                               kind
	accountID, sessionID, conversionID string
}

type kind int

const (
	nothing kind = iota
	tokenOf
	sessionList
	oneSession
	stopOfSession
	conversionList
	oneConversion
)

// operation is a method on a target.
type operation struct {
	method, name string
	perform      func(*Request) Answer
}

// parsePath parses an escaped path. It splits the path before it removes the escapes, and cleans
// nothing: an escaped slash or a pair of dots stays inside its segment, where it is no valid id.
func parsePath(escaped string) target {
	segments := strings.Split(escaped, "/")
	for i, segment := range segments {
		var err error
		if segments[i], err = url.PathUnescape(segment); err != nil {
			return target{}
		}
	}
	if len(segments) < 4 || segments[0] != "" {
		return target{}
	}
	accounts, collection, rest := segments[1], segments[3], segments[4:]
	t := target{accountID: segments[2]}
	switch {
	// The clients of other languages write Accounts, scripts accounts.
	case strings.EqualFold(accounts, "accounts") && collection == "token" && len(rest) == 0:
		t.kind = tokenOf
	case accounts != "accounts":
		return target{}
	case collection == "conversions" && empty(rest):
		t.kind = conversionList
	case collection == "conversions" && len(rest) == 1:
		t.kind, t.conversionID = oneConversion, rest[0]
	case collection != "sessions":
		return target{}
	case empty(rest):
		t.kind = sessionList
	case len(rest) == 1:
		t.kind, t.sessionID = oneSession, rest[0]
	case len(rest) == 2 && rest[1] == ":stop":
		t.kind, t.sessionID = stopOfSession, rest[0]
	default:
		return target{}
	}
	return t
}

// empty reports whether nothing follows a collection in a path, except for a slash at its end.
func empty(rest []string) bool { return len(rest) == 0 || len(rest) == 1 && rest[0] == "" }

// versioned reports whether the target belongs to the session service, which looks at api-version,
// and not to the token service.
func (t target) versioned() bool { return t.kind != nothing && t.kind != tokenOf }

// aboutConversions reports whether the target is one conversion or their list.
func (t target) aboutConversions() bool {
	return t.kind == conversionList || t.kind == oneConversion
}

// operations returns the operations of the target, none if there is no such path.
func (t target) operations() []operation {
	switch t.kind {
	case tokenOf:
		return []operation{{http.MethodGet, GetToken, (*Request).getToken}}
	case sessionList:
		return []operation{{http.MethodGet, ListSessions, (*Request).listSessions}}
	case oneSession:
		return []operation{
			{http.MethodGet, GetSession, (*Request).getSession},
			{http.MethodPatch, UpdateSession, (*Request).updateSession},
			{http.MethodPut, CreateSession, (*Request).createSession},
		}
	case stopOfSession:
		return []operation{{http.MethodPost, StopSession, (*Request).stopSession}}
	case conversionList:
		return []operation{{http.MethodGet, ListConversions, (*Request).listConversions}}
	case oneConversion:
		return []operation{
			{http.MethodGet, GetConversion, (*Request).getConversion},
			{http.MethodPut, CreateConversion, (*Request).createConversion},
		}
	}
	return nil
}
