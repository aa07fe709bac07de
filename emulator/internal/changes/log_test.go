// SPDX-License-Identifier: MIT

package changes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// thing is a record of a test.
type thing struct {
	State
	name string
}

// readNames reads up to limit changes, as name:status before.
func readNames(l *Log[*thing], reader *Reader[*thing], limit int) (names []string, more bool) {
	changed, more := l.Read(reader, limit)
	for _, c := range changed {
		names = append(names, c.Record.name+":"+c.From)
	}
	return names, more
}

func TestLog(t *testing.T) {
	l := new(Log[*thing])
	a, b, c := &thing{name: "a"}, &thing{name: "b"}, &thing{name: "c"}
	l.Add(a, "nobody reads")
	assert.Empty(t, l.entries)

	slow, fast := l.Join(), l.Join()
	l.Add(a, "1")
	l.Add(b, "1")
	names, more := readNames(l, fast, 10)
	assert.Equal(t, []string{"a:1", "b:1"}, names)
	assert.False(t, more)
	l.Add(a, "2")
	l.Add(c, "1")
	l.Add(a, "3")
	names, _ = readNames(l, fast, 10)
	assert.Equal(t, []string{"c:1", "a:2"}, names, "several changes are one, from what was told")

	names, more = readNames(l, slow, 1)
	assert.Equal(t, []string{"b:1"}, names)
	assert.True(t, more)
	l.Add(a, "4")
	names, more = readNames(l, slow, 1)
	assert.Equal(t, []string{"c:1"}, names)
	assert.True(t, more)
	names, more = readNames(l, slow, 1)
	assert.Equal(t, []string{"a:1"}, names, "what it was told first")
	assert.False(t, more)
	assert.Empty(t, slow.from)

	l.Add(b, "2")
	assert.True(t, l.Pass(slow))
	assert.False(t, l.Pass(slow))
	l.Leave(slow)
	assert.Len(t, l.entries, 2, "the other has not read them")
	l.Leave(fast)
	l.Add(b, "nobody reads")
	assert.Empty(t, l.entries)
}

// A client can leave while its reader looks for changes.
func TestAReaderThatHasLeftReadsNothing(t *testing.T) {
	l := new(Log[*thing])
	a := &thing{name: "a"}
	l.Add(a, "nobody reads")
	gone, other := l.Join(), l.Join()
	l.Add(a, "1")
	l.Leave(gone)
	names, _ := readNames(l, other, 10)
	assert.Equal(t, []string{"a:1"}, names)
	assert.Empty(t, l.entries, "nobody else reads")

	names, more := readNames(l, gone, 10)
	assert.Empty(t, names)
	assert.False(t, more)
	assert.False(t, l.Pass(gone))
}

// A reader that does not read costs a bounded amount of memory, and others lose nothing.
func TestLogIsBounded(t *testing.T) {
	l := new(Log[*thing])
	one := new(thing)
	stuck, good := l.Join(), l.Join()
	for i := range 3 * maxUnread {
		l.Add(one, "x")
		if i%1000 == 0 {
			changed, _ := l.Read(good, 10)
			assert.Len(t, changed, 1)
		}
		if len(l.entries) > maxUnread {
			assert.FailNow(t, "too many entries", len(l.entries))
		}
	}
	assert.True(t, stuck.cut)
	assert.False(t, good.cut)
	assert.Less(t, len(l.entries), 2000)
	l.Leave(good)

	assert.True(t, l.Pass(stuck))
	assert.False(t, l.Pass(stuck))
	l.Add(one, "y")
	assert.True(t, l.Pass(stuck), "it goes on")
	l.Leave(stuck)
	assert.Empty(t, l.readers)
}

// A reader that has left stays so, also if it was too slow.
func TestASlowReaderThatHasLeftDoesNotComeBack(t *testing.T) {
	l := new(Log[*thing])
	reader := l.Join()
	reader.cut = true
	l.Leave(reader)
	assert.False(t, l.Pass(reader))
	assert.Empty(t, l.readers)
}

func TestChangesByThemselves(t *testing.T) {
	l := new(Log[*thing])
	begin := time.Unix(1e9, 0)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	a, b, c, d := &thing{name: "a"}, &thing{name: "b"}, &thing{name: "c"}, &thing{name: "d"}
	for i, r := range []*thing{a, b, c, d} {
		l.Schedule(r, at(10-i))
	}
	l.Schedule(d, at(30))
	l.Schedule(c, time.Time{})
	l.Schedule(c, time.Time{})
	_, found := l.NextDue(at(8))
	assert.False(t, found)
	for _, want := range []*thing{b, a} {
		r, found := l.NextDue(at(29))
		assert.True(t, found)
		assert.Equal(t, want.name, r.name)
	}
	_, found = l.NextDue(at(29))
	assert.False(t, found)
	r, _ := l.NextDue(at(30))
	assert.Same(t, d, r)
	assert.Empty(t, l.due)
}
