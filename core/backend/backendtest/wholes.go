package backendtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/petrelhq/petrel/core/backend"
)

var wholes = []promise{
	{"random steps agree with a model", agreesWithModel},
	{"guarded changes are one history", oneHistory},
	{"creations and deletions alternate", alternate},
	{"work flows through once", worksOnce},
}

// oneHistory lets writers move three documents by guarded Puts, each with a counter
// and a log entry, and then finds every success exactly once in all four places.
func oneHistory(s *subject) {
	const writers, each, docs = 6, 40, 3
	var successes [docs]atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				d := (w + i) % docs
				if s.moveOn(fmt.Sprintf("c/%d", d), backend.Mode(i%2)) {
					successes[d].Add(1)
				}
			}
		})
	}
	wg.Wait()
	heads := map[string]int{}
	for _, e := range s.scan(backend.Range{Collection: "log"}) {
		var key string
		var n int
		if _, err := fmt.Sscan(string(e.Value), &key, &n); err != nil || n != heads[key]+1 {
			s.Fatalf("the log says %q after %d", e.Value, heads[key])
		}
		heads[key] = n
	}
	var total int64
	for d := range docs {
		key, n := fmt.Sprintf("c/%d", d), successes[d].Load()
		s.holds(key, fmt.Sprint(n))
		same(s, "log of "+key, heads[key], int(n))
		total += n
	}
	s.holds("n/total", fmt.Sprint(total))
}

// moveOn adds one to a document by version, and reports whether nobody was faster.
func (s *subject) moveOn(key string, m backend.Mode) bool {
	es, err := s.Get(s.ctx, key)
	if err != nil {
		s.Error(err)
		return false
	}
	n, _ := strconv.Atoi(string(es[0].Value))
	next := strconv.Itoa(n + 1)
	_, err = s.Apply(s.ctx, m, put(key, next).If(es[0].Version),
		backend.Add("n/total", 1), backend.Append("log", []byte(key+" "+next)))
	if err != nil && err != backend.ErrConflict {
		s.Errorf("Apply: %v", err)
	}
	return err == nil
}

// alternate lets some create one document where there is none and others delete it
// where there is one, as slots of a concurrency policy come and go.
func alternate(s *subject) {
	const key, writers, each = "slot/1", 3, 200
	var created, deleted atomic.Int64
	var wg sync.WaitGroup
	try := func(n *atomic.Int64, op backend.Op) {
		switch _, err := s.Apply(s.ctx, backend.Relaxed, op); err {
		case nil:
			n.Add(1)
		case backend.ErrConflict:
		default:
			s.Error(err)
		}
	}
	for range writers {
		wg.Go(func() {
			for range each {
				try(&created, put(key, "x").If(0))
			}
		})
		wg.Go(func() {
			for range each {
				if es, err := s.Get(s.ctx, key); err == nil && es[0].Version != 0 {
					try(&deleted, backend.Delete(key).If(es[0].Version))
				}
			}
		})
	}
	wg.Wait()
	left := created.Load() - deleted.Load()
	if there := s.get(key).Version != 0; left < 0 || left > 1 || there != (left == 1) {
		s.Fatalf("created %d times, deleted %d times, there: %v", created.Load(), deleted.Load(), there)
	}
}

// worksOnce passes items through two queues, grouped, by workers that fail at times:
// each must come out once, and no group may have two holders.
func worksOnce(s *subject) {
	const items, groups, workers = 90, 5, 4
	for i := range items {
		s.must(pushGroup("in", fmt.Sprint(i), fmt.Sprint(i%groups)))
	}
	w := worker{subject: s, items: items}
	w.ctx, w.stop = context.WithCancel(s.ctx)
	defer w.stop()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { w.run("in", w.pass) })
		wg.Go(func() { w.run("out", w.finish) })
	}
	wg.Wait()
	same(s, "finished", len(s.scan(backend.Range{Collection: "done"})), items)
	s.holds("n/done", fmt.Sprint(items))
	s.idle("in")
	s.idle("out")
}

type worker struct {
	*subject
	ctx      context.Context
	stop     func()
	items    int
	holders  sync.Map // group → held
	finished atomic.Int64
}

func (w *worker) run(queue string, step func(ds []backend.Delivery) []backend.Op) {
	for {
		ds, err := w.Pull(w.ctx, queue, 3)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			w.Errorf("Pull: %v", err)
			return
		}
		w.hold(ds)
		ops := step(ds)
		w.letGo(ds)
		if _, err := w.Apply(w.subject.ctx, backend.Relaxed, ops...); err != nil {
			w.Errorf("Apply: %v", err)
		}
		if w.finished.Load() == int64(w.items) {
			w.stop()
		}
	}
}

func (w *worker) hold(ds []backend.Delivery) {
	mine := map[string]bool{}
	for _, d := range ds {
		key := d.Queue + "/" + d.Group
		if _, held := w.holders.LoadOrStore(key, true); d.Group != "" && held && !mine[key] {
			w.Errorf("group %s has two holders", key)
		}
		mine[key] = true
	}
}

func (w *worker) letGo(ds []backend.Delivery) {
	for _, d := range ds {
		w.holders.Delete(d.Queue + "/" + d.Group)
	}
}

// pass fails every third item once.
func (w *worker) pass(ds []backend.Delivery) []backend.Op {
	var ops []backend.Op
	for _, d := range ds {
		if n, _ := strconv.Atoi(d.ID); n%3 == 0 && d.Attempt == 1 {
			ops = append(ops, backend.Retry(d, 0))
			continue
		}
		ops = append(ops, backend.Ack(d), push("out", d.ID, 0))
	}
	return ops
}

func (w *worker) finish(ds []backend.Delivery) []backend.Op {
	w.finished.Add(int64(len(ds)))
	ops := []backend.Op{backend.Add("n/done", int64(len(ds)))}
	for _, d := range ds {
		ops = append(ops, backend.Ack(d), put("done/"+d.ID, "x").If(0))
	}
	return ops
}
