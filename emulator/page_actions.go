// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// pageAction performs what a form of the page asks for. A web page of another origin could send
// such a form without a preflight, so it must come from the same origin and have the token that
// only pages of this run of the emulator have.
func (e *Emulator) pageAction(r *http.Request) service.Answer {
	form, refused := e.readPageForm(r)
	if refused != nil {
		return e.service.Refuse(refused)
	}
	back, err := url.Parse(form.Get("back"))
	if err != nil {
		back = new(url.URL)
	}
	q := page.ParseQuery(back.Query())
	if subtle.ConstantTimeCompare([]byte(form.Get("token")), []byte(e.pageToken)) != 1 {
		return e.showPage(r, q, http.StatusForbidden,
			"Nothing was done: the emulator has been started anew since this page was shown. Try again.")
	}
	action := form.Get("action")
	call, known := pageActions[action]
	if !known {
		return e.showPage(r, q, http.StatusBadRequest, "There is no such action.")
	}
	if a := call(e, r, form); a.Status >= http.StatusBadRequest {
		return e.showPage(r, q, a.Status, "That is not possible: "+refusalText(a))
	}
	q.Done = action
	a := service.EmptyAnswer(http.StatusSeeOther)
	a.Header.Set("Location", q.Address())
	a.Header.Set("Cache-Control", "no-store")
	return a
}

// readPageForm returns the fields of a form that the page has sent.
func (e *Emulator) readPageForm(r *http.Request) (url.Values, *service.Refusal) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		return nil, service.MethodNotAllowed(http.MethodPost)
	case !e.guard.SameOrigin(r):
		return nil, refusal(http.StatusForbidden, "Web pages of another origin may not use the emulator.")
	case err != nil || mediaType != "application/x-www-form-urlencoded":
		return nil, refusal(http.StatusUnsupportedMediaType, "Only forms of the page are accepted here.")
	}
	body, refused := service.ReadBody(r)
	if refused != nil {
		return nil, refused
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, service.BadRequest("The form cannot be read.")
	}
	return form, nil
}

// pageActions are the actions of the page. Each is a request to the administrative path, so that
// both do the same.
var pageActions = map[string]func(e *Emulator, r *http.Request, form url.Values) service.Answer{
	"stop":   setsStatus("Stopped"),
	"expire": setsStatus("Expired"),
	"error":  setsStatus("Error"),
	"advance": func(e *Emulator, r *http.Request, _ url.Values) service.Answer {
		return e.adminMoveClock(asAdminRequest(r, nil, `{"advance":"10m"}`), nil)
	},
	"lose": func(e *Emulator, r *http.Request, form url.Values) service.Answer {
		fault := map[string]any{"drop": DropAfter, "count": 1}
		if id := form.Get("session"); id != "" {
			fault["session"] = id
			if account := form.Get("account"); account != "" {
				fault["accountId"] = account
			}
		}
		body, err := json.Marshal(fault)
		if err != nil {
			return e.service.Refuse(service.InternalServerError())
		}
		return e.adminInject(asAdminRequest(r, nil, string(body)), nil)
	},
	"throttle": func(e *Emulator, r *http.Request, _ url.Values) service.Answer {
		return e.adminInject(asAdminRequest(r, nil, `{"status":429,"retryAfter":"15s","for":"1m"}`), nil)
	},
	"reset": func(e *Emulator, r *http.Request, _ url.Values) service.Answer {
		return e.adminReset(asAdminRequest(r, nil, ""), nil)
	},
	"remove-fault": func(e *Emulator, r *http.Request, form url.Values) service.Answer {
		return e.adminRemove(r, []string{form.Get("fault")})
	},
}

func setsStatus(status string) func(*Emulator, *http.Request, url.Values) service.Answer {
	return func(e *Emulator, r *http.Request, form url.Values) service.Answer {
		query := url.Values{}
		for _, name := range []string{"account", "region"} {
			if value := form.Get(name); value != "" {
				query.Set(name, value)
			}
		}
		body := fmt.Sprintf(`{"status":%q}`, status)
		return e.adminSetStatus(asAdminRequest(r, query, body), []string{form.Get("session")})
	}
}

// asAdminRequest returns an administrative request that takes the place of that of a form.
func asAdminRequest(r *http.Request, query url.Values, body string) *http.Request {
	made := r.WithContext(r.Context())
	made.URL = &url.URL{Path: adminPath, RawQuery: query.Encode()}
	made.Body = io.NopCloser(strings.NewReader(body))
	return made
}

// refusalText returns the message of an answer that refuses.
func refusalText(a service.Answer) string {
	var body struct{ Error struct{ Message string } }
	if err := json.Unmarshal(a.Body, &body); err != nil || body.Error.Message == "" {
		return http.StatusText(a.Status)
	}
	return body.Error.Message
}
