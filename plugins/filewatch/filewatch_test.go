package filewatch

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func TestLinesAfterTheRule(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("app.log", "old\nbeg")
	w.watched(w.path("app.log"))
	w.add("app.log", "un\nwhole\npart")
	w.expect("begun", "whole")
	w.add("app.log", "ly\r\n\n\xff\xfe bad\n")
	w.expect("begun", "whole", "partly\r", "", "\uFFFD bad")
	is, _, err := w.store.Instances().List(t.Context(), store.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	var p map[string]string
	if err := json.Unmarshal(is[0].Payload, &p); err != nil || p["file_path"] != w.path("app.log") || p["file_name"] != "app.log" || len(p) != 3 {
		t.Errorf("payload %s", is[0].Payload)
	}
}

// A line may be added after the rule was made and before the sensor has seen that.
func TestLineBetweenRuleAndSensor(t *testing.T) {
	w := newWorld(t)
	w.add("app.log", "old\nolder\n")
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(w.path("app.log"), past, past); err != nil {
		t.Fatal(err)
	}
	w.add("untouched.log", "old\n")
	if err := os.Chtimes(w.path("untouched.log"), past, past); err != nil {
		t.Fatal(err)
	}
	w.rule(w.path("app.log"))
	w.rule(w.path("untouched.log"))
	future := time.Now().Add(time.Second) // the clock of files may lag behind
	w.add("app.log", "new\n")
	if err := os.Chtimes(w.path("app.log"), future, future); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.expect("new")
}

func TestLateAndVanishingFiles(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.watched(w.path("sub/late.log"))
	if err := os.Mkdir(w.path("sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.add("sub/late.log", "one\n")
	w.expect("one")
	if err := os.Remove(w.path("sub/late.log")); err != nil {
		t.Fatal(err)
	}
	w.add("sub/late.log", "two\nthree\n")
	w.expect("one", "two", "three")
	if err := os.RemoveAll(w.path("sub")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(w.path("sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.add("sub/late.log", "four\n")
	w.expect("one", "two", "three", "four")
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("app.log", "")
	w.watched(w.path("app.log"))
	w.add("app.log", "1\n2\n")
	w.rename("app.log", "app.log.1")
	w.add("app.log.1", "3\n") // a writer that has not noticed yet
	w.add("app.log", "4\n")
	w.expect("1", "2", "3", "4")
	w.add("app.log.1", "5\n")
	w.add("app.log", "6\n")
	w.expect("1", "2", "3", "4", "5", "6")

	w.add("app.log", "7\n")
	w.copyTruncate("app.log", "app.log.2")
	w.add("app.log", "8\n")
	w.expect("1", "2", "3", "4", "5", "6", "7", "8")
}

func (w *world) copyTruncate(from, to string) {
	w.t.Helper()
	raw, err := os.ReadFile(w.path(from))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(to, string(raw), os.O_TRUNC)
	if err := os.Truncate(w.path(from), 0); err != nil {
		w.t.Fatal(err)
	}
}

// What happens to files while no server runs.
func TestRestart(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(w *world)
		want      []string
	}{
		"nothing":         {func(*world) {}, nil},
		"appended":        {func(w *world) { w.add("app.log", "ial\nb\n") }, []string{"partial", "b"}},
		"rotated":         {func(w *world) { w.rename("app.log", "app.log.1"); w.add("app.log", "b\n") }, []string{"b"}},
		"rotated, unread": {func(w *world) { w.add("app.log", "\nb\n"); w.rename("app.log", "other"); w.add("app.log", "c\n") }, []string{"part", "b", "c"}},
		"copied and truncated": {func(w *world) {
			w.add("app.log", "\nb\n")
			w.copyTruncate("app.log", "app.log.1")
			w.add("app.log", strings.Repeat("long line\n", 3))
		}, []string{"part", "b", "long line", "long line", "long line"}},
		"truncated": {func(w *world) { w.write("app.log", "b\n", os.O_TRUNC) }, []string{"b"}},
		"written anew by an editor": {func(w *world) {
			w.add("copy", "before\na\npart\nb\n")
			w.rename("copy", "app.log")
		}, []string{"part", "b"}},
		"gone": {func(w *world) { os.Remove(w.path("app.log")) }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			w.add("app.log", "before\n")
			w.watched(w.path("app.log"))
			w.add("app.log", "a\npart")
			w.expect("a")
			w.stop()
			test.meanwhile(w)
			w.start()
			w.expect(append([]string{"a"}, test.want...)...)
			w.write("app.log", "\nlast\n", os.O_APPEND)
			w.await("the last line", func() bool { return slices.Contains(w.lines, "last") })
			if n := len(w.storedLines()); n != len(test.want)+3 { // a, last, and what the newline ended
				t.Errorf("%d lines: %q", n, w.storedLines())
			}
		})
	}
}

// More than one rotation may pass while no server runs.
func TestRotatedTwiceMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.add("app.log", "older\n")
	w.watched(w.path("app.log"))
	w.add("app.log", "a\n")
	w.expect("a")
	w.add("app.log.9", "of a rotation before\n")
	w.add("app.log.conf", "no log\n")
	w.stop()
	w.add("app.log", "b\n")
	w.rename("app.log", "app.log.3")
	w.add("app.log.2", "c\n")
	w.add("app.log.1", "d\n")
	w.add("app.log", "e\n")
	for i, name := range []string{"app.log.9", "app.log.3", "app.log.2", "app.log.1", "app.log", "app.log.conf"} {
		at := time.Now().Add(time.Duration(i-10) * time.Second)
		if err := os.Chtimes(w.path(name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	w.expect("a", "b", "c", "d", "e")
	if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(w.lines, want) {
		t.Errorf("the order is %q", w.lines)
	}
	w.stop()
	w.start()
	w.add("app.log", "f\n")
	w.expect("a", "b", "c", "d", "e", "f")
}

func TestLongLinesAreCut(t *testing.T) {
	w := newWorld(t)
	w.source.MaxLine = 10
	w.start()
	w.watched(w.path("app.log"))
	w.add("app.log", "0123456789\n0123456789abcdef\nshort\n12345678€\n123456789€")
	w.expect("0123456789", "0123456789", "short", "12345678", "123456789")
	w.stop() // within a line that is too long
	w.add("app.log", "more and more of it")
	w.start()
	w.add("app.log", " to its end\nnext\n")
	w.expect("0123456789", "0123456789", "short", "12345678", "123456789", "next")
}

func TestManyRulesOfWhichSomeGo(t *testing.T) {
	w := newWorld(t)
	w.start()
	names := []string{"a.log", "b.log", "c.log"}
	refs := map[string]string{}
	for _, name := range names {
		refs[name] = w.watched(w.path(name))
	}
	for _, name := range names {
		w.add(name, "of "+name+"\n")
	}
	w.expect("of a.log", "of b.log", "of c.log")
	w.update(func(tx *store.Tx) error { return w.router.Release(t.Context(), tx, refs["b.log"]) })
	w.await("the rule to go", func() bool { _, still := w.cursor.Tails[refs["b.log"]]; return !still })
	w.add("b.log", "unheard\n")
	w.add("c.log", "again\n")
	w.expect("of a.log", "of b.log", "of c.log", "again")

	w.watched(w.path("b.log")) // made anew, it begins at the end
	w.add("b.log", "heard\n")
	w.expect("of a.log", "of b.log", "of c.log", "again", "heard")
}

// A file that left is let go when it is quiet; a last line without newline counts then.
func TestLeftFileIsLetGo(t *testing.T) {
	w := newWorld(t)
	w.source.Linger = 30 * time.Millisecond
	w.start()
	w.watched(w.path("app.log"))
	w.add("app.log", "a\nno newline")
	w.expect("a")
	w.rename("app.log", "app.log.1")
	w.add("app.log", "b\n")
	w.expect("a", "b", "no newline")
	w.await("the old file to be let go", func() bool { return len(w.cursor.inodes()) == 1 })
}

func TestLargeBacklogComesInBatches(t *testing.T) {
	w := newWorld(t)
	w.watchedLater("app.log")
	var text strings.Builder
	want := []string{}
	for i := range 1000 {
		line := "line " + strings.Repeat("x", i%700) + string(rune('a'+i%26))
		text.WriteString(line + "\n")
		want = append(want, line)
	}
	w.add("app.log", text.String())
	w.start()
	w.expect(want...)
	if !slices.Equal(w.lines, want) {
		t.Error("the lines came in another order")
	}
}

// One file that is written to without end does not keep the lines of others waiting.
func TestBusyFileLeavesRoomForOthers(t *testing.T) {
	w := newWorld(t)
	w.start()
	busy, other := "a.log", "b.log"
	if w.watched(w.path(busy)) > w.watched(w.path(other)) {
		busy, other = other, busy // the first in order is the busy one
	}
	w.stop()
	const many = 20 * batchEvents
	w.add(busy, strings.Repeat("again\n", many))
	w.add(other, "rare\n")
	w.start()
	w.await("all lines", func() bool { return len(w.lines) == many+1 })
	if at := slices.Index(w.lines, "rare"); at > 2*batchEvents {
		t.Errorf("the line of the other file came after %d of the busy one's", at)
	}
}

// watchedLater leaves a file watched whose sensor does not run.
func (w *world) watchedLater(name string) {
	w.t.Helper()
	w.start()
	w.watched(w.path(name))
	w.stop()
}

func TestPathsWithoutLines(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.rule(w.dir) // a folder
	w.update(func(tx *store.Tx) error {
		return tx.Triggers().Put(t.Context(), &core.Trigger{ID: core.DeriveID("x"), Pack: "linux", Name: "odd", Type: lineType, Parameters: json.RawMessage(`{"file_path":7}`)})
	})
	w.watched(w.path("app.log"))
	w.add("app.log", "fine\n")
	w.expect("fine")
}
