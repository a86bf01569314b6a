package backendtest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

var documents = []promise{
	{"missing reads as zero", missingReadsAsZero},
	{"get answers in the order asked", getInOrder},
	{"get shows one moment", getShowsOneMoment},
	{"all or nothing", allOrNothing},
	{"guards", guards},
	{"all puts of an apply share its version", sharedVersion},
	{"versions go on after delete and reopen", versionsGoOn},
	{"two ops on one key are refused", twoOpsRefused},
	{"malformed ops are refused", malformedRefused},
	{"check writes nothing", checkWritesNothing},
	{"delete of a missing document", deleteMissing},
	{"values are copied", valuesAreCopied},
	{"big and empty values", bigValues},
	{"everything answered survives a crash", survivesCrash},
	{"a done context applies nothing", doneContext},
}

func missingReadsAsZero(s *subject) {
	same(s, "missing", s.get("c/none"), backend.Entry{Key: "c/none"})
	es, err := s.Get(s.ctx)
	if err != nil || len(es) != 0 {
		s.Fatalf("Get of nothing = %v, %v", es, err)
	}
}

func getInOrder(s *subject) {
	v := s.must(put("c/b", "B"), put("c/a", "A"))
	got, err := s.Get(s.ctx, "c/a", "c/x", "c/b", "c/a")
	if err != nil {
		s.Fatal(err)
	}
	same(s, "entries", got, []backend.Entry{
		{Key: "c/a", Version: v, Value: []byte("A")}, {Key: "c/x"},
		{Key: "c/b", Version: v, Value: []byte("B")}, {Key: "c/a", Version: v, Value: []byte("A")},
	})
}

// getShowsOneMoment reads documents that are always written together.
func getShowsOneMoment(s *subject) {
	keys := make([]string, 40)
	for i := range keys {
		keys[i] = fmt.Sprintf("c/%d", i)
	}
	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		for i := range 400 {
			var ops []backend.Op
			for _, k := range keys {
				ops = append(ops, put(k, fmt.Sprint(i)))
			}
			if _, err := s.Apply(s.ctx, backend.Relaxed, ops...); err != nil {
				s.Error(err)
			}
		}
	})
	for range 400 {
		es, err := s.Get(s.ctx, keys...)
		if err != nil {
			s.Fatal(err)
		}
		for _, e := range es {
			if e.Version != es[0].Version {
				s.Fatalf("read half an Apply: versions %d and %d", es[0].Version, e.Version)
			}
		}
	}
}

func allOrNothing(s *subject) {
	s.must(put("c/a", "old"), backend.Add("c/n", 1), push("q", "leased", 0))
	d := s.pull("q", 1, "leased")[0]
	writes := []backend.Op{
		put("c/a", "new"), put("c/b", "new"), backend.Add("c/n", 1),
		backend.Append("log", []byte("x")), push("q", "new", 0), backend.Ack(d),
	}
	for _, guard := range []backend.Op{backend.Check("c/z", 7), put("c/z", "z").If(7), backend.Delete("c/z").If(7)} {
		s.fails(backend.ErrConflict, append([]backend.Op{guard}, writes...)...)
		s.fails(backend.ErrConflict, append(append([]backend.Op{}, writes...), guard)...)
	}
	s.holds("c/a", "old")
	s.holds("c/b", "")
	s.holds("c/n", "1")
	same(s, "log", len(s.scan(backend.Range{Collection: "log"})), 0)
	s.idle("q")
	s.must(backend.Ack(d))
	s.fails(backend.ErrLeaseLost, append([]backend.Op{backend.Ack(d)}, writes[:5]...)...)
	s.holds("c/b", "")
}

func guards(s *subject) {
	s.must(put("c/a", "1").If(0))
	v := s.get("c/a").Version
	s.fails(backend.ErrConflict, put("c/a", "2").If(0))
	s.fails(backend.ErrConflict, put("c/a", "2").If(v+1))
	s.fails(backend.ErrConflict, put("c/a", "2").If(v-1))
	s.fails(backend.ErrConflict, backend.Delete("c/a").If(0))
	s.fails(backend.ErrConflict, backend.Check("c/a", 0))
	s.fails(backend.ErrConflict, backend.Check("c/none", v))
	s.holds("c/a", "1")
	s.must(backend.Check("c/a", v), backend.Check("c/none", 0))
	w := s.must(put("c/a", "2").If(v))
	s.holds("c/a", "2")
	s.fails(backend.ErrConflict, backend.Delete("c/a").If(v))
	s.must(backend.Delete("c/a").If(w))
	s.holds("c/a", "")
	s.must(backend.Delete("c/a").If(0))
	s.must(put("c/a", "3").If(0))
	s.holds("c/a", "3")
}

func sharedVersion(s *subject) {
	before := s.must(put("c/z", "z"))
	v := s.must(put("c/a", "a"), backend.Append("log", []byte("x")), put("c/b", "b"), push("q", "i", 0), backend.Append("log", nil))
	same(s, "version of the first", s.get("c/a").Version, v)
	same(s, "version of the second", s.get("c/b").Version, v)
	if v <= before {
		s.Fatalf("version %d after %d", v, before)
	}
}

func versionsGoOn(s *subject) {
	last := s.must(put("c/a", "1"))
	later := func(when string) {
		s.Helper()
		v := s.must(put("c/a", "1"))
		if v <= last || s.get("c/a").Version != v {
			s.Fatalf("version %d %s, after %d", v, when, last)
		}
		last = v
	}
	later("of an overwrite")
	s.must(backend.Delete("c/a"))
	later("after a delete")
	s.crash()
	same(s, "version after a reopen", s.get("c/a").Version, last)
	later("after a reopen")
	s.must(backend.Delete("c/a"))
	s.crash()
	later("after a delete and a reopen")
}

