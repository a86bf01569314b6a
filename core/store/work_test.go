package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/petrelhq/petrel/core"
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
