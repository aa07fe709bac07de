// SPDX-License-Identifier: MIT

package emulator

import (
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/internal/wire"
)

// withoutSignatures returns a text of a converter without the signatures of the request. Converters
// promise to keep them to themselves; errors of storage libraries are known to quote addresses.
func withoutSignatures(text string, request conversion.Request) string {
	for _, sas := range []string{request.Input.SAS, request.Output.SAS} {
		for _, secret := range sasForms(sas) {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	return wire.WithoutSignature(text)
}

// minSecret is the shortest text that is taken for a secret, in bytes. Shorter ones, which no
// service would issue, occur by chance.
const minSecret = 6

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
