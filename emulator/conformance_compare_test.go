// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
)

// compareAnswers compares the answer of the emulator with the recorded one: status, names of
// headers, those values that do not change from run to run, and the body.
func compareAnswers(t *testing.T, n int, recorded *cassette.Interaction, got reply) {
	t.Helper()
	what := fmt.Sprintf("answer %d, %s %s", n, recorded.Request.Method, recorded.Request.URL)
	want := recorded.Response
	require.Equal(t, want.Code, got.status, "%s: %s", what, got.body)

	names := slices.Sorted(maps.Keys(want.Headers))
	assert.Equal(t, names, got.names(), what)
	for _, name := range names {
		value := want.Headers.Get(name)
		switch name {
		case "Ms-Cv", "Mise-Correlation-Id", "Content-Length": // of the run, and of the length of names and numbers
		case "Cache-Control": // some recorders put a space after the comma
			assert.Equal(t, strings.ReplaceAll(value, " ", ""), got.header.Get(name), what)
		default:
			assert.Equal(t, value, got.header.Get(name), "%s: %s", what, name)
		}
	}
	if want.Body == "" {
		assert.Empty(t, got.body, what)
		return
	}
	wanted, found := leaves(t, want.Body), leaves(t, got.body)
	assert.Equal(
		t,
		places(wanted),
		places(found),
		"%s: members, their order, and their types",
		what,
	)
	if t.Failed() {
		return
	}
	for i, leaf := range wanted {
		compareLeaf(t, what, leaf, found[i])
	}
}

// runSpecific are members whose values change from run to run.
var runSpecific = []string{
	"creationTime",
	"hostname",
	"arrInspectorPort",
	"handshakePort",
	"AccessToken",
}

// compareLeaf compares two values of the same type at the same place. Of values that change from
// run to run it compares the form.
func compareLeaf(t *testing.T, what string, want, got leaf) {
	t.Helper()
	what += ": " + want.place
	name := want.place[strings.LastIndex(want.place, ".")+1:]
	switch {
	case !slices.Contains(runSpecific, name) || want.text == "0":
		assert.Equal(t, want.text, got.text, what)
	case name == "AccessToken":
		checkIssued(t, strings.Trim(want.text, `"`), strings.Trim(got.text, `"`))
	case name == "hostname" && want.kind == "string":
		_, server, _ := strings.Cut(strings.Trim(want.text, `"`), ".")
		assert.True(
			t,
			strings.HasSuffix(got.text, "."+server+`"`),
			"%s: %s is below %s",
			what,
			got.text,
			server,
		)
		fallthrough
	default:
		form := `"` + name + `":`
		assert.Equal(t, shape(form+want.text), shape(form+got.text), what)
	}
}

// leaf is one value of a JSON text that is not an object with members or an array with elements, or
// the begin of one of those.
type leaf struct{ place, kind, text string }

// places returns place and type of leaves, in their order.
func places(all []leaf) []string {
	lines := make([]string, len(all))
	for i, l := range all {
		lines[i] = l.place + " " + l.kind
	}
	return lines
}

// leaves takes a JSON text apart, in the order of the text.
func leaves(t *testing.T, text string) (all []leaf) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	all, err := appendLeaves(nil, decoder, "$")
	require.NoError(t, err, text)
	require.False(t, decoder.More(), "one value: %s", text)
	return all
}

func appendLeaves(all []leaf, decoder *json.Decoder, place string) ([]leaf, error) {
	token, err := decoder.Token()
	if err != nil {
		return all, err
	}
	switch value := token.(type) {
	case json.Delim:
		all = append(all, leaf{place, value.String(), ""})
		for i := 0; decoder.More(); i++ {
			inner := fmt.Sprintf("%s[%d]", place, i)
			if value == '{' {
				name, err := decoder.Token()
				if err != nil {
					return all, err
				}
				inner = fmt.Sprintf("%s.%v", place, name)
			}
			if all, err = appendLeaves(all, decoder, inner); err != nil {
				return all, err
			}
		}
		_, err := decoder.Token() // its end
		return all, err
	case json.Number:
		kind := "integer"
		if strings.Contains(value.String(), ".") {
			kind = "decimal"
		}
		return append(all, leaf{place, kind, value.String()}), nil
	default:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		err := encoder.Encode(value)
		return append(
			all,
			leaf{
				place,
				map[bool]string{true: "null", false: fmt.Sprintf("%T", value)}[value == nil],
				strings.TrimSpace(text.String()),
			},
		), err
	}
}

// The comparison itself must tell apart what it is for.
func TestComparisonOfRecordings(t *testing.T) {
	const one = `{"a":1,"b":[{"c":null},0.0],"d":"x"}`
	assert.Equal(
		t,
		[]string{
			"$ {",
			"$.a integer",
			"$.b [",
			"$.b[0] {",
			"$.b[0].c null",
			"$.b[1] decimal",
			"$.d string",
		},
		places(leaves(t, one)),
	)
	for _, other := range []string{
		`{"b":[{"c":null},0.0],"a":1,"d":"x"}`, `{"a":1.0,"b":[{"c":null},0.0],"d":"x"}`, `{"a":1,` +
			`"b":[{},0.0],"d":"x"}`,
		`{"a":1,"b":[{"c":""},0.0],"d":"x"}`, `{"a":1,"b":[{"c":null},0],"d":"x"}`, `{"a":1,"b":[{"c":null},0.0]}`,
	} {
		assert.NotEqual(t, places(leaves(t, one)), places(leaves(t, other)), other)
	}
	assert.NotEqual(t, shape(`"arrInspectorPort":49152`), shape(`"arrInspectorPort":49151`))
	assert.NotEqual(t, shape(`"arrInspectorPort":65534`), shape(`"arrInspectorPort":65535`))
	assert.Equal(t, shape(`"arrInspectorPort":65534`), shape(`"arrInspectorPort":49152`))
	assert.NotEqual(
		t,
		shape(`"creationTime":"2021-05-14T13:56:19.7826038+00:00"`),
		shape(`"creationTime":"2021-05-14T13:56:19.7826030+00:00"`),
	)
}
