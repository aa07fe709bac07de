// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]emulator.Fault{
		"operation=create status=503 retry-after=15s count=2": {
			Operation:  "create",
			Status:     503,
			RetryAfter: 15 * time.Second,
			Count:      2,
		},
		" status=500,after-effect ,\tname=x": {Name: "x", Status: 500, AfterEffect: true},
		"status=500,after-effect=false":      {Status: 500},
		"drop=after session=a* skip=3 probability=0.25": {
			Drop:        emulator.DropAfter,
			Session:     "a*",
			Skip:        3,
			Probability: 0.25,
		},
		"body=slow slow-for=1m30s delay=500ms": {
			Body:    emulator.BodySlow,
			SlowFor: 90 * time.Second,
			Delay:   500 * time.Millisecond,
		},
		`status=401 challenge="Bearer error=\"x\", y"`: {Status: 401, Challenge: `Bearer error="x", y`},
		"operation=create-conversion conversion=no-access conversion-id=c*": {
			Operation: "create-conversion", Conversion: emulator.ConversionNoAccess, ConversionID: "c*"},
		"show-status=Melting show-size=Huge": {ShowStatus: "Melting", ShowSize: "Huge"},
		"next-link=loop operation=list":      {NextLink: emulator.NextLinkLoop, Operation: "list"},
		"start=dies die-after=2m account-id=" + secondAccount: {
			Start: emulator.StartDies, DieAfter: 2 * time.Minute, AccountID: secondAccount},
	} {
		got, err := emulator.ParseFault(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		again, err := emulator.ParseFault(got.String())
		require.NoError(t, err, got.String())
		assert.Equal(t, want, again)
	}
	for text, want := range map[string]string{
		"":                              "no effect",
		"operation=create":              "no effect",
		"status":                        `status "true" is not a number; give a whole number`,
		"status=":                       "give a whole number",
		"drop=":                         "give a value",
		"state=500":                     `"state" is not one of name, operation, account-id`,
		"Status=500":                    `"Status" is not one of`,
		"=500":                          "fault is not one of",
		"status=500 status=500":         "given twice",
		"delay=5":                       "give a time such as 500ms",
		"status=500 after-effect=maybe": "give true or false",
		"delay=1s probability=often":    "give a number",
		`name="x`:                       "has no end",
		`name="x"y status=500`:          "no comma or space follows",
		"status=99":                     "status 99 is out of range",
	} {
		_, err := emulator.ParseFault(text)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "emulator: ")
	}
}

var everything = emulator.Fault{
	Name:         `all, "of" it`,
	Operation:    "create",
	AccountID:    secondAccount,
	Session:      "a*",
	ConversionID: "c*",
	Skip:         1,
	Count:        2,
	Probability:  0.5,
	For:          time.Minute,
	Delay:        time.Second,
	Status:       401,
	AfterEffect:  true,
	RetryAfter:   time.Minute,
	Challenge:    "none",
	Drop:         "after",
	Body:         "slow",
	SlowFor:      time.Hour,
	ShowStatus:   "x",
	ShowSize:     "y",
	NextLink:     "loop",
	Start:        "dies",
	DieAfter:     90 * time.Second,
	ReadLag:      10 * time.Second,
	Conversion:   "fails",
	Spelling:     "other-id",
}

func TestFaultAsJSON(t *testing.T) {
	const text = `{"name":"all, \"of\" it","operation":"create",` +
		`"accountId":"11111111-2222-3333-4444-555566667777","session":"a*","conversionId":"c*",` +
		`"skip":1,"count":2,"probability":0.5,"for":"1m","delay":"1s","status":401,"afterEffect":true,` +
		`"retryAfter":"1m","challenge":"none",` +
		`"drop":"after","body":"slow","slowFor":"1h","showStatus":"x","showSize":"y",` +
		`"nextLink":"loop","start":"dies","dieAfter":"1m30s","readLag":"10s",` +
		`"conversion":"fails","spelling":"other-id"}`
	data, err := json.Marshal(everything)
	require.NoError(t, err)
	assert.Equal(t, text, string(data))
	var back emulator.Fault
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, everything, back)

	data, err = json.Marshal(
		[]emulator.FaultState{{ID: 7, Fault: emulator.Fault{Delay: 1}, Matched: 3}},
	)
	require.NoError(t, err)
	assert.Equal(t, `[{"id":7,"delay":"1ns","matched":3,"affected":0}]`, string(data))
	var states []emulator.FaultState
	require.NoError(t, json.Unmarshal(data, &states))
	assert.Equal(
		t,
		[]emulator.FaultState{{ID: 7, Fault: emulator.Fault{Delay: 1}, Matched: 3}},
		states,
	)

	for text, want := range map[string]string{
		`{"state":500}`:             `"state" is not one of name, operation, accountId`,
		`{"Status":500}`:            `"Status" is not one of`,
		`{"status":500,"status":5}`: "twice",
		`{"status":"500"}`:          `status: "500" is not a whole number`,
		`{"status":5.5}`:            "not a whole number",
		`{"status":1e99}`:           "not a whole number",
		`{"status":null}`:           "null is not a value",
		`{"delay":5}`:               `give text such as "500ms"`,
		`{"delay":"5"}`:             `give text such as "500ms"`,
		`{"afterEffect":"yes"}`:     "not a boolean",
		`{"probability":true}`:      "not a number",
		`{"name":5}`:                "not a string",
		`[]`:                        "not a JSON object",
		`"x"`:                       "not a JSON object",
	} {
		f := emulator.Fault{Delay: 1}
		require.ErrorContains(t, json.Unmarshal([]byte(text), &f), want, text)
		assert.Equal(t, emulator.Fault{Delay: 1}, f, "it stays as it was")
		var state emulator.FaultState
		require.Error(t, json.Unmarshal([]byte(text), &state), text)
	}
	var f emulator.Fault
	require.Error(t, f.UnmarshalJSON([]byte("{")))
	require.Error(t, f.UnmarshalJSON([]byte("\"\xff\"")))
}

