package cli

import (
	"sync"
	"time"
)

// dotEvery is how often a wait says that it is alive; a shorter wait says nothing.
const dotEvery = 2 * time.Second

// dots prints a dot now and then until the returned function is called. Documents stay clean.
func (s *session) dots() (stop func()) {
	if s.document() {
		return func() {}
	}
	done := make(chan struct{})
	var printing sync.WaitGroup
	printing.Go(func() {
		ticks := time.NewTicker(dotEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				s.printf(".")
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		printing.Wait()
	}
}
