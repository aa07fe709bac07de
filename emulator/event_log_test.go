// SPDX-License-Identifier: MIT

package emulator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// thing is a record of a test.
type thing struct {
	changeState
	name string
}

func (t *thing) changes() *changeState { return &t.changeState }

// readNames reads up to limit changes, as name:status before.
func readNames(l *changeLog[*thing], reader *changeReader[*thing], limit int) (names []string, more bool) {
	changed, more := l.read(reader, limit)
	for _, c := range changed {
		names = append(names, c.record.name+":"+c.from)
	}
	return names, more
}

func TestChangeLog(t *testing.T) {
	l := new(changeLog[*thing])
	a, b, c := &thing{name: "a"}, &thing{name: "b"}, &thing{name: "c"}
	l.add(a, "nobody reads")
	assert.Empty(t, l.entries)

	slow, fast := l.join(), l.join()
	l.add(a, "1")
	l.add(b, "1")
	names, more := readNames(l, fast, 10)
	assert.Equal(t, []string{"a:1", "b:1"}, names)
	assert.False(t, more)
	l.add(a, "2")
	l.add(c, "1")
	l.add(a, "3")
	names, _ = readNames(l, fast, 10)
	assert.Equal(t, []string{"c:1", "a:2"}, names, "several changes are one, from what was told")

	names, more = readNames(l, slow, 1)
	assert.Equal(t, []string{"b:1"}, names)
	assert.True(t, more)
	l.add(a, "4")
	names, more = readNames(l, slow, 1)
	assert.Equal(t, []string{"c:1"}, names)
	assert.True(t, more)
	names, more = readNames(l, slow, 1)
	assert.Equal(t, []string{"a:1"}, names, "what it was told first")
	assert.False(t, more)
	assert.Empty(t, slow.from)

	l.add(b, "2")
	assert.True(t, l.pass(slow))
	assert.False(t, l.pass(slow))
	l.leave(slow)
	assert.Len(t, l.entries, 2, "the other has not read them")
	l.leave(fast)
	l.add(b, "nobody reads")
	assert.Empty(t, l.entries)
}

// A reader that does not read costs a bounded amount of memory, and others lose nothing.
func TestChangeLogIsBounded(t *testing.T) {
	l := new(changeLog[*thing])
	one := new(thing)
	stuck, good := l.join(), l.join()
	for i := range 3 * maxUnread {
		l.add(one, "x")
		if i%1000 == 0 {
			changed, _ := l.read(good, 10)
			assert.Len(t, changed, 1)
		}
		if len(l.entries) > maxUnread {
			assert.FailNow(t, "too many entries", len(l.entries))
		}
	}
	assert.True(t, stuck.cut)
	assert.False(t, good.cut)
	assert.Less(t, len(l.entries), 2000)
	l.leave(stuck)
}

func TestChangesByThemselves(t *testing.T) {
	l := new(changeLog[*thing])
	begin := time.Unix(1e9, 0)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	a, b, c, d := &thing{name: "a"}, &thing{name: "b"}, &thing{name: "c"}, &thing{name: "d"}
	for i, r := range []*thing{a, b, c, d} {
		l.schedule(r, at(10-i))
	}
	l.schedule(d, at(30))
	l.schedule(c, time.Time{})
	l.schedule(c, time.Time{})
	_, found := l.nextDue(at(8))
	assert.False(t, found)
	for _, want := range []*thing{b, a} {
		r, found := l.nextDue(at(29))
		assert.True(t, found)
		assert.Equal(t, want.name, r.name)
	}
	_, found = l.nextDue(at(29))
	assert.False(t, found)
	r, _ := l.nextDue(at(30))
	assert.Same(t, d, r)
	assert.Empty(t, l.due)
}
