// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// two are a session with all that a service tells, and one that has just been created.
func two() []arr.RegionSession {
	return []arr.RegionSession{
		{Session: arr.Session{
			ID: "scanner", Status: arr.SessionStatusReady, Size: arr.SessionSizePremium,
			MaxLeaseTime: time.Hour, ElapsedTime: 20 * time.Minute,
			CreationTime: time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC),
			Hostname:     "render.example.com", HandshakePort: 50051, ArrInspectorPort: 50052, Teraflops: 11.2,
		}},
		{Session: arr.Session{
			ID: "desk", Status: arr.SessionStatusStarting, Size: arr.SessionSizeStandard,
			MaxLeaseTime: 30 * time.Minute,
		}},
	}
}

func written(t *testing.T, options Options) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, NewPrinter(&out, options, nothingSet).Sessions(two()))
	return out.String()
}

func parsed(t *testing.T, text string) *Template {
	t.Helper()
	made, err := ParseTemplate(text)
	require.NoError(t, err)
	return made
}

func TestAListInEveryFormat(t *testing.T) {
	assert.Equal(t, "scanner\ndesk\n", written(t, Options{Format: Name}))
	assert.Equal(t, "desk\nscanner\n", written(t, Options{Format: Name, Sort: []string{"session"}}))
	assert.Equal(t, "scanner\ndesk\n", written(t, Options{Format: Name, Sort: []string{"-elapsed"}}))
	assert.Equal(t, "STATUS    SESSION\nReady     scanner\nStarting  desk\n",
		written(t, Options{Columns: []string{"status", "session"}}))
	assert.Contains(t, written(t, Options{Format: Wide}), "render.example.com")
	assert.NotContains(t, written(t, Options{}), "render.example.com")

	assert.Equal(t, "scanner Ready 11.2 39\ndesk Starting 0 30\n", written(t, Options{
		Template: parsed(t, "{{.id}} {{.status}} {{.teraflops}} {{.remainingMinutes.atLeast}}"),
	}))
	assert.Equal(t, "scanner\trender.example.com:50051\ndesk\t\n", written(t, Options{
		Template: parsed(t, `{{.id}}\t{{with .hostname}}{{.}}:{{$.handshakePort}}{{end}}`),
	}))
	assert.Equal(t, "\"Ready\" SCANNER   sca… 1h\n\"Starting\" DESK      desk 30m\n", written(t, Options{
		Template: parsed(t,
			"{{json .status}} {{upper .id | pad 8}}  {{truncate 4 .id}} {{span .maxLeaseTimeMinutes}}"),
	}))

	documents := yaml.NewDecoder(strings.NewReader(written(t, Options{Format: YAML})))
	for i, line := range strings.Split(strings.TrimSpace(written(t, Options{Format: JSON})), "\n") {
		var fromJSON, fromYAML any
		require.NoError(t, json.Unmarshal([]byte(line), &fromJSON))
		require.NoError(t, documents.Decode(&fromYAML))
		again, err := json.Marshal(fromYAML)
		require.NoError(t, err)
		assert.JSONEq(t, line, string(again), "%d", i)
	}
}

// writes counts the calls of Write.
type writes struct {
	bytes.Buffer
	calls int
}

func (w *writes) Write(p []byte) (int, error) {
	w.calls++
	return w.Buffer.Write(p)
}

func TestAPageIsWrittenWithOneCall(t *testing.T) {
	for _, format := range []Format{JSON, YAML, CSV, Name} {
		var out writes
		kind := SessionKind(false)
		list := NewList(NewPrinter(&out, Options{Format: format}, nothingSet), kind)
		for calls := range 3 {
			assert.Equal(t, calls, out.calls, format)
			require.NoError(t, list.Add([]SessionResult{{RegionSession: two()[0]}, {RegionSession: two()[1]}}))
		}
		require.NoError(t, list.Close())
		assert.Equal(t, 3, out.calls, format)
	}
}

func TestCSVHasAHeaderAndTheFieldsOfJSON(t *testing.T) {
	records, err := csv.NewReader(strings.NewReader(written(t, Options{Format: CSV}))).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, 3)
	session := make(map[string]string)
	for i, name := range records[0] {
		session[name] = records[1][i]
	}
	assert.Equal(t, map[string]string{
		"id": "scanner", "status": "Ready", "size": "Premium", "creationTime": "2026-11-26T09:30:00Z",
		"elapsedTimeMinutes": "20", "maxLeaseTimeMinutes": "60",
		"remainingMinutes.atLeast": "39", "remainingMinutes.atMost": "40",
		"region": "", "endpoint": "", "hostname": "render.example.com", "handshakePort": "50051",
		"arrInspectorPort": "50052", "teraflops": "11.2", "error.code": "", "error.message": "",
		"correlationVector": "",
	}, session)
	var empty bytes.Buffer
	require.NoError(t, NewPrinter(&empty, Options{Format: CSV, Columns: []string{"status"}}, nothingSet).
		Sessions(nil))
	assert.Equal(t, "status\r\n", empty.String(), "an empty list has a header too")
}

// A spreadsheet calculates what looks like a formula.
func TestCSVHasNoFormulas(t *testing.T) {
	for field, want := range map[string]string{
		"":               "",
		"demo":           "demo",
		"=1+1":           "'=1+1",
		"+49":            "'+49",
		"@SUM(A1)":       "'@SUM(A1)",
		"-2+3":           "'-2+3",
		"-5":             "-5",
		"-a-session_id-": "-a-session_id-",
	} {
		assert.Equal(t, want, inert(field))
	}
}

func TestMistakesInTheFormOfResults(t *testing.T) {
	for want, options := range map[string]Options{
		`--columns: there is no column "sesion": did you mean session?`: {Columns: []string{"sesion"}},
		`--sort: there is no column "x"; give some of session, status`:  {Sort: []string{"-x"}},
		"--columns is for text, wide and csv":                           {Format: JSON, Columns: []string{"size"}},
	} {
		if options.Format == "" {
			options.Format = Text
		}
		err := CheckColumns(SessionKind(false), options)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, failure.Usage, failure.Code(err))
	}
	for _, text := range []string{"", "{{", "{{.id", "{{nothing .id}}"} {
		_, err := ParseTemplate(text)
		assert.Equal(t, failure.Usage, failure.Code(err), text)
	}
	err := NewPrinter(new(bytes.Buffer), Options{Template: parsed(t, "{{.idd}}")}, nothingSet).Sessions(two())
	assert.ErrorContains(t, err, `no entry for key "idd"`)
	assert.Equal(t, failure.Usage, failure.Code(err))
}

func TestTextFromOutsideActsOnNoTerminalInAnyFormat(t *testing.T) {
	hostile := arr.RegionSession{Session: arr.Session{
		ID: "a", Hostname: "\x1b[2J\u009b31m\u202e\r", Error: &arr.ErrorDetail{Code: "\x1b]0;x\a", Message: "m\nn"},
	}}
	for _, options := range []Options{
		{}, {Format: Wide}, {Format: JSON}, {Format: YAML}, {Format: CSV}, {Format: Name},
		{Template: parsed(t, "{{.hostname}} {{.error.code}} {{json .}}")},
	} {
		var out bytes.Buffer
		require.NoError(t, NewPrinter(&out, options, nothingSet).Session(hostile, "\x1b[31m"))
		for _, r := range strings.ReplaceAll(out.String(), "\r\n", "\n") {
			assert.False(t, r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e'),
				"%q in %q", r, out.String())
		}
	}
}
