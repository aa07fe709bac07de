// SPDX-License-Identifier: MIT

package emulator_test

import (
	_ "embed" // for the schema
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openAPISchema is that of the OpenAPI Initiative for documents. It leaves the schemas in them to
// JSON Schema 2020-12: see TestOpenAPISchemas.
//
//go:embed testdata/openapi/schema-3.1.json
var openAPISchema string

func TestOpenAPIDocumentIsValid(t *testing.T) {
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(openAPISchema))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	const address = "https://spec.openapis.org/oas/3.1/schema/2022-10-07"
	require.NoError(t, compiler.AddResource(address, parsed))
	schema, err := compiler.Compile(address)
	require.NoError(t, err)

	valid := func(document string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
		require.NoError(t, err)
		return schema.Validate(value)
	}
	require.NoError(t, valid(string(description)))
	for of, changed := range map[string][2]string{
		"version":   {`"openapi": "3.1.0"`, `"openapi": "2.0"`},
		"path":      {`"/_emulator/state"`, `"_emulator/state"`},
		"place":     {`"in": "query"`, `"in": "body"`},
		"parameter": {`"in": "path"`, `"in": "path", "schema": {}, "content": {}`},
		"response":  {`"200": {`, `"OK": {`},
	} {
		document := strings.Replace(string(description), changed[0], changed[1], 1)
		require.NotEqual(t, string(description), document, of)
		require.Error(t, valid(document), of)
	}
}

// Every reference in the description leads somewhere.
func TestOpenAPIReferences(t *testing.T) {
	var document any
	require.NoError(t, json.Unmarshal(description, &document))
	references := 0
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, element := range value {
				walk(element)
			}
		case map[string]any:
			if to, ok := value["$ref"].(string); ok {
				references++
				found := document
				for name := range strings.SplitSeq(strings.TrimPrefix(to, "#/"), "/") {
					members, _ := found.(map[string]any)
					found = members[name]
				}
				assert.NotNil(t, found, to)
			}
			for _, member := range value {
				walk(member)
			}
		}
	}
	walk(document)
	assert.Greater(t, references, 50)
}
