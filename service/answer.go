// SPDX-License-Identifier: MIT

package service

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// Answer is a complete answer to a request. Names in Header are in canonical form.
type Answer struct {
	// Status is the HTTP status. 0 means no answer: the connection is to be broken.
	Status int
	Header http.Header
	Body   []byte
}

// EmptyAnswer returns an answer without a body.
func EmptyAnswer(status int) Answer {
	a := Answer{Status: status, Header: make(http.Header)}
	if status != http.StatusNoContent {
		a.Header.Set("Content-Length", "0")
	}
	return a
}

// JSONAnswer returns an answer whose body is value. If value cannot be marshalled, the status is
// 500 and there is no body.
func JSONAnswer(status int, value any) Answer {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return EmptyAnswer(http.StatusInternalServerError)
	}
	data := bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	return Answer{
		Status: status,
		Header: http.Header{
			"Content-Type":   {"application/json; charset=utf-8"},
			"Content-Length": {strconv.Itoa(len(data))},
		},
		Body: data,
	}
}

// uncached adds the headers that keep an answer out of caches.
func uncached(a Answer) Answer {
	a.Header.Set("Cache-Control", "no-store,no-cache")
	a.Header.Set("Pragma", "no-cache")
	return a
}

// Write sends the answer. Without a Status it panics with [http.ErrAbortHandler], which makes a
// server of net/http break the connection.
func (a Answer) Write(w http.ResponseWriter, r *http.Request) {
	if a.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	a.WriteHeader(w, r)
	_, _ = w.Write(a.Body) // on failure the client has left
}

// WriteHeader sends status and headers. A server of net/http writes header names as they stand in
// the map, so there they get the spelling of the service, such as MS-CV; elsewhere they stay in
// canonical form, so that [http.Header.Get] finds them.
func (a Answer) WriteHeader(w http.ResponseWriter, r *http.Request) {
	onWire := r.Context().Value(http.ServerContextKey) != nil
	header := w.Header()
	for name, values := range a.Header {
		if onWire {
			name = spelling(name)
		}
		header[name] = values
	}
	w.WriteHeader(a.Status)
}

// spelling returns how the service spells a header name.
func spelling(canonical string) string {
	switch canonical {
	case "Ms-Cv":
		return "MS-CV"
	case "Api-Supported-Versions":
		return "api-supported-versions"
	case "Mise-Correlation-Id":
		return "mise-correlation-id"
	case "Www-Authenticate":
		return "WWW-Authenticate"
	}
	return canonical
}
