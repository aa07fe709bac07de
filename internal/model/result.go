// SPDX-License-Identifier: MIT

package model

import "encoding/json"

// Result is the file <asset>.result.json: what went wrong in a conversion, and its outcome. It is a
// JSON array of objects (documentation, "Get information about conversions").
type Result struct {
	// ConversionID is an id of the converter's own. It is not that of the conversion in the
	// service.
	ConversionID string
	Warnings     []Issue
	// Error is why the conversion failed, or nil.
	Error *Issue
}

// Issue is a warning or an error.
type Issue struct {
	// Code is a number at the service. The documentation mentions one, MissingTexture.
	Code    string
	Title   string
	Details map[string]string
}

// MissingTexture is the code of the one documented warning.
const MissingTexture = "4004"

// The outcomes of a conversion, as the result file words them.
const (
	succeeded             = "succeeded"
	succeededWithWarnings = "succeeded with warnings"
	failed                = "failed"
)

// issue is an Issue in the file: its code is the value of the member that says what it is.
type issue struct {
	Warning string            `json:"warning,omitempty"`
	Error   string            `json:"error,omitempty"`
	Title   string            `json:"title"`
	Details map[string]string `json:"details,omitempty"`
}

// JSON returns the content of the file.
func (r *Result) JSON() ([]byte, error) {
	entries := []any{map[string]string{"conversionId": r.ConversionID}}
	for _, w := range r.Warnings {
		entries = append(entries, issue{Warning: w.Code, Title: w.Title, Details: w.Details})
	}
	outcome := succeeded
	if len(r.Warnings) > 0 {
		outcome = succeededWithWarnings
	}
	if e := r.Error; e != nil {
		entries = append(entries, issue{Error: e.Code, Title: e.Title, Details: e.Details})
		outcome = failed
	}
	return json.MarshalIndent(append(entries, map[string]string{"result": outcome}), "", "  ")
}
