package backendtest

import (
	"github.com/petrelhq/petrel/core/backend"
)

var scans = []promise{
	{"ranges", scanRanges},
	{"a collection ends where its name ends", scanOneCollection},
	{"keys only", scanKeysOnly},
	{"pages join", scanPages},
}

func scanRanges(s *subject) {
	for _, k := range []string{"a", "b", "b/1", "b0", "c"} {
		s.must(put("x/"+k, k))
	}
	for _, c := range []struct {
		name string
		r    backend.Range
		want []string
	}{
		{"all", backend.Range{}, []string{"x/a", "x/b", "x/b/1", "x/b0", "x/c"}},
		{"from is included", backend.Range{From: "b"}, []string{"x/b", "x/b/1", "x/b0", "x/c"}},
		{"from between", backend.Range{From: "b1"}, []string{"x/c"}},
		{"to is not", backend.Range{To: "b0"}, []string{"x/a", "x/b", "x/b/1"}},
		{"from and to", backend.Range{From: "b/", To: "c"}, []string{"x/b/1", "x/b0"}},
		{"limit", backend.Range{From: "b", Limit: 2}, []string{"x/b", "x/b/1"}},
		{"reverse", backend.Range{Reverse: true}, []string{"x/c", "x/b0", "x/b/1", "x/b", "x/a"}},
		{"reverse range", backend.Range{From: "b", To: "c", Reverse: true, Limit: 2}, []string{"x/b0", "x/b/1"}},
		{"empty", backend.Range{From: "d"}, nil},
		{"turned around", backend.Range{From: "c", To: "a"}, nil},
		{"equal ends", backend.Range{From: "b", To: "b"}, nil},
	} {
		c.r.Collection = "x"
		same(s, c.name, keysOf(s.scan(c.r)), c.want)
	}
}

func scanOneCollection(s *subject) {
	s.must(put("ab/1", "x"), put("a/1", "x"), put("a-/1", "x"), put("a0/1", "x"), put("a/", "empty rest"))
	same(s, "keys", keysOf(s.scan(backend.Range{Collection: "a"})), []string{"a/", "a/1"})
	same(s, "none", len(s.scan(backend.Range{Collection: "b"})), 0)
}

func scanKeysOnly(s *subject) {
	v := s.must(put("x/a", "value"))
	same(s, "entries", s.scan(backend.Range{Collection: "x", KeysOnly: true}), []backend.Entry{{Key: "x/a", Version: v}})
	same(s, "whole", s.scan(backend.Range{Collection: "x"}), []backend.Entry{{Key: "x/a", Version: v, Value: []byte("value")}})
}

func scanPages(s *subject) {
	want := []string{"x/1", "x/2", "x/3", "x/4", "x/5"}
	for _, k := range want {
		s.must(put(k, k))
	}
	var got []string
	for from := ""; ; {
		page := keysOf(s.scan(backend.Range{Collection: "x", From: from, Limit: 2}))
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		from = page[len(page)-1][len("x/"):] + "\x00"
	}
	same(s, "pages", got, want)
}
