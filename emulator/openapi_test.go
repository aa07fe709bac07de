// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	_ "embed" // for the description
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

//go:embed openapi.json
var description []byte

// openAPIDocument is what tests need of the description.
type openAPIDocument struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		Parameters  []struct{ Name, In string }
		RequestBody struct {
			Content map[string]struct{}
		}
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]struct{}
		}
	}
}

var openAPI = sync.OnceValue(func() (document openAPIDocument) {
	if err := json.Unmarshal(description, &document); err != nil {
		panic(err)
	}
	return document
})

// schemaAt returns the schema at a JSON pointer of the description. It is an error if it is not one
// of JSON Schema 2020-12, which OpenAPI 3.1 uses.
func schemaAt(pointer string) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(description))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("http://test/openapi.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("http://test/openapi.json#" + pointer)
}

var schemas sync.Map // of pointers

// conform checks a JSON text against the schema at a JSON pointer.
func conform(t *testing.T, pointer, text string) {
	t.Helper()
	schema, known := schemas.Load(pointer)
	if !known {
		compiled, err := schemaAt(pointer)
		require.NoError(t, err, pointer)
		schema, _ = schemas.LoadOrStore(pointer, compiled)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err, text)
	assert.NoErrorf(t, schema.(*jsonschema.Schema).Validate(value), "%s: %s", pointer, text)
}

// describedPath returns the path of the description that a path of a request matches, or "".
func describedPath(path string) string {
	if path == "/_emulator" {
		path += "/"
	}
	for described := range openAPI().Paths {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(
			regexp.QuoteMeta(described), `[^/]+`)
		if regexp.MustCompile("^" + pattern + "$").MatchString(path) {
			return described
		}
	}
	return ""
}

// conformsToOpenAPI checks an answer of the administrative path against the description.
func (r reply) conformsToOpenAPI(t *testing.T, method, target string) {
	t.Helper()
	address, err := url.Parse(target)
	require.NoError(t, err)
	status := strconv.Itoa(r.status)
	path := describedPath(address.EscapedPath())
	operation, known := openAPI().Paths[path][strings.ToLower(method)]
	if !known {
		assert.Contains(t, []int{403, 404, 405, 415}, r.status, "%s %s", method, target)
		if r.status != 404 || r.body != "" { // without a body, the path is not served
			conform(t, "/components/schemas/Error", r.body)
		}
		return
	}
	if r.status == 404 && r.body == "" {
		return
	}
	answer, known := operation.Responses[status]
	require.Truef(t, known, "%s %s answers %s: %s", method, path, status, r.body)
	switch {
	case answer.Ref != "":
		conform(t, "/components/schemas/Error", r.body)
	case len(answer.Content) == 0:
		assert.Empty(t, r.body)
	default:
		conform(t, "/paths/"+strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)+"/"+
			strings.ToLower(method)+"/responses/"+status+"/content/application~1json/schema", r.body)
	}
}

// Every route of the handler is described, and nothing else.
func TestOpenAPIDescribesTheHandler(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	assert.Equal(t, "3.1.0", openAPI().OpenAPI)
	assert.Equal(t, string(description), s.admin("GET", "/openapi.json", "").body)
	var index struct {
		OpenAPI string
		Routes  []struct{ Method, Path string }
	}
	for _, path := range []string{"", "/"} {
		require.NoError(t, json.Unmarshal([]byte(s.admin("GET", path, "").body), &index))
	}
	assert.Equal(t, "/_emulator/openapi.json", index.OpenAPI)
	var routes, described []string
	for _, route := range index.Routes {
		routes = append(routes, route.Method+" "+route.Path)
	}
	ids := map[string]bool{}
	for path, methods := range openAPI().Paths {
		for method, operation := range methods {
			described = append(described, strings.ToUpper(method)+" "+
				regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "*"))
			assert.False(t, ids[operation.OperationID], "operation ids are unique")
			ids[operation.OperationID] = true
			var inPath []string
			for _, p := range operation.Parameters {
				if p.In == "path" {
					inPath = append(inPath, "{"+p.Name+"}")
				}
			}
			assert.ElementsMatch(t, regexp.MustCompile(`\{[a-z]+\}`).FindAllString(path, -1), inPath)
			assert.Equal(t, method == "post", len(operation.RequestBody.Content) > 0, path)
			// No method but those described is allowed.
			target := "http://localhost" + strings.NewReplacer("{id}", "x", "{key}", "primary").Replace(path)
			allowed := s.send("PATCH", target, "", nil)
			assert.Equal(t, http.StatusMethodNotAllowed, allowed.status)
			assert.Contains(t, allowed.header.Get("Allow"), strings.ToUpper(method))
			assert.Len(t, strings.Split(allowed.header.Get("Allow"), ", "), len(methods))
			conform(t, "/components/schemas/Error", allowed.body)
		}
	}
	slices.Sort(routes)
	slices.Sort(described)
	assert.Equal(t, described, routes)
}

// Every schema is one.
func TestOpenAPISchemas(t *testing.T) {
	var document struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(description, &document))
	require.NotEmpty(t, document.Components.Schemas)
	for name := range document.Components.Schemas {
		_, err := schemaAt("/components/schemas/" + name)
		require.NoError(t, err)
	}
}