func FuzzParseFault(f *testing.F) {
	f.Add("operation=create status=503 retry-after=15s count=2")
	f.Add(`status=401,challenge="Bearer error=\"x\", y" name="a b"`)
	f.Add("body=slow slow-for=1h probability=1e-9 session=*a*")
	f.Add("start=dies die-after=90m show-size=Huge operation=createSession")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := emulator.ParseFault(text)
		if err != nil {
			return
		}
		again, err := emulator.ParseFault(fault.String())
		require.NoError(t, err, fault.String())
		require.Equal(t, fault, again)
		data, err := json.Marshal(fault)
		require.NoError(t, err)
		var back emulator.Fault
		require.NoError(t, json.Unmarshal(data, &back), string(data))
		require.Equal(t, fault, back)
	})
}

// Each effect in the documentation says the same in text and as JSON, and there is no other effect.
func TestDocumentedFaults(t *testing.T) {
	page, err := os.ReadFile("../docs/faults.md")
	require.NoError(t, err)
	row := regexp.MustCompile("(?m)^\\| .* \\| `([^|]*)` \\| `\\$F '(.*)'` \\|$")
	var all strings.Builder
	for _, columns := range row.FindAllStringSubmatch(string(page), -1) {
		fromText, err := emulator.ParseFault(columns[1])
		require.NoError(t, err, columns[1])
		var fromJSON emulator.Fault
		require.NoError(t, json.Unmarshal([]byte(columns[2]), &fromJSON), columns[2])
		assert.Equal(t, fromText, fromJSON)
		all.WriteString(fromText.String() + "\n")
	}
	text := all.String()
	for _, field := range strings.Fields(everything.String()) {
		if word, _, found := strings.Cut(
			field,
			"=",
		); found &&
			regexp.MustCompile(`^[a-z-]+$`).MatchString(word) {
			matching := strings.Contains(
				"name operation account-id session conversion-id skip count probability",
				word,
			)
			assert.True(t, matching || strings.Contains(text, word+"="), word)
		}
	}
	for _, value := range []string{
		"drop=before", "drop=after", "body=truncated", "body=invalid", "body=empty", "body=slow",
		"next-link=foreign", "next-link=relative", "next-link=loop",
		"start=fails", "start=dies", "start=never", "start=no-capacity",
	} {
		assert.Contains(t, text, value)
	}
	_, err = emulator.ParseFault("spelling=odd")
	var invalid *azremoterendering.InvalidArgumentError
	require.ErrorAs(t, err, &invalid)
	_, names, found := strings.Cut(invalid.Reason, "give one of ")
	require.True(t, found)
	for name := range strings.SplitSeq(names, ", ") {
		assert.Contains(t, string(page), "`"+name+"`")
	}
}

// An error uses the names of the form in which the fault was given.
func TestFaultErrorsSpeakTheFormOfTheFault(t *testing.T) {
	var invalid *azremoterendering.InvalidArgumentError
	_, err := emulator.ParseFault("start=fails,status=503")
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, azremoterendering.ErrInvalidArgument)
	assert.Equal(t, azremoterendering.InvalidArgumentError{
		Name: "start",
		Reason: "has no effect if the request is not performed; " +
			"set after-effect, or leave out status or start",
	}, *invalid)

	s := start(t, emulator.Options{Admin: true})
	_, err = s.Inject(emulator.Fault{Start: emulator.StartFails, Drop: emulator.DropBefore})
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, azremoterendering.InvalidArgumentError{
		Name: "Fault.Start",
		Reason: "has no effect if the request is not performed; " +
			`set Drop "after", or leave out Drop or Start`,
	}, *invalid)

	r := s.admin("POST", "/faults", `{"retryAfter":"1s"}`)
	assert.Contains(t, r.body, "retryAfter has no effect without status")
}
