// SPDX-License-Identifier: MIT

package faults_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/faults"
	"github.com/arr-go/azremoterendering/service"
)

// sample has one field of each kind.
type sample struct {
	name  string
	count int
	ratio float64
	after bool
	delay time.Duration
}

func (s *sample) fields() []faults.Field {
	return []faults.Field{
		{Go: "Name", Member: "name", Word: "name", Value: &s.name},
		{Go: "Count", Member: "count", Word: "count", Value: &s.count},
		{Go: "Ratio", Member: "ratio", Word: "ratio", Value: &s.ratio},
		{Go: "AfterEffect", Member: "afterEffect", Word: "after-effect", Value: &s.after},
		{Go: "Delay", Member: "delay", Word: "delay", Value: &s.delay},
	}
}

func TestForms(t *testing.T) {
	whole := sample{name: "a b", count: 2, ratio: 0.5, after: true, delay: time.Minute}
	text := faults.Format(whole.fields())
	assert.Equal(t, `name="a b" count=2 ratio=0.5 after-effect=true delay=1m`, text)
	var read sample
	require.NoError(t, faults.ParseText(text, read.fields()))
	assert.Equal(t, whole, read)

	var object faults.ObjectWriter
	object.AddFields(whole.fields())
	data, err := object.Object()
	require.NoError(t, err)
	assert.Equal(t, `{"name":"a b","count":2,"ratio":0.5,"afterEffect":true,"delay":"1m"}`, string(data))
	read = sample{}
	require.NoError(t, faults.ReadJSON(data, read.fields()))
	assert.Equal(t, whole, read)

	assert.Empty(t, faults.Format(new(sample).fields()))
	require.NoError(t, faults.ParseText(" ,after-effect", read.fields()), "alone it means true")
}

func TestMalformedForms(t *testing.T) {
	for text, want := range map[string]string{
		"colour=red":      `fault "colour" is not one of name, count, ratio, after-effect, delay`,
		"count=2 count=3": "is given twice",
		"count=x":         "give a whole number",
		"delay=5":         "give a time such as 500ms",
		`name="a`:         "has no end",
		`name="a"b`:       "that no comma or space follows",
	} {
		err := faults.ParseText(text, new(sample).fields())
		require.ErrorContains(t, err, want, text)
		assert.ErrorIs(t, err, azremoterendering.ErrInvalidArgument, text)
	}
	for data, want := range map[string]string{
		`{"Count":1}`:           `"Count" is not one of name, count, ratio, afterEffect, delay`,
		`{"count":1,"count":2}`: "twice",
		`{"count":null}`:        "leave it out",
		`{"count":1.5}`:         "is not a whole number",
		`{"delay":5}`:           "is not a time",
		`[]`:                    "not a JSON object",
		`{`:                     "this is not JSON",
	} {
		assert.ErrorContains(t, faults.ReadJSON([]byte(data), new(sample).fields()), want, data)
	}
}

// A problem is told in the words of the form in which the fault was given.
func TestProblems(t *testing.T) {
	p := faults.NewProblem("AfterEffect", 5, "has no effect without <Count>; set <Name=%s>", "x")
	for form, want := range map[faults.Form]azremoterendering.InvalidArgumentError{
		faults.Go: {
			Name: "Fault.AfterEffect", Value: "5", Reason: `has no effect without Count; set Name "x"`,
		},
		faults.Text: {
			Name: "after-effect", Value: "5", Reason: "has no effect without count; set name=x",
		},
		faults.JSON: {
			Name: "afterEffect", Value: "5", Reason: `has no effect without count; set name "x"`,
		},
	} {
		var got *azremoterendering.InvalidArgumentError
		require.ErrorAs(t, form.Refuse(p, new(sample).fields()), &got)
		assert.Equal(t, want, *got)
	}
	assert.NoError(t, faults.Go.Refuse(nil, nil))
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"*", "", true},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "axbyc", true}, {"a*b*c", "acb", false},
	} {
		assert.Equal(t, test.want, faults.Match(test.pattern, test.text), test)
	}
}

func TestSpell(t *testing.T) {
	const session = `{"id":"a","leaseMinutes":30,"status":"Ready"}`
	for name, want := range map[string]string{
		"numbers-as-text":    `{"id":"a","leaseMinutes":"30","status":"Ready"}`,
		"numbers-with-point": `{"id":"a","leaseMinutes":30.0,"status":"Ready"}`,
		"enums-upper-case":   `{"id":"a","leaseMinutes":30,"status":"READY"}`,
		"other-id":           `{"id":"other-a","leaseMinutes":30,"status":"Ready"}`,
		"byte-order-mark":    "\ufeff" + session,
		"unknown":            session,
	} {
		a := service.Answer{Status: http.StatusOK, Header: http.Header{}, Body: []byte(session)}
		assert.Equal(t, want, string(faults.Spell(a, []string{name}).Body), name)
	}
	for _, name := range faults.SpellingNames() {
		s, known := faults.FindSpelling(name)
		assert.True(t, known)
		assert.NotEmpty(t, s.Operations(), name)
	}
}

func TestRetryAfter(t *testing.T) {
	header := http.Header{}
	faults.SetRetryAfter(header, "", 2*time.Second)
	faults.SetRetryAfter(header, "retry-after-ms", 2*time.Second)
	assert.Equal(t, http.Header{"Retry-After": {"2"}, "Retry-After-Ms": {"2000"}}, header)
}
