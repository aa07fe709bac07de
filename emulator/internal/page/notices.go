// SPDX-License-Identifier: MIT

package page

// notices say what an action has done. Their keys are the names of the actions.
var notices = map[string]string{
	"stop":         "The session is stopped.",
	"expire":       "The session has expired.",
	"error":        "The session is in Error.",
	"advance":      "The clock has moved 10 minutes ahead.",
	"lose":         "The next request takes effect, and then the connection breaks: its answer is lost.",
	"throttle":     "For one minute requests are answered with 429 and Retry-After.",
	"reset":        "Sessions, conversions, requests and faults are removed.",
	"remove-fault": "The fault is removed.",
}
