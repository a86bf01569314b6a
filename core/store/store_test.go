package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a store over a real local backend.
func open(t *testing.T) *store.Store {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return store.New(b, time.Now)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put stores executions in one Tx.
func put(t *testing.T, s *store.Store, xs ...*core.Execution) {
	t.Helper()
	must(t, s.Update(t.Context(), store.Relaxed, func(tx *store.Tx) error {
		for _, x := range xs {
			if err := tx.Executions().Put(t.Context(), x); err != nil {
				return err
			}
		}
		return nil
	}))
}

func execution(n int, status core.Status, action, user string) *core.Execution {
	x := &core.Execution{ID: core.DeriveID("test", fmt.Sprint(n)), Action: action, Runner: "noop", Start: core.Time(1000 + n)}
	x.Context.User = user
	x.Move(status, x.Start)
	return x
}

func TestTxReadsItsOwnWrites(t *testing.T) {
	s := open(t)
	tx := s.Begin()
	must(t, tx.Executions().Create(execution(1, core.Requested, "core.noop", "ada")))
	x, err := tx.Executions().Get(t.Context(), core.DeriveID("test", "1"))
	must(t, err)
	x.Move(core.Scheduled, 5)
	must(t, tx.Executions().Put(t.Context(), x))
	must(t, tx.Commit(t.Context(), store.Wait))
	got, err := s.Executions().Get(t.Context(), x.ID)
	must(t, err)
	if got.Status != core.Scheduled || len(got.Log) != 2 {
		t.Errorf("stored status %s with log %v, want scheduled after two changes", got.Status, got.Log)
	}
	for status, want := range map[core.Status]int{core.Requested: 0, core.Scheduled: 1} {
		n, err := s.Executions().Count(t.Context(), store.Is{Index: store.ByStatus, Value: string(status)})
		must(t, err)
		if n != want {
			t.Errorf("%d executions counted as %s, want %d", n, status, want)
		}
	}
}

func TestCreateOfAnExistingDocumentConflicts(t *testing.T) {
	s := open(t)
	put(t, s, execution(1, core.Running, "core.noop", "ada"))
	tx := s.Begin()
	must(t, tx.Executions().Create(execution(1, core.Failed, "core.noop", "ada")))
	if err := tx.Commit(t.Context(), store.Wait); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("commit = %v, want a conflict", err)
	}
	x, err := s.Executions().Get(t.Context(), core.DeriveID("test", "1"))
	must(t, err)
	if x.Status != core.Running {
		t.Errorf("the refused write left status %s", x.Status)
	}
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	s := open(t)
	put(t, s, execution(1, core.Running, "core.noop", "ada"))
	id := core.DeriveID("test", "1")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				err := s.Update(context.Background(), store.Relaxed, func(tx *store.Tx) error {
					x, err := tx.Executions().Get(context.Background(), id)
					if err != nil {
						return err
					}
					x.OutputChunks++
					return tx.Executions().Put(context.Background(), x)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	x, err := s.Executions().Get(t.Context(), id)
	must(t, err)
	if x.OutputChunks != 160 {
		t.Errorf("%d of 160 increments arrived", x.OutputChunks)
	}
}

func TestKnownSparesTheReadAndStillGuards(t *testing.T) {
	s := open(t)
	x := execution(1, core.Running, "core.noop", "ada")
	var version store.Version
	tx := s.Begin()
	must(t, tx.Executions().Create(x))
	tx.After(func(v store.Version) { version = v })
	must(t, tx.Commit(t.Context(), store.Wait))

	next := *x
	next.Move(core.Succeeded, 9)
	tx = s.Begin()
	tx.Executions().Known(x, version)
	must(t, tx.Executions().Put(t.Context(), &next))
	must(t, tx.Commit(t.Context(), store.Wait))

	tx = s.Begin()
	tx.Executions().Known(x, version) // out of date by now
	must(t, tx.Executions().Put(t.Context(), x))
	if err := tx.Commit(t.Context(), store.Wait); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a write over a newer state = %v, want a conflict", err)
	}
}

// TestListsAgreeWithAScan holds every kind of query against a plain filter in memory.
func TestListsAgreeWithAScan(t *testing.T) {
	s := open(t)
	r := rand.New(rand.NewPCG(1, 2))
	statuses := []core.Status{core.Running, core.Succeeded, core.Failed}
	actions := []string{"core.noop", "core.local", "linux.cp"}
	users := []string{"ada", "bob", "stanley"}
	var all []*core.Execution
	for n := range 3000 {
		x := execution(n/2, statuses[r.IntN(3)], actions[r.IntN(3)], users[min(r.IntN(20), 2)])
		x.ID = core.DeriveID("test", fmt.Sprint("list", n))
		if n%3 == 0 {
			x.Parent = "p" + fmt.Sprint(n%5)
		}
		all = append(all, x)
	}
	for chunk := range slices.Chunk(all, 500) {
		put(t, s, chunk...)
	}
	for _, x := range all[:700] { // status changes must move index entries and counts
		x.Move(core.Canceled, x.Start+7)
	}
	put(t, s, all[:700]...)

	queries := []store.Query{
		{Limit: 50}, {Limit: 50, Oldest: true}, {Limit: 20, Offset: 90},
		{Where: []store.Is{{Index: store.ByStatus, Value: "canceled"}}, Limit: 30, Offset: 10},
		{Where: []store.Is{{Index: store.ByStatus, Value: "failed"}, {Index: store.ByAction, Value: "linux.cp"}}},
		{Where: []store.Is{{Index: store.ByStatus, Value: "failed"}, {Index: store.ByUser, Value: "ada"}, {Index: store.ByParent, Value: ""}}, Oldest: true},
		{Where: []store.Is{{Index: store.ByParent, Value: "p0"}, {Index: store.ByUser, Value: "bob"}}, Limit: 5, Offset: 2},
		{Where: []store.Is{{Index: store.ByParent, Value: "p0"}}, From: 1300, To: 1900},
		{Where: []store.Is{{Index: store.ByAction, Value: "core.local"}, {Index: store.ByStatus, Value: "running"}}, From: 1500, Limit: 7},
		{Where: []store.Is{{Index: store.ByAction, Value: "no.such"}, {Index: store.ByStatus, Value: "running"}}},
		{Where: []store.Is{{Index: store.ByAction, Value: "no.such"}}},
	}
	for _, q := range queries {
		want, wantTotal := plain(all, q)
		got, total, err := s.Executions().List(t.Context(), q)
		must(t, err)
		ids := []string{}
		for _, x := range got {
			ids = append(ids, x.ID)
		}
		if !slices.Equal(ids, want) || total != wantTotal {
			t.Errorf("query %+v: got %d of %d, want %d of %d; or another order", q, len(ids), total, len(want), wantTotal)
		}
	}
}

// plain answers a query by filtering and sorting everything.
func plain(all []*core.Execution, q store.Query) ([]string, int) {
	var hits []*core.Execution
	for _, x := range all {
		if matches(x, q) {
			hits = append(hits, x)
		}
	}
	slices.SortFunc(hits, func(a, b *core.Execution) int {
		c := int(a.Start - b.Start)
		if c == 0 {
			c = bytes.Compare([]byte(a.ID), []byte(b.ID))
		}
		if !q.Oldest {
			c = -c
		}
		return c
	})
	total := len(hits)
	hits = hits[min(q.Offset, total):]
	if q.Limit > 0 {
		hits = hits[:min(q.Limit, len(hits))]
	}
	ids := []string{}
	for _, x := range hits {
		ids = append(ids, x.ID)
	}
	return ids, total
}

func matches(x *core.Execution, q store.Query) bool {
	for _, w := range q.Where {
		value := map[string]string{
			store.ByStatus: string(x.Status), store.ByAction: x.Action,
			store.ByUser: x.Context.User, store.ByParent: x.Parent,
		}[w.Index]
		if value != w.Value {
			return false
		}
	}
	return (q.From == 0 || x.Start >= q.From) && (q.To == 0 || x.Start < q.To)
}

func TestKeysetPagingSeesEverythingOnce(t *testing.T) {
	s := open(t)
	for n := range 120 {
		put(t, s, execution(n, core.Succeeded, "core.noop", "ada"))
	}
	for _, oldest := range []bool{true, false} {
		seen := map[string]bool{}
		for q := (store.Query{Limit: 7, Oldest: oldest}); ; {
			page, total, err := s.Executions().List(t.Context(), q)
			must(t, err)
			if total != 120 {
				t.Fatalf("total %d, want 120", total)
			}
			if len(page) == 0 {
				break
			}
			for _, x := range page {
				if seen[x.ID] {
					t.Fatalf("%s came twice", x.ID)
				}
				seen[x.ID] = true
			}
			q.After = s.Executions().Mark(page[len(page)-1])
		}
		if len(seen) != 120 {
			t.Errorf("oldest=%v: saw %d of 120", oldest, len(seen))
		}
	}
}

func TestBigResultsLieBesideTheRecord(t *testing.T) {
	s := open(t)
	big, err := json.Marshal(string(bytes.Repeat([]byte("petrel "), 10<<20/7)))
	must(t, err)
	x := execution(1, core.Running, "core.local", "ada")
	must(t, s.SetResult(t.Context(), x, big))
	put(t, s, x)
	got, err := s.Executions().Get(t.Context(), x.ID)
	must(t, err)
	if len(got.Result) != 0 || got.Stored == nil || got.Stored.Size != int64(len(big)) {
		t.Fatalf("the record holds %d bytes of result and %+v", len(got.Result), got.Stored)
	}
	back, err := s.Result(t.Context(), got)
	must(t, err)
	if !bytes.Equal(back, big) {
		t.Error("the result came back different")
	}
}

func TestChangesTellOfExecutionsAndOutputInOrder(t *testing.T) {
	s := open(t)
	last, err := s.LastChange(t.Context())
	must(t, err)
	wakes, err := s.Wakes(t.Context(), store.TopicChanges)
	must(t, err)
	<-wakes // the one at the start
	x := execution(1, core.Running, "core.local", "ada")
	put(t, s, x)
	must(t, s.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		tx.PutOutput(x.ID, store.Chunk{Number: 0, Stream: "stdout", At: 7, Data: []byte("\xff\x00\nhi\n")})
		return nil
	}))
	x.Move(core.Succeeded, 8)
	must(t, s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return tx.Executions().Put(t.Context(), x) }))
	<-wakes
	changes, err := s.Changes(t.Context(), last, 100)
	must(t, err)
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprint(c.Created, " ", c.What, " ", c.Detail))
	}
	want := []string{"true execution running", "true output 0", "false execution succeeded"}
	if !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	chunks, err := s.Output(t.Context(), x.ID, 0)
	must(t, err)
	if len(chunks) != 1 || string(chunks[0].Data) != "\xff\x00\nhi\n" || chunks[0].Stream != "stdout" {
		t.Errorf("output %+v", chunks)
	}
}

