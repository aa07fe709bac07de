// SPDX-License-Identifier: MIT

package emulator

import (
	_ "embed" // for the description
	"net/http"
	"strconv"

	"github.com/arr-go/azremoterendering/service"
)

//go:embed openapi.json
var openAPI []byte

// adminIndexBody is the answer of the administrative path itself.
type adminIndexBody struct {
	Description string       `json:"description"`
	OpenAPI     string       `json:"openapi"`
	Routes      []adminRoute `json:"routes"`
}

// adminRoute is a route. In its path, * stands for one segment, such as an id.
type adminRoute struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Does   string `json:"does"`
}

func (e *Emulator) adminIndex(*http.Request, []string) service.Answer {
	body := adminIndexBody{
		Description: "The administrative path of the emulator. A POST must have Content-Type " +
			"application/json, even without a body. An error is {\"error\":{\"code\":…,\"message\":…}}.",
		OpenAPI: adminPath + "/openapi.json",
	}
	for _, o := range adminOperations() {
		body.Routes = append(body.Routes, adminRoute{o.method, adminPath + o.path, o.does})
	}
	return service.JSONAnswer(http.StatusOK, body)
}

func (e *Emulator) adminOpenAPI(*http.Request, []string) service.Answer {
	return service.Answer{
		Status: http.StatusOK,
		Header: http.Header{
			"Content-Type":   {"application/json; charset=utf-8"},
			"Content-Length": {strconv.Itoa(len(openAPI))},
		},
		Body: openAPI,
	}
}
