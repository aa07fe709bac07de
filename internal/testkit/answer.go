// SPDX-License-Identifier: MIT

package testkit

import (
	"bytes"
	"io"
	"net/http"
)

// Answer returns an answer as the service sends it. Header names and values alternate in header.
func Answer(req *http.Request, status int, body string, header ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status,
		Status:     http.StatusText(status),
		Header: http.Header{
			"Ms-Cv":        {"abcdefghijklmnopqrstuv.0"},
			"Content-Type": {"application/json; charset=utf-8"},
		},
		Body:          io.NopCloser(bytes.NewReader([]byte(body))),
		ContentLength: int64(len(body)),
		Request:       req,
	}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Add(header[i], header[i+1])
	}
	return resp
}

// IssueToken returns the answer of a token service with [Token].
func IssueToken(req *http.Request) *http.Response {
	return Answer(req, http.StatusOK, `{"AccessToken":"`+Token+`"}`)
}

// SessionJSON returns a Standard session with a lease of 30 minutes as the service writes it.
func SessionJSON[Status ~string](id string, status Status) string {
	return `{"id":"` + id + `","creationTime":"2021-05-14T13:56:19.7826038+00:00",` +
		`"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":30,"size":"Standard","status":"` + string(status) + `"}`
}

// ConversionJSON returns a conversion as the service writes it. rest is what precedes the status,
// such as `"error":null,`.
func ConversionJSON[Status ~string](id, rest string, status Status) string {
	return `{"id":"` + id + `","creationTime":"2021-04-30T13:53:53.963195Z","settings":{` +
		`"inputLocation":{"storageContainerUri":"https://models.blob.core.windows.net/in",` +
		`"blobPrefix":"arm/","relativeInputAssetPath":"arm.fbx"},` +
		`"outputLocation":{"storageContainerUri":"https://models.blob.core.windows.net/out",` +
		`"blobPrefix":"converted/","outputAssetFilename":"arm.arrAsset"}},` +
		rest + `"status":"` + string(status) + `"}`
}
