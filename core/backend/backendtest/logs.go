package backendtest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

var logs = []promise{
	{"entries come in order", logOrder},
	{"from is excluded", logFrom},
	{"a follower misses nothing", logFollower},
	{"a conflict leaves no entry", logConflict},
	{"trim", logTrim},
	{"ids go on after a reopen", logReopen},
	{"a log holds no documents", logHoldsNoDocuments},
}

func logOrder(s *subject) {
	s.must(backend.Append("log", []byte("1")))
	v := s.must(backend.Append("log", []byte("2")), put("c/a", "x"), backend.Append("other", []byte("x")), backend.Append("log", []byte("3")))
	if _, err := s.Apply(s.ctx, backend.Relaxed, backend.Append("log", []byte("4"))); err != nil {
		s.Fatal(err)
	}
	es := s.scan(backend.Range{Collection: "log"})
	same(s, "values", valuesOf(es), "1234")
	for i, e := range es {
		same(s, "key", e.Key, fmt.Sprintf("log/%016x", uint64(e.Version)))
		if i > 0 && e.Version <= es[i-1].Version {
			s.Fatalf("version %d after %d", e.Version, es[i-1].Version)
		}
	}
	if es[2].Version > v {
		s.Fatalf("entry %d is above its Apply's version %d", es[2].Version, v)
	}
	same(s, "a Get of an entry", s.get(es[1].Key), es[1])
	same(s, "reverse", valuesOf(s.scan(backend.Range{Collection: "log", Reverse: true})), "4321")
	same(s, "limit", valuesOf(s.scan(backend.Range{Collection: "log", Limit: 2})), "12")
}

func valuesOf(es []backend.Entry) string {
	var b strings.Builder
	for _, e := range es {
		b.Write(e.Value)
	}
	return b.String()
}

func rest(e backend.Entry) string { return e.Key[strings.Index(e.Key, "/")+1:] }

func logFrom(s *subject) {
	for i := range 5 {
		s.must(backend.Append("log", fmt.Append(nil, i)))
	}
	es := s.scan(backend.Range{Collection: "log"})
	same(s, "from", valuesOf(s.scan(backend.Range{Collection: "log", From: rest(es[1])})), "234")
	same(s, "to", valuesOf(s.scan(backend.Range{Collection: "log", To: rest(es[3])})), "012")
	same(s, "both", valuesOf(s.scan(backend.Range{Collection: "log", From: rest(es[1]), To: rest(es[3])})), "2")
	same(s, "reverse", valuesOf(s.scan(backend.Range{Collection: "log", From: rest(es[1]), Reverse: true})), "432")
	same(s, "at the end", valuesOf(s.scan(backend.Range{Collection: "log", From: rest(es[4])})), "")
	same(s, "from before all", valuesOf(s.scan(backend.Range{Collection: "log", From: "0"})), "01234")
}

// logFollower reads on after the last key it saw while writers append.
func logFollower(s *subject) {
	const writers, each = 4, 60
	var wg sync.WaitGroup
	defer wg.Wait()
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				mode := backend.Mode(i % 2)
				if _, err := s.Apply(s.ctx, mode, backend.Append("log", fmt.Appendf(nil, "%d-%d", w, i))); err != nil {
					s.Error(err)
				}
			}
		})
	}
	next := make([]int, writers)
	from := ""
	for seen := 0; seen < writers*each; {
		for _, e := range s.scan(backend.Range{Collection: "log", From: from, Limit: 7}) {
			var w, i int
			if _, err := fmt.Sscanf(string(e.Value), "%d-%d", &w, &i); err != nil || next[w] != i {
				s.Fatalf("read %s, and %d is the next of this writer", e.Value, next[w])
			}
			next[w]++
			seen++
			from = rest(e)
		}
		if s.ctx.Err() != nil {
			s.Fatalf("saw %d of %d entries", seen, writers*each)
		}
	}
}

func logConflict(s *subject) {
	s.fails(backend.ErrConflict, backend.Append("log", []byte("x")), backend.Check("c/a", 9))
	same(s, "entries", len(s.scan(backend.Range{Collection: "log"})), 0)
}

func logTrim(s *subject) {
	s.must(backend.Trim("log", 1<<40)) // no such log: nothing to forget
	for i := range 6 {
		s.must(backend.Append("log", fmt.Append(nil, i)))
	}
	es := s.scan(backend.Range{Collection: "log"})
	s.must(backend.Trim("log", es[1].Version))
	same(s, "once", valuesOf(s.scan(backend.Range{Collection: "log"})), "2345")
	s.must(backend.Trim("log", es[0].Version))
	same(s, "backwards", valuesOf(s.scan(backend.Range{Collection: "log"})), "2345")
	s.must(backend.Trim("log", es[3].Version), backend.Append("log", []byte("6")))
	same(s, "with an append", valuesOf(s.scan(backend.Range{Collection: "log"})), "456")
	s.crash()
	s.must(backend.Trim("log", es[4].Version))
	same(s, "after a reopen", valuesOf(s.scan(backend.Range{Collection: "log"})), "56")
	s.must(backend.Trim("log", 1<<63))
	same(s, "everything", valuesOf(s.scan(backend.Range{Collection: "log"})), "")
	s.must(backend.Append("log", []byte("7")))
	es = s.scan(backend.Range{Collection: "log"})
	same(s, "afterwards", valuesOf(es), "7")
	s.must(backend.Trim("log", es[0].Version))
	same(s, "what came after everything", valuesOf(s.scan(backend.Range{Collection: "log"})), "")
}

func logReopen(s *subject) {
	s.must(backend.Append("log", []byte("0")))
	s.must(backend.Append("log", []byte("1")))
	from := rest(s.scan(backend.Range{Collection: "log"})[0])
	s.crash()
	s.must(backend.Append("log", []byte("2")))
	same(s, "from is excluded still", valuesOf(s.scan(backend.Range{Collection: "log", From: from})), "12")
}

func logHoldsNoDocuments(s *subject) {
	s.must(backend.Append("log", []byte("0")), put("c/a", "x"))
	s.crash()
	for name, op := range map[string]backend.Op{
		"put in a log":           put("log/x", "x"),
		"add in a log":           backend.Add("log/x", 1),
		"delete in a log":        backend.Delete("log/x"),
		"append to a collection": backend.Append("c", []byte("x")),
	} {
		_, err := s.Apply(s.ctx, backend.Wait, op)
		same(s, name, core.KindOf(err), core.Invalid)
	}
}
