// SPDX-License-Identifier: MIT

package redact

import (
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering/internal/wire"
)

// Signatures returns a text without signatures for storage: those given, in all forms, and any
// other that stands in an address.
func Signatures(text string, signatures ...string) string {
	for _, sas := range signatures {
		for _, secret := range sasForms(sas) {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	return wire.WithoutSignature(text)
}

// sasForms returns how a signature may be written: the whole query, or its sig alone, as it stands
// in the query, decoded, and encoded again.
func sasForms(sas string) (secrets []string) {
	forms := []string{sas}
	if query, err := url.ParseQuery(sas); err == nil {
		_, raw, _ := strings.Cut("&"+sas, "&sig=")
		raw, _, _ = strings.Cut(raw, "&")
		forms = append(forms, raw, query.Get("sig"))
	}
	for _, form := range forms {
		if len(form) >= minSecret {
			secrets = append(secrets, form, url.QueryEscape(form), url.PathEscape(form))
		}
	}
	return secrets
}
