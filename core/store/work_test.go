package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

// consume runs a worker until stop is called, which waits for its end.
func consume(t *testing.T, s *store.Store, do func(context.Context, *store.Tx, store.Delivery) error, giveUp func(store.Delivery, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- s.Work(ctx, store.Worker{
			Queue: store.Triggers, Mode: store.Relaxed, Log: slog.New(slog.DiscardHandler), Slots: store.Batch(16), Do: do,
			GiveUp: func(_ context.Context, _ *store.Tx, d store.Delivery, cause error) error {
				giveUp(d, cause)
				return nil
			},
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Work ended with %v", err)
		}
	})
}

func push(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	must(t, s.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		for _, id := range ids {
			tx.Push(store.Triggers, id, "", 0)
		}
		return nil
	}))
}

func TestWorkDoesEachItemOnceDespiteConflictsAndOneBadApple(t *testing.T) {
	s := open(t)
	const n = 60
	var mu sync.Mutex
	tries := map[string]int{}
	var wg sync.WaitGroup
	wg.Add(n)
	consume(t, s, func(ctx context.Context, tx *store.Tx, d store.Delivery) error {
		mu.Lock()
		tries[d.ID]++
		first := tries[d.ID] == 1
		mu.Unlock()
		if d.ID == "item-7" && first {
			panic("bad apple") // its neighbours in the batch must not notice
		}
		x := execution(0, core.Succeeded, "core.noop", d.ID)
		x.ID = core.DeriveID("work", d.ID)
		if err := tx.Executions().Create(x); err != nil {
			return err
		}
		tx.After(func(store.Version) { wg.Done() })
		return nil
	}, func(d store.Delivery, cause error) { t.Errorf("gave up %s: %v", d.ID, cause) })
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint("item-", i)
	}
	push(t, s, ids...)
	wg.Wait()
	_, total, err := s.Executions().List(t.Context(), store.Query{Limit: 1})
	must(t, err)
	if total != n {
		t.Errorf("%d executions made, want %d", total, n)
	}
}

func TestHoldKeepsADeliveryUntilItsAck(t *testing.T) {
	s := open(t)
	held := make(chan store.Delivery, 1)
	again := make(chan string, 1)
	consume(t, s, func(_ context.Context, tx *store.Tx, d store.Delivery) error {
		if d.ID == "next" {
			again <- d.ID
			return nil
		}
		tx.Hold(d)
		tx.After(func(store.Version) { held <- d })
		return nil
	}, func(d store.Delivery, cause error) { t.Errorf("gave up %s: %v", d.ID, cause) })
	push(t, s, "long")
	d := <-held
	push(t, s, "long") // deduplicated: somebody holds it
	push(t, s, "next")
	<-again
	must(t, s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { tx.Ack(d); return nil }))
	err := s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { tx.Ack(d); return nil })
	if !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("a second Ack = %v, want ErrLeaseLost", err)
	}
}

// flawed is a backend that fails now and then for a reason that nobody foresaw.
type flawed struct {
	backend.Backend
	pulls, ends atomic.Int32 // how many Pulls and ends of deliveries fail yet
}

var errFlaw = errors.New("NOPERM for a moment")

func (f *flawed) Pull(ctx context.Context, queue string, n int) ([]backend.Delivery, error) {
	if f.pulls.Add(-1) >= 0 {
		return nil, errFlaw
	}
	return f.Backend.Pull(ctx, queue, n)
}

func (f *flawed) Apply(ctx context.Context, m backend.Mode, ops ...backend.Op) (backend.Version, error) {
	for _, op := range ops {
		if op.Kind == backend.OpAck && f.ends.Add(-1) >= 0 {
			return 0, errFlaw
		}
	}
	return f.Backend.Apply(ctx, m, ops...)
}

// TestWorkKeepsWhatItPulled: what is leased to this process nobody else is given, so it comes
// again whatever went wrong.
func TestWorkKeepsWhatItPulled(t *testing.T) {
	b, err := local.Open(t.TempDir(), local.Options{Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { b.Close() })
	f := &flawed{Backend: b}
	f.pulls.Store(1)
	f.ends.Store(2) // of the batch, and of the first alone
	s := store.New(f, time.Now)
	done := make(chan string, 10)
	push(t, s, "1", "2", "3")
	consume(t, s, func(_ context.Context, tx *store.Tx, d store.Delivery) error {
		tx.After(func(store.Version) { done <- d.ID })
		return nil
	}, nil)
	for seen := map[string]bool{}; len(seen) < 3; {
		select {
		case id := <-done:
			seen[id] = true
		case <-time.After(20 * time.Second):
			t.Fatalf("only %v were done", seen)
		}
	}
}