func twoOpsRefused(s *subject) {
	ops := map[string]backend.Op{
		"put": put("c/a", "x"), "delete": backend.Delete("c/a"), "check": backend.Check("c/a", 0),
		"add": backend.Add("c/a", 1), "guarded": put("c/a", "x").If(0),
	}
	for a, first := range ops {
		for b, second := range ops {
			_, err := s.Apply(s.ctx, backend.Wait, first, put("c/other", "x"), second)
			if a == "check" && b == "check" {
				if err != nil {
					s.Errorf("equal Checks: %v, want them merged", err)
				}
				s.must(backend.Delete("c/other"))
			} else if core.KindOf(err) != core.Invalid {
				s.Errorf("%s and %s: error %v, want kind invalid", a, b, err)
			}
			s.holds("c/a", "")
			s.holds("c/other", "")
		}
	}
	s.must(push("q", "i", 0))
	d := s.pull("q", 1, "i")[0]
	_, err := s.Apply(s.ctx, backend.Wait, backend.Ack(d), backend.Retry(d, 0))
	same(s, "kind of two ends of a delivery", core.KindOf(err), core.Invalid)
	_, err = s.Apply(s.ctx, backend.Wait, backend.Check("c/a", 1), backend.Check("c/a", 2))
	same(s, "kind of two unequal Checks", core.KindOf(err), core.Invalid)
}

func malformedRefused(s *subject) {
	for name, op := range map[string]backend.Op{
		"no collection":    put("key", "x"),
		"empty collection": put("/key", "x"),
		"log with slash":   backend.Append("a/b", nil),
		"log without name": backend.Append("", nil),
		"item without id":  push("q", "", 0),
		"no queue":         push("", "i", 0),
		"unknown op":       {Kind: 99, Key: "c/a"},
	} {
		if _, err := s.Apply(s.ctx, backend.Wait, put("c/a", "x"), op); core.KindOf(err) != core.Invalid {
			s.Errorf("%s: error %v, want kind invalid", name, err)
		}
	}
	s.holds("c/a", "")
	if _, err := s.Pull(s.ctx, "q", 0); core.KindOf(err) != core.Invalid {
		s.Errorf("Pull of none: error %v, want kind invalid", err)
	}
	if _, err := s.Scan(s.ctx, backend.Range{Collection: "a/b"}); core.KindOf(err) != core.Invalid {
		s.Errorf("Scan of a/b: error %v, want kind invalid", err)
	}
}

func checkWritesNothing(s *subject) {
	v := s.must(put("c/a", "1"))
	s.must(backend.Check("c/a", v), backend.Check("c/none", 0))
	same(s, "document after a Check", s.get("c/a"), backend.Entry{Key: "c/a", Version: v, Value: []byte("1")})
	s.holds("c/none", "")
	same(s, "documents", len(s.scan(backend.Range{Collection: "c"})), 1)
}

func deleteMissing(s *subject) {
	s.must(backend.Delete("c/none"))
	s.holds("c/none", "")
}

func valuesAreCopied(s *subject) {
	value, body := []byte("before"), []byte("before")
	s.must(backend.Put("c/a", value), backend.Append("log", value), backend.Push(backend.Item{Queue: "q", ID: "i", Body: body}))
	copy(value, "AFTER!")
	copy(body, "AFTER!")
	s.holds("c/a", "before")
	copy(s.get("c/a").Value, "AFTER!")
	s.holds("c/a", "before")
	same(s, "log entry", string(s.scan(backend.Range{Collection: "log"})[0].Value), "before")
	same(s, "body", string(s.pull("q", 1, "i")[0].Body), "before")
}

func bigValues(s *subject) {
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 16<<10) // 256 KB
	var ops []backend.Op
	for i := range 8 {
		ops = append(ops, backend.Put(fmt.Sprintf("c/%d", i), chunk))
	}
	v := s.must(append(ops, backend.Put("c/empty", nil))...)
	s.crash()
	if got := s.get("c/7"); !bytes.Equal(got.Value, chunk) || got.Version != v {
		s.Fatalf("read %d bytes at version %d, want %d at %d", len(got.Value), got.Version, len(chunk), v)
	}
	if e := s.get("c/empty"); e.Version != v || len(e.Value) != 0 {
		s.Fatalf("empty document reads as %v", e)
	}
}

func survivesCrash(s *subject) {
	s.must(put("c/a", "1"), backend.Add("c/n", 3), backend.Append("log", []byte("x")), push("q", "i", 0))
	if _, err := s.Apply(s.ctx, backend.Relaxed, put("c/relaxed", "1")); err != nil {
		s.Fatal(err)
	}
	s.must(put("c/b", "1"))
	s.crash()
	s.holds("c/a", "1")
	s.holds("c/n", "3")
	s.holds("c/relaxed", "1")
	s.holds("c/b", "1")
	same(s, "log", len(s.scan(backend.Range{Collection: "log"})), 1)
	s.pull("q", 9, "i")
}

func doneContext(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, err := s.Apply(ctx, backend.Wait, put("c/a", "x")); err != ctx.Err() {
		s.Fatalf("Apply: %v", err)
	}
	if _, err := s.Get(ctx, "c/a"); err != ctx.Err() {
		s.Fatalf("Get: %v", err)
	}
	s.must(push("q", "i", 0))
	if _, err := s.Pull(ctx, "q", 1); err != ctx.Err() {
		s.Fatalf("Pull: %v", err)
	}
	s.holds("c/a", "")
	s.pull("q", 1, "i")
}
