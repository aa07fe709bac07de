// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// minSecret is the length from which a secret of a body is removed from answers. Anything shorter
// is no secret, and may be part of any word.
const minSecret = 8

// Secretive is a request body that contains secrets.
type Secretive interface {
	// WithoutSecrets returns the body as others may see it, and the secrets.
	WithoutSecrets() (shown any, secrets []string)
}

// SetBody gives a request the JSON of body. If body is [Secretive], only the transport sees it as
// it is: policies and azcore's log see it without its secrets, which are also removed from the
// answer.
func SetBody(req *policy.Request, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	shown := data
	var secrets []string
	if secretive, ok := body.(Secretive); ok {
		var others any
		others, secrets = secretive.WithoutSecrets()
		if shown, err = json.Marshal(others); err != nil {
			return err
		}
	}
	reader := streaming.NopCloser(bytes.NewReader(shown))
	if err := req.SetBody(reader, "application/json"); err != nil {
		return err
	}
	// A reader of its own for each try: azcore's rewinds the only one.
	req.Raw().GetBody = func() (io.ReadCloser, error) {
		return &ownBody{bytes.NewReader(data), secrets}, nil
	}
	return nil
}

// ownBody is the body of one try.
type ownBody struct {
	*bytes.Reader
	secrets []string
}

// Close implements [io.Closer].
func (*ownBody) Close() error { return nil }

// withOwnBody returns a request whose body no other try reads, as the transport may still read that
// of the try before. It also returns the secrets of the body.
func withOwnBody(req *http.Request) (sent *http.Request, secrets []string, err error) {
	if req.GetBody == nil {
		return req, nil, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, nil, err
	}
	own, ok := body.(*ownBody)
	if !ok || len(own.secrets) == 0 {
		req.Body = body
		return req, nil, nil
	}
	clone := *req // what azcore holds, and logs, stays without the secrets
	clone.Body = body
	clone.ContentLength = own.Size()
	clone.Header = req.Header.Clone()
	clone.Header.Set("Content-Length", strconv.FormatInt(own.Size(), 10))
	return &clone, own.secrets, nil
}

// spellings returns how secrets may come back: as sent, in JSON, HTML or a query, and the signature
// of a SAS alone.
func spellings(secrets []string) (all []string) {
	for _, secret := range secrets {
		forms := []string{secret}
		if query, err := url.ParseQuery(secret); err == nil {
			_, raw, _ := strings.Cut("&"+secret, "&sig=")
			raw, _, _ = strings.Cut(raw, "&")
			forms = append(forms, raw, query.Get("sig"))
		}
		for _, form := range forms {
			if len(form) < minSecret {
				continue
			}
			marshalled, _ := json.Marshal(form) // a string can be marshalled
			inJSON := strings.Trim(string(marshalled), `"`)
			all = append(all, form, inJSON, strings.ReplaceAll(inJSON, "/", `\/`),
				html.EscapeString(form), url.QueryEscape(form), url.PathEscape(form))
		}
	}
	return all
}

// replacer replaces the secrets of a body and the credential of a request. Of several that begin at
// one place, it replaces the first.
func replacer(bodySecrets []string, credential string) *strings.Replacer {
	all := append(spellings(append(slices.Clip(bodySecrets), credential)), credential)
	pairs := make([]string, 0, 2*len(all))
	for _, secret := range all {
		pairs = append(pairs, secret, redacted)
	}
	return strings.NewReplacer(pairs...)
}
