package backendtest

import (
	"fmt"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

var counters = []promise{
	{"add sums and reads as decimal text", addSums},
	{"add never conflicts", addNeverConflicts},
	{"put and delete change a counter", putChangesCounter},
	{"add to text is refused", addToText},
}

func addSums(s *subject) {
	s.must(backend.Add("c/n", 5))
	v := s.must(backend.Add("c/n", -7), backend.Add("c/m", 0))
	s.holds("c/n", "-2")
	s.holds("c/m", "0")
	same(s, "version", s.get("c/n").Version, v)
	s.crash()
	s.must(backend.Add("c/n", 12))
	s.holds("c/n", "10")
}

func addNeverConflicts(s *subject) {
	const writers, each = 8, 50
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				if _, err := s.Apply(s.ctx, backend.Relaxed, backend.Add("c/n", 1), backend.Add(fmt.Sprintf("c/%d", w), 2)); err != nil {
					s.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s.holds("c/n", fmt.Sprint(writers*each))
	s.holds("c/0", fmt.Sprint(2*each))
}

func putChangesCounter(s *subject) {
	s.must(backend.Add("c/n", 5))
	s.must(put("c/n", "100"))
	s.must(backend.Add("c/n", 1))
	s.holds("c/n", "101")
	s.must(backend.Delete("c/n").If(s.get("c/n").Version))
	s.must(backend.Add("c/n", 1))
	s.holds("c/n", "1")
}

func addToText(s *subject) {
	s.must(put("c/text", "hello"))
	_, err := s.Apply(s.ctx, backend.Wait, put("c/a", "x"), backend.Add("c/text", 1))
	same(s, "kind", core.KindOf(err), core.Invalid)
	s.holds("c/text", "hello")
	s.holds("c/a", "")
}
