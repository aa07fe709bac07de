// SPDX-License-Identifier: MIT

package naming

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCheckContainerURL(t *testing.T) {
	for address, reason := range map[string]string{
		"https://models.blob.core.windows.net/input":    "",
		"http://127.0.0.1:10000/devstoreaccount1/input": "",
		"":                           "is empty",
		"input":                      "is not an address",
		"ftp://models.example/input": "is not an address",
		"sv=2020-08-04&sig=c2VjcmV0": "is not an address",
		"https://models.blob.core.windows.net/in?sig=c2Vj": "put a SAS, the part after ?, into SAS",
		"https://models.blob.core.windows.net/input?":      "has a query",
		"https://models.blob.core.windows.net/input#x":     "has a query or a fragment",
		"https://user:pass@models.example/input":           "user name or password",
		"https://models.example/in put\x7f?sig=c2Vj":       "has a query",
	} {
		got := CheckContainerURL(address, "SAS")
		if reason == "" {
			assert.Empty(t, got, address)
			continue
		}
		assert.Contains(t, got, reason, address)
		assert.NotContains(t, got, "c2Vj", "a reason never contains the value")
	}
}

func TestCheckSAS(t *testing.T) {
	for sas, reason := range map[string]string{
		"":                                       "",
		"sv=2020-08-04&sp=rl&sig=c2VjcmV0%3D":    "",
		"https://models.example/in?sig=c2VjcmV0": "pass only its query",
		"sv=2020-08-04&sig=c2Vj cmV0":            "contains a space",
		"sv=2020-08-04&\nsig=c2VjcmV0":           "contains a space",
		"sv=2020-08-04&sig=\u201cc2VjcmV0\u201d": "contains a space or another character",
	} {
		if reason == "" {
			assert.Empty(t, CheckSAS(sas), sas)
		} else {
			assert.Contains(t, CheckSAS(sas), reason, sas)
		}
	}
}

func TestCheckBlobPath(t *testing.T) {
	for path, reason := range map[string]string{
		"":                            "",
		"robots/arm 2/arm.fbx":        "",
		`robots\arm?.fbx`:             "",
		"https://models.example/x":    "is an address",
		"arm.fbx?sv=2020&sig=c2VjcmV": "contains the signature of a SAS",
	} {
		if reason == "" {
			assert.Empty(t, CheckBlobPath(path), path)
		} else {
			assert.Contains(t, CheckBlobPath(path), reason, path)
		}
	}
}
