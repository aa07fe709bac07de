// SPDX-License-Identifier: MIT

package wire

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	pageSize    = 16 << 20 // the most that the client reads
	sessionSize = 1 << 20

	// What reading allocates altogether. Real sessions that fill a page take 100 MiB.
	mostOfAPage    = 192 << 20
	mostOfASession = 16 << 20
)

// fill returns JSON of a size: as many elements as fit between head and tail.
func fill(size int, head, element, tail string) []byte {
	n := (size - len(head) - len(tail)) / (len(element) + 1)
	return []byte(head + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + tail)
}

// distinct returns as many members with different names as fit.
func distinct(size int, head, tail string) []byte {
	var b strings.Builder
	b.WriteString(head)
	for i := 0; b.Len()+len(tail)+20 < size; i++ {
		fmt.Fprintf(&b, `"%d":0,`, i)
	}
	return []byte(strings.TrimSuffix(b.String(), ",") + tail)
}

// oddSession returns a session, or a conversion, whose error has n details.
func oddSession(n int, detail string) string {
	details := strings.TrimSuffix(strings.Repeat(detail+",", n), ",")
	return `{"id":"demo","status":"Ready","error":{"details":[` + details + `]}}`
}

func odd900(detail string) string { return oddSession(900, detail) }

func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// A few bytes of an answer become a hundred in memory. So a page that is no larger than allowed may
// still cost gigabytes, unless its elements are counted.
func TestPagesCostLittleWhateverTheyContain(t *testing.T) {
	if testkit.RaceDetector {
		t.Skip("the race detector adds allocations of its own")
	}
	for _, list := range []string{"sessions", "conversions"} {
		head, tail := `{"`+list+`":[`, `]}`
		odd := head + `{"id":"demo","status":"Ready","error":`
		for name, data := range map[string][]byte{
			"zeros":                  fill(pageSize, head, `0`, tail),
			"empty objects":          fill(pageSize, head, `{}`, tail),
			"empty arrays":           fill(pageSize, head, `[]`, tail),
			"ids":                    fill(pageSize, head, `{"id":"a"}`, tail),
			"details of many errors": fill(pageSize, head, odd900(`{}`), tail),
			"nulls of many errors":   fill(pageSize, head, odd900(`null`), tail),
			"details of few, each":   fill(pageSize, head, oddSession(14, `{}`), tail),
			"errors that are read twice": fill(pageSize, head,
				strings.Replace(odd900(`{}`), `"Ready"`, `"Ready","size":7`, 1), tail),
			"details of one error":      fill(pageSize, odd+`{"details":[`, `{}`, `]}}`+tail),
			"zeros for details":         fill(pageSize, odd+`{"details":[`, `0`, `]}}`+tail),
			"zeros for an error":        fill(pageSize, odd+`[`, `0`, `]}`+tail),
			"members of one element":    distinct(pageSize, head+`{"id":"demo",`, `}`+tail),
			"members of one error":      distinct(pageSize, odd+`{`, `}}`+tail),
			"members of the page":       distinct(pageSize, `{`, `,"`+list+`":[]}`),
			"two lists, the second bad": fill(pageSize, `{"`+list+`":[],"`+list+`":[`, `{}`, tail),
		} {
			if list == "conversions" && strings.Contains(name, " of ") {
				continue // the same code, and slow to make
			}
			t.Run(list+" of "+name, func(t *testing.T) {
				cost := allocated(func() {
					if list == "sessions" {
						_, _, _ = ReadPage(data)
					} else {
						_, _, _ = ReadConversionPage(data)
					}
				})
				assert.Less(t, cost, int64(mostOfAPage))
			})
		}
	}
}

func TestSessionsCostLittleWhateverTheyContain(t *testing.T) {
	if testkit.RaceDetector {
		t.Skip("the race detector adds allocations of its own")
	}
	head, tail := `{"id":"demo","status":"Ready","error":`, `}`
	for name, data := range map[string][]byte{
		"details":            fill(sessionSize, head+`{"details":[`, `{}`, `]}`+tail),
		"zeros for details":  fill(sessionSize, head+`{"details":[`, `0`, `]}`+tail),
		"members":            distinct(sessionSize, `{"id":"demo","status":"Ready",`, `}`),
		"members of details": distinct(sessionSize, head+`{"details":[{`, `}]}`+tail),
	} {
		t.Run(name, func(t *testing.T) {
			cost := allocated(func() {
				s, _, err := ReadSession(data)
				require.NoError(t, err)
				assert.Equal(t, "demo", s.ID)
			})
			assert.Less(t, cost, int64(mostOfASession))
		})
	}
}

// The largest page that a service may send is read, with an odd element or without.
func TestLargePagesAreRead(t *testing.T) {
	if testkit.RaceDetector {
		t.Skip("the race detector adds allocations of its own")
	}
	const session = `{"id":"session-of-usual-length","creationTime":"2021-01-01T00:00:00.0000000+00:00",` +
		`"elapsedTimeMinutes":5,"hostname":"abc.westeurope.mixedreality.azure.com","handshakePort":1,` +
		`"maxLeaseTimeMinutes":30,"size":"Standard","status":"Ready","teraflops":14.9}`
	for name, odd := range map[string]string{"none": session, "a number": `7`} {
		data := fill(pageSize, `{"sessions":[`+odd+`,`, session, `],"@nextLink":"next"}`)
		cost := allocated(func() {
			page, unread, err := ReadPage(data)
			require.NoError(t, err, name)
			assert.Equal(t, odd != session, len(unread) == 1, name)
			assert.Greater(t, len(page.Sessions), 50_000, name)
			assert.Equal(t, "next", page.NextLink, name)
		})
		assert.Less(t, cost, int64(mostOfAPage), name)
	}
}

// What an error says survives, however much it contains beside.
func TestCodeAndMessageAreReadFromHugeErrors(t *testing.T) {
	data := fill(sessionSize, `{"id":"demo","status":"Error","error":{"code":"A","details":[`, `{}`,
		`],"message":"B"}}`)
	s, _, err := ReadSession(data)
	require.NoError(t, err)
	assert.Equal(t, &Error{Code: "A", Message: "B"}, s.Error)
}
