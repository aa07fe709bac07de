// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
)

// recordedConversion returns how long the conversion of a recording was NotStarted, and how long it
// was Running: each until half way between the last answer that shows it so and the first that does
// not.
func recordedConversion(t *testing.T, tape []*cassette.Interaction) (notStarted, running time.Duration) {
	t.Helper()
	var created, waiting, started, going time.Time
	for _, i := range tape {
		if !strings.Contains(i.Request.URL, "/conversions/") {
			continue
		}
		switch date, body := dateOf(t, i), i.Response.Body; {
		case i.Response.Code == http.StatusCreated:
			created, waiting = date, date
		case strings.Contains(body, `"status":"NotStarted"`):
			waiting = date
		case strings.Contains(body, `"status":"Running"`):
			if going = date; started.IsZero() {
				started = waiting.Add(date.Sub(waiting) / 2)
			}
		case !started.IsZero():
			return started.Sub(created), going.Add(date.Sub(going) / 2).Sub(started)
		}
	}
	return 0, 0
}

// convertEarlier makes the conversions that a recording lists without showing their creation.
func convertEarlier(s *service, tape []*cassette.Interaction) {
	s.t.Helper()
	var list struct {
		Conversions []struct {
			ID       string
			Settings json.RawMessage
		}
	}
	created := make(map[string]bool)
	for _, i := range tape {
		if i.Request.Method == http.MethodPut {
			path := addressOf(s.t, i).Path
			created[path[strings.LastIndex(path, "/")+1:]] = true
		}
		if strings.HasPrefix(i.Response.Body, `{"conversions":`) {
			require.NoError(s.t, json.Unmarshal([]byte(i.Response.Body), &list))
		}
	}
	const uri, prefix = `"storageContainerUri":`, `"storageContainer%sSas":"a",` + `"storageContainerUri":`
	for _, c := range list.Conversions {
		if created[c.ID] {
			continue
		}
		settings := strings.Replace(string(c.Settings), uri, fmt.Sprintf(prefix, "ReadList"), 1)
		at := strings.LastIndex(settings, uri)
		settings = settings[:at] + fmt.Sprintf(prefix, "Write") + settings[at+len(uri):]
		path := "/accounts/" + s.Account().ID + "/conversions/" + c.ID + apiVersion
		r := s.in(addressOf(s.t, tape[len(tape)-1]).Host).
			call(http.MethodPut, path, `{"settings":`+settings+`}`)
		require.Equal(s.t, http.StatusCreated, r.status, r.body)
	}
}
