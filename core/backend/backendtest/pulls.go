package backendtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core/backend"
)

var pulls = []promise{
	{"a pull blocks until there is work", pullBlocks},
	{"a pull wakes for delayed work", pullDelayed},
	{"a pull wakes when delayed work is made ready", pullHastened},
	{"a pull ends with its context", pullEnds},
	{"no wake-up is lost among many pullers", manyPullers},
	{"an abandoned pull takes nothing", abandonedPull},
	{"close ends pulls and everything else", closeEnds},
}

// pullLater pulls in the background; a failed Pull yields nil.
func (s *subject) pullLater(queue string) <-chan []backend.Delivery {
	out := make(chan []backend.Delivery, 1)
	b := s.Backend
	go func() {
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		ds, err := b.Pull(ctx, queue, 10)
		if err != nil {
			s.Errorf("Pull(%s): %v", queue, err)
		}
		out <- ds
	}()
	return out
}

func pullBlocks(s *subject) {
	got := s.pullLater("q")
	s.idle("other")
	s.must(push("other", "x", 0))
	s.must(push("q", "i", 0))
	same(s, "ids", idsOf(<-got), []string{"i"})
}

func pullDelayed(s *subject) {
	got := s.pullLater("q")
	s.must(push("q", "i", 30*time.Millisecond))
	same(s, "ids", idsOf(<-got), []string{"i"})
	got = s.pullLater("q")
	s.must(push("q", "late", time.Hour))
	s.must(push("q", "soon", 30*time.Millisecond)) // earlier than what the Pull waits for
	same(s, "ids", idsOf(<-got), []string{"soon"})
}

func pullHastened(s *subject) {
	s.must(push("q", "i", time.Hour))
	got := s.pullLater("q")
	s.must(push("q", "i", 0))
	same(s, "ids", idsOf(<-got), []string{"i"})
}

func pullEnds(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := s.Pull(ctx, "q", 1)
		ended <- err
	}()
	cancel()
	same(s, "error", fmt.Sprint(<-ended), context.Canceled.Error())
}

func manyPullers(s *subject) {
	const workers, items = 8, 200
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	work := func() {
		for {
			ds, err := s.Pull(ctx, "q", 1)
			if err != nil {
				return
			}
			if _, err := s.Apply(s.ctx, backend.Relaxed, backend.Ack(ds[0])); err != nil {
				s.Error(err)
			}
			mu.Lock()
			seen[ds[0].ID]++
			if len(seen) == items {
				cancel()
			}
			mu.Unlock()
		}
	}
	for range workers {
		wg.Go(work)
	}
	for i := range items {
		if _, err := s.Apply(s.ctx, backend.Relaxed, push("q", fmt.Sprint(i), time.Duration(i%3)*time.Millisecond)); err != nil {
			s.Fatal(err)
		}
	}
	wg.Wait()
	for id, n := range seen {
		if n != 1 {
			s.Errorf("item %s was delivered %d times", id, n)
		}
	}
	same(s, "items", len(seen), items)
}

// abandonedPull cancels a Pull just as work arrives, while another waits: the work
// must reach one of them.
func abandonedPull(s *subject) {
	for i := range 200 {
		ctx, cancel := context.WithCancel(s.ctx)
		pulled := make(chan []backend.Delivery, 1)
		go func() {
			ds, _ := s.Pull(ctx, "q", 1)
			pulled <- ds
		}()
		patient := s.pullLater("q")
		if i%2 == 0 {
			go cancel() // before the Push, or after
		}
		if _, err := s.Apply(s.ctx, backend.Relaxed, push("q", fmt.Sprint(i), 0)); err != nil {
			s.Fatal(err)
		}
		cancel()
		if hasty := <-pulled; len(hasty) > 0 {
			s.must(append(each(hasty, backend.Ack), push("q", "another", 0))...)
		}
		ds := <-patient
		if len(ds) == 0 {
			s.Fatal("the waiting Pull was passed over")
		}
		s.must(each(ds, backend.Ack)...)
	}
}

func closeEnds(s *subject) {
	woken, err := s.Subscribe(s.ctx, "topic")
	if err != nil {
		s.Fatal(err)
	}
	<-woken
	ended := make(chan error, 1)
	go func() {
		_, err := s.Pull(s.ctx, "q", 1)
		ended <- err
	}()
	s.idle("other")
	if err := s.Close(); err != nil {
		s.Fatalf("Close: %v", err)
	}
	s.ended(woken)
	s.closed("blocked Pull", <-ended)
	_, err = s.Apply(s.ctx, backend.Wait, put("c/a", "x"))
	s.closed("Apply", err)
	_, err = s.Get(s.ctx, "c/a")
	s.closed("Get", err)
	_, err = s.Scan(s.ctx, backend.Range{Collection: "c"})
	s.closed("Scan", err)
	_, err = s.Pull(s.ctx, "q", 1)
	s.closed("Pull", err)
	_, err = s.Subscribe(s.ctx, "topic")
	s.closed("Subscribe", err)
	s.closed("Publish", s.Publish(s.ctx, "topic"))
	if err := s.Close(); err != nil {
		s.Fatalf("second Close: %v", err)
	}
}

// ended wants a subscription closed; a wake-up or two may still lie in it, since every
// reconnect brings one.
func (s *subject) ended(woken <-chan struct{}) {
	s.Helper()
	late := time.After(patience)
	for {
		select {
		case _, open := <-woken:
			if !open {
				return
			}
		case <-late:
			s.Error("the subscription is still open")
			return
		}
	}
}

// closed wants ErrClosed itself.
func (s *subject) closed(what string, err error) {
	s.Helper()
	if err != backend.ErrClosed {
		s.Errorf("%s after Close: %v, want ErrClosed", what, err)
	}
}
