// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

func (s *service) conversions() string { return "/accounts/" + s.Account().ID + "/conversions" }

func (s *service) convert(id string) reply {
	s.t.Helper()
	return s.call(http.MethodPut, s.conversions()+"/"+id+apiVersion, box)
}

func (s *service) conversion(id string) reply {
	s.t.Helper()
	return s.call(http.MethodGet, s.conversions()+"/"+id+apiVersion, "")
}

func (s *service) listConversions() reply {
	s.t.Helper()
	return s.call(http.MethodGet, s.conversions()+apiVersion, "")
}

// shownConversion returns status and code of the error of a conversion.
func (s *service) shownConversion(id string) string {
	s.t.Helper()
	r := s.conversion(id)
	require.Equal(s.t, http.StatusOK, r.status, r.body)
	var c struct {
		Status string
		Error  struct{ Code string }
	}
	require.NoError(s.t, json.Unmarshal([]byte(r.body), &c))
	return strings.TrimSpace(c.Status + " " + c.Error.Code)
}

func TestFaultsOfConversions(t *testing.T) {
	for fault, end := range map[string]string{
		"conversion=fails":         "Failed ConversionProcessFailed",
		"conversion=missing-asset": "Failed InputContainerError",
		"conversion=cancelled":     "Cancelled",
		"conversion=never":         "Running",
		"conversion=fails operation=create-conversion conversion-id=c*": "Failed ConversionProcessFailed",
		"conversion=fails conversion-id=other":                          "Succeeded",
		"conversion=fails skip=1":                                       "Succeeded",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, emulator.Options{Conversions: takes})
			f, err := emulator.ParseFault(fault)
			require.NoError(t, err, fault)
			s.inject(f)
			created := s.convert("c")
			require.Equal(t, http.StatusCreated, created.status, fault)
			assert.Contains(t, created.body, `"error":null,"status":"NotStarted"`, fault)
			time.Sleep(time.Minute)
			assert.Equal(t, "Running", s.shownConversion("c"), fault)
			time.Sleep(2 * time.Minute)
			assert.Equal(t, end, s.shownConversion("c"), fault)
			assert.Equal(t, http.StatusOK, s.convert("c").status, "a repeat changes nothing")
		})
	}
}

func TestFaultRefusesAccessToStorage(t *testing.T) {
	s := start(t, emulator.Options{})
	s.inject(emulator.Fault{Conversion: emulator.ConversionNoAccess, Count: 1})
	r := s.convert("c")
	assert.Equal(t, http.StatusForbidden, r.status)
	assert.Contains(t, r.body, `"DelegatedResourceAccessError"`)
	assert.Equal(t, http.StatusNotFound, s.conversion("c").status)
	assert.Equal(t, http.StatusCreated, s.convert("c").status)
}

// A missing role shows as 403 without a body. Sessions are not affected.
func TestFaultsMatchOperationsOnConversions(t *testing.T) {
	for fault, want := range map[string]string{
		"operation=create-conversion": "create",
		"operation=CreateConversion":  "create",
		"operation=get-conversion":    "get",
		"operation=list-conversions":  "list",
		"conversion-id=c":             "create get",
		"conversion-id=d":             "",
		"session=c":                   "",
		"count=9":                     "create get list",
	} {
		s := start(t, emulator.Options{})
		f, err := emulator.ParseFault(fault + " status=403")
		require.NoError(t, err, fault)
		s.inject(f)
		var hit []string
		for name, r := range map[string]reply{
			"create": s.convert("c"), "get": s.conversion("c"), "list": s.listConversions(),
		} {
			if r.status == http.StatusForbidden {
				assert.Empty(t, r.body)
				hit = append(hit, name)
			}
		}
		assert.ElementsMatch(t, strings.Fields(want), hit, fault)
	}
}

func TestFaultsInAnswersAboutConversions(t *testing.T) {
	s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}})
	s.convert("a")
	s.convert("b")
	for fault, want := range map[string]string{
		"show-status=Melting":                        `"status":"Melting"`,
		"spelling=enums-lower-case":                  `"status":"succeeded"`,
		"spelling=time-unreadable":                   `"creationTime":"yesterday"`,
		"spelling=byte-order-mark":                   "\xef\xbb\xbf{",
		"spelling=other-id operation=get-conversion": `"id":"other-a"`,
	} {
		f, err := emulator.ParseFault(fault)
		require.NoError(t, err, fault)
		remove := s.inject(f)
		assert.Contains(t, s.conversion("a").body, want, fault)
		remove()
	}
	for fault, want := range map[string]string{
		"next-link=foreign":        `"@nextLink":"https://foreign.invalid`,
		"spelling=element-number":  `"conversions":[17]`,
		"show-status=Melting":      `"status":"Melting"`,
		"spelling=time-unreadable": `"creationTime":"yesterday"`,
	} {
		f, err := emulator.ParseFault(fault)
		require.NoError(t, err, fault)
		remove := s.inject(f)
		assert.Contains(t, s.listConversions().body, want, fault)
		remove()
	}
}

func TestConversionFaultsAreChecked(t *testing.T) {
	for fault, want := range map[string]string{
		"conversion=explodes": "give one of fails, missing-asset, cancelled, never, " +
			"no-access",
		"conversion=fails operation=create":                 "conversion has no effect on CreateSession",
		"conversion=fails start=fails":                      "conversion has no effect on CreateSession",
		"conversion=fails drop=before":                      "set drop=after",
		"conversion=fails status=500":                       "set after-effect",
		"conversion-id=c session=s status=500":              "conversion-id has no effect on",
		"conversion-id=c/d status=500":                      "is not an id",
		"spelling=numbers-as-text operation=get-conversion": "spelling has no effect on GetConversion",
	} {
		_, err := emulator.ParseFault(fault)
		require.ErrorContains(t, err, want, fault)
	}
}

// Requests about conversions count as those about sessions do.
func TestConversionsAreThrottled(t *testing.T) {
	s := start(t, emulator.Options{RateLimit: emulator.RateLimit{Requests: 3}})
	s.convert("c")
	s.create("s", standard5)
	assert.Equal(t, http.StatusOK, s.listConversions().status)
	for _, r := range []reply{s.convert("d"), s.conversion("c"), s.listConversions(), s.get("s")} {
		assert.Equal(t, http.StatusTooManyRequests, r.status)
		assert.Equal(t, "60", r.header.Get("Retry-After"))
		assert.Empty(t, r.body)
	}
}
