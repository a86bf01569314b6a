package redis

import (
	"log/slog"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// TestLateRequestsDoNothing: a request whose answer was given up may reach Redis long
// after its repeat, when the place it was sent from has gone on.
func TestLateRequestsDoNothing(t *testing.T) {
	server := redistest.Start(t)
	s, err := Open(t.Context(), server.URL(), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sl := <-s.slots
	send := func(number int64, ops ...backend.Op) int64 {
		t.Helper()
		sl.number = number
		e := encoder{logs: s.logs.known()}
		if err := e.all(ops); err != nil {
			t.Fatal(err)
		}
		answer, _, err := s.send(t.Context(), e.args(s.lease.current(), sl))
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	first := send(1, backend.Add("c/n", 1))
	if again := send(1, backend.Add("c/n", 1)); again != first {
		t.Errorf("a repeat answers %d, the first %d", again, first)
	}
	send(2, backend.Add("c/n", 10))
	if late := send(1, backend.Add("c/n", 1)); late != sayLate {
		t.Errorf("a late request answers %d", late)
	}
	if n := read(t, s, "c/n"); n != "11" {
		t.Errorf("counted %s, want 11", n)
	}
	latePull(t, s)
}

// latePull lets a request for work arrive after its repeat, and after the next one.
func latePull(t *testing.T, s *Store) {
	push := func(id string) {
		if _, err := s.Apply(t.Context(), backend.Wait, backend.Push(backend.Item{Queue: "q", ID: id})); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(number int64, again bool) []backend.Delivery {
		t.Helper()
		p := &puller{queue: "q", number: number, again: again}
		if !again {
			p.number--
		}
		a := s.request(p, 10)
		if a.err != nil {
			t.Fatal(a.err)
		}
		return a.ds
	}
	push("1")
	first := ask(1, false)
	if len(first) != 1 {
		t.Fatalf("the first request took %d items", len(first))
	}
	push("2")
	if again := ask(1, true); len(again) != 1 || again[0].Lease != first[0].Lease {
		t.Errorf("a repeat brings %v, the first brought %v", again, first)
	}
	if next := ask(2, false); len(next) != 1 || next[0].ID != "2" {
		t.Errorf("the next request brings %v", next)
	}
	push("3")
	ask(1, false) // late: what it took nobody would hear of
	if next := ask(3, false); len(next) != 1 || next[0].ID != "3" {
		t.Errorf("after a late request, the next brings %v", next)
	}
}

func read(t *testing.T, s *Store, key string) string {
	t.Helper()
	es, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(es[0].Value)
}

// TestForgottenLease: a process that comes back after so long that Redis has forgotten
// its lease, and with it which of its writes were done, begins anew.
func TestForgottenLease(t *testing.T) {
	server := redistest.Start(t)
	s, err := Open(t.Context(), server.URL(), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	old := s.lease.current()
	if _, err := s.evaluate(t.Context(), s.client, leave, old); err != nil {
		t.Fatal(err)
	}
	key := s.tag() + ":ended"
	if err := s.client.ZAdd(t.Context(), key, goredis.Z{Score: 1, Member: old}).Err(); err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), server.URL(), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if n, err := s.client.Exists(t.Context(), key).Result(); err != nil || n != 0 {
		t.Fatalf("the old lease is not forgotten: %d, %v", n, err)
	}
	if _, err := s.Apply(t.Context(), backend.Wait, backend.Add("c/n", 1)); err != nil {
		t.Fatal(err)
	}
	if now := s.lease.current(); now == old {
		t.Error("the write was done under a lease that Redis does not know")
	}
	if n := read(t, s, "c/n"); n != "1" {
		t.Errorf("counted %s, want 1", n)
	}
	if err := s.Beat(t.Context()); err != backend.ErrLeaseLost {
		t.Errorf("Beat: %v, want ErrLeaseLost", err)
	}
}
