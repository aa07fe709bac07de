// SPDX-License-Identifier: MIT

package service

import (
	"encoding/json"
	"net/url"
	"path"
	"strings"

	"github.com/arr-go/azremoterendering/internal/strictjson"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// assetExtension is the extension of the results of conversions.
const assetExtension = ".arrAsset"

// bodyReader reads members of nested JSON objects, and keeps the first refusal.
type bodyReader struct{ refused *Refusal }

func (r *bodyReader) refuse(message string) {
	if r.refused == nil {
		r.refused = BadRequest("The request was malformed: " + message + ".")
	}
}

// object returns the members of an object that is required.
func (r *bodyReader) object(members map[string]json.RawMessage, name string) map[string]json.RawMessage {
	value, given := members[name]
	if !given || string(value) == "null" {
		r.refuse("the " + name + " value is required")
		return nil
	}
	inner, err := strictjson.Object(value)
	if err != nil {
		r.refuse("the " + name + " value must be an object, with each member once")
	}
	return inner
}

// text returns a text member. A missing one and null are empty.
func (r *bodyReader) text(members map[string]json.RawMessage, name string) (text string) {
	if value, given := members[name]; given && json.Unmarshal(value, &text) != nil {
		r.refuse("the " + name + " value must be a string")
	}
	return text
}

// path returns a text member that answers show. A signature in it would be shown, too, so it is
// refused; the service's own answer is not known.
func (r *bodyReader) path(members map[string]json.RawMessage, name string) string {
	text := r.text(members, name)
	if wire.WithoutSignature(text) != text {
		r.refuse("the " + name + " value contains the signature of a SAS; " +
			"a SAS belongs into a member of its own")
	}
	return text
}

func (r *bodyReader) required(members map[string]json.RawMessage, name string) string {
	text := r.path(members, name)
	if text == "" {
		r.refuse("the " + name + " value is required")
	}
	return text
}

// container returns the address of a container. One that is not an address is accepted, as
// recorded: the conversion fails later. One with a query or a user may hold a secret, which answers
// would show, so it is refused; the service's own answer is not known.
func (r *bodyReader) container(members map[string]json.RawMessage) string {
	const name = "storageContainerUri"
	text := r.text(members, name)
	address, err := url.Parse(text)
	if strings.Contains(text, "?") || err == nil && address.User != nil {
		r.refuse("the " + name + " value must be an address without a query; " +
			"a SAS belongs into a member of its own")
	}
	return r.required(members, name)
}

// sas returns a signature. A "?" in front is accepted.
func (r *bodyReader) sas(members map[string]json.RawMessage, name string) SAS {
	return SAS(strings.TrimPrefix(r.text(members, name), "?"))
}

// conversionOf returns the conversion that a body asks for, its settings complete.
func conversionOf(members map[string]json.RawMessage) (NewConversion, *Refusal) {
	var r bodyReader
	settings := r.object(members, "settings")
	in, out := r.object(settings, "inputLocation"), r.object(settings, "outputLocation")
	c := NewConversion{
		Settings: ConversionSettings{
			InputContainerURL:  r.container(in),
			InputPrefix:        folder(r.path(in, "blobPrefix")),
			InputAsset:         r.required(in, "relativeInputAssetPath"),
			OutputContainerURL: r.container(out),
			OutputPrefix:       folder(r.path(out, "blobPrefix")),
			OutputName:         r.path(out, "outputAssetFilename"),
		},
		ReadListSAS: r.sas(in, "storageContainerReadListSas"),
		WriteSAS:    r.sas(out, "storageContainerWriteSas"),
	}
	if c.Settings.OutputName == "" {
		c.Settings.OutputName = outputNameOf(c.Settings.InputAsset)
	}
	if !strings.HasSuffix(c.Settings.OutputName, assetExtension) {
		r.refuse("the outputAssetFilename value must end in " + assetExtension)
	}
	return c, r.refused
}

// folder returns a prefix with the slash at its end that answers show.
func folder(prefix string) string {
	if prefix == "" || strings.HasSuffix(prefix, "/") {
		return prefix
	}
	return prefix + "/"
}

// outputNameOf returns the default name of the result: that of the asset, without folders, with
// another extension.
func outputNameOf(asset string) string {
	name := path.Base(strings.ReplaceAll(asset, `\`, "/"))
	return strings.TrimSuffix(name, path.Ext(name)) + assetExtension
}

// outputURL returns the address of the result.
func (s ConversionSettings) outputURL() string {
	blob := url.URL{Path: s.OutputPrefix + s.OutputName}
	return strings.TrimSuffix(s.OutputContainerURL, "/") + "/" +
		strings.TrimPrefix(blob.EscapedPath(), "/")
}