func TestACachedCatalogueIsNeverStaleAtCommit(t *testing.T) {
	s := open(t)
	loads := 0
	cache := store.Cached[int]{Load: func(ctx context.Context, s *store.Store) (int, error) {
		loads++
		rules, err := s.Rules().All(ctx)
		return len(rules), err
	}}
	save := func(name string) {
		must(t, s.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
			return tx.Rules().Put(t.Context(), &core.Rule{ID: core.NewID(s.Now()), Pack: "p", Name: name})
		}))
	}
	save("one")
	tx := s.Begin()
	n, err := cache.In(t.Context(), tx)
	must(t, err)
	if n != 1 {
		t.Fatalf("cache sees %d rules, want 1", n)
	}
	must(t, tx.Executions().Create(execution(1, core.Requested, "core.noop", "ada")))
	save("two")
	if err := tx.Commit(t.Context(), store.Wait); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("commit on a stale catalogue = %v, want a conflict", err)
	}
	if n, err = cache.Now(t.Context(), s); err != nil || n != 2 {
		t.Errorf("after the change the cache sees %d rules (%v), want 2", n, err)
	}
	if _, err = cache.Now(t.Context(), s); err != nil || loads != 2 {
		t.Errorf("loaded %d times (%v), want 2", loads, err)
	}
}

func TestFindTakesReferenceOrID(t *testing.T) {
	s := open(t)
	a := &core.Action{ID: core.NewID(s.Now()), Pack: "core", Name: "st2.kv.get", Enabled: true}
	must(t, s.Update(t.Context(), store.Wait, func(tx *store.Tx) error { return tx.Actions().Put(t.Context(), a) }))
	for _, name := range []string{"core.st2.kv.get", a.ID} {
		got, err := s.Actions().Find(t.Context(), name)
		must(t, err)
		if got.Name != a.Name {
			t.Errorf("found %q by %q", got.Name, name)
		}
	}
	if _, err := s.Actions().Find(t.Context(), "core.nope"); core.KindOf(err) != core.NotFound {
		t.Errorf("error %v, want NotFound", err)
	}
}
