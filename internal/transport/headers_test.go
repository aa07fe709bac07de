// SPDX-License-Identifier: MIT

package transport

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The local clock may be years off. A date in Retry-After is one of the service's clock, and so is
// the Date beside it.
func TestRetryAfterDatesAreComparedWithTheDateOfTheAnswer(t *testing.T) {
	served := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, off := range []time.Duration{0, -10 * 365 * 24 * time.Hour, 10 * 365 * 24 * time.Hour} {
		header := http.Header{
			"Date":        {served.Format(http.TimeFormat)},
			"Retry-After": {served.Add(40 * time.Second).Format(http.TimeFormat)},
		}
		assert.Equal(t, 40*time.Second, RetryAfter(header, served.Add(off)), off)
		header.Set("Date", "yesterday")
		header.Set("Retry-After", served.Add(off+time.Minute).Format(http.TimeFormat))
		assert.Equal(t, time.Minute, RetryAfter(header, served.Add(off)), "no Date that can be read")
	}
}

// azcore reads whole numbers and one form of date. Whatever else the header says must not be lost.
func TestRetryAfterIsRespeltForAzcore(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		header       http.Header
		milliseconds string // "" if the header stays as it is
	}{
		"none":             {http.Header{}, ""},
		"seconds":          {http.Header{"Retry-After": {"5"}}, ""},
		"milliseconds":     {http.Header{"X-Ms-Retry-After-Ms": {"250"}}, ""},
		"a fraction":       {http.Header{"Retry-After": {"1.5"}}, "1500"},
		"30.0":             {http.Header{"Retry-After": {"30.0"}}, "30000"},
		"odd milliseconds": {http.Header{"X-Ms-Retry-After-Ms": {"250.5"}}, "251"},
		"a date":           {http.Header{"Retry-After": {date(time.Minute)}}, "60000"},
		"an old form of date": {http.Header{
			"Retry-After": {now.Add(time.Minute).Format(time.ANSIC)}}, "60000"},
		"a date in UTC": {http.Header{
			"Retry-After": {now.Add(time.Minute).Format(time.RFC1123)}}, "60000"},
		"twice in one":        {http.Header{"Retry-After": {"5, 5"}}, "5000"},
		"an overflow":         {http.Header{"Retry-After": {"20000000000"}}, "86400000"},
		"nonsense":            {http.Header{"Retry-After": {"soon"}}, ""},
		"negative":            {http.Header{"Retry-After": {"-5"}}, ""},
		"zero, then a useful": {http.Header{"Retry-After-Ms": {"0"}, "Retry-After": {"2.5"}}, "2500"},
	} {
		before := c.header.Clone()
		spellRetryAfter(c.header, now)
		if c.milliseconds == "" {
			assert.Equal(t, before, c.header, name)
		} else {
			assert.Equal(t, c.milliseconds, c.header.Get("Retry-After-Ms"), name)
		}
	}
	past := http.Header{"Date": {date(0)}, "Retry-After": {date(-time.Hour)}}
	spellRetryAfter(past, now)
	assert.Empty(t, past.Get("Retry-After"), "a wrong local clock would make years of it")
	past = http.Header{"Date": {date(0)}, "Retry-After": {now.Add(-time.Hour).Format(time.RFC1123Z)}}
	spellRetryAfter(past, now)
	assert.Empty(t, past.Get("Retry-After"), "nor this, as soon as azcore reads it")
	spellRetryAfter(nil, now) // of hand-made transports
}

// A header counts beside the body. net/http takes 10 MiB of it.
func TestHeadersAreBounded(t *testing.T) {
	for size, ok := range map[int]bool{100 << 10: true, 1 << 20: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", size))
		}))
		through := Standard()
		resp, err := (&http.Client{Transport: through}).Get(server.URL)
		if ok {
			require.NoError(t, err)
			runtime.Drain(resp)
		} else {
			require.ErrorContains(t, err, "exceeded")
		}
		through.CloseIdleConnections()
		server.Close()
	}
}
