package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// Tx is one unit of work. It reads its own writes, sums what it adds to counters and
// writes each document once, as it stood last. It is for one goroutine. Nothing is
// written before Commit.
type Tx struct {
	s       *Store
	docs    map[string]*doc
	keys    []string // of docs, in the order they were first written
	adds    map[string]int64
	checks  map[string]backend.Version
	steps   []backend.Op // queue and log steps, in order
	before  []func(context.Context) error
	after   []func(backend.Version)
	memo    map[any]any
	changes int
	touched bool // the catalogue changes with this Tx
	settled bool // the current delivery was held or retried: no implied Ack
}

// doc is a document as this Tx sees it.
type doc struct {
	entry   backend.Entry // as stored
	guarded bool          // write only if it is still at entry.Version
	written bool
	deleted bool
	value   []byte
	kind    string
	before  []place // where the stored document stands in the indexes
	now     []place // where it will stand
	note    []byte  // for the change log
	object  any     // what value is the JSON of, if its kind keeps that
}

// current is the value the Tx would read now.
func (d *doc) current() ([]byte, bool) {
	if d.written {
		return d.value, !d.deleted
	}
	return d.entry.Value, d.entry.Version != 0
}

// Begin starts a unit of work.
func (s *Store) Begin() *Tx {
	return &Tx{s: s, docs: map[string]*doc{}}
}

// Time returns the present moment by the store's clock.
func (t *Tx) Time() core.Time { return t.s.Time() }

// Store returns the store the Tx works on, for reads outside of it.
func (t *Tx) Store() *Store { return t.s }

// Commit applies everything at once. Errors: backend.ErrConflict and ErrLeaseLost as
// they are, Unavailable when writes are refused. A Tx is committed at most once.
func (t *Tx) Commit(ctx context.Context, m backend.Mode) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	ops := t.ops()
	var v backend.Version
	if len(ops) > 0 {
		var err error
		if v, err = t.s.b.Apply(ctx, m, ops...); err != nil {
			if errors.Is(err, backend.ErrConflict) {
				t.s.forgetCatalogue()
			}
			return translate(err)
		}
		t.s.stats.applied(m, ops)
	}
	t.committed(ctx, v)
	return nil
}

// flush does what was left for the end of the Tx.
func (t *Tx) flush(ctx context.Context) error {
	for len(t.before) > 0 {
		f := t.before[0]
		t.before = t.before[1:]
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) committed(ctx context.Context, v backend.Version) {
	if t.touched {
		t.s.forgetCatalogue()
		t.s.Wake(ctx, TopicCatalogue)
	}
	if t.changes > 0 {
		t.s.Wake(ctx, TopicChanges)
	}
	t.keep(v)
	for _, f := range t.after {
		f(v)
	}
}

// ops turns what the Tx collected into one Apply.
func (t *Tx) ops() []backend.Op {
	ops := make([]backend.Op, 0, t.size())
	var notes []backend.Op // last, so that an execution's end is told after what it printed
	for _, key := range t.keys {
		d := t.docs[key]
		if v, ok := t.checks[key]; ok && !d.guarded {
			d.entry.Version, d.guarded = v, true // a check of what is written as well
		}
		ops = append(ops, d.op(key))
		ops = t.reindex(ops, d)
		if d.note != nil {
			t.changes++
			notes = append(notes, backend.Append(changeLog, d.note))
		}
	}
	for key, v := range t.checks {
		if d := t.docs[key]; d == nil || !d.written {
			ops = append(ops, backend.Check(key, v))
		}
	}
	for key, n := range t.adds {
		if n != 0 {
			ops = append(ops, backend.Add(key, n))
		}
	}
	return append(append(ops, t.steps...), notes...)
}

// size is about how many ops there will be: an op is large, and there are many.
func (t *Tx) size() int {
	n := len(t.steps) + len(t.checks) + len(t.adds)
	for _, key := range t.keys {
		switch d := t.docs[key]; {
		case d.kind == "":
			n++
		case d.before == nil:
			n += 2 + 2*len(d.now) // the counters of its places too
		default:
			n += 2 + 4 // what changes is its status, as a rule
		}
	}
	return n
}

func (d *doc) op(key string) backend.Op {
	op := backend.Put(key, d.value)
	if d.deleted {
		op = backend.Delete(key)
	}
	if d.guarded {
		op = op.If(d.entry.Version)
	}
	return op
}

// reindex appends what moves a document from its old places to its new ones.
func (t *Tx) reindex(ops []backend.Op, d *doc) []backend.Op {
	for _, p := range d.before {
		if !standsAt(d.now, p) {
			ops = append(ops, backend.Delete(p.key(d.kind)))
			t.count(d.kind, p, -1)
		}
	}
	for _, p := range d.now {
		if !standsAt(d.before, p) {
			ops = append(ops, backend.Put(p.key(d.kind), nil))
			t.count(d.kind, p, 1)
		}
	}
	return ops
}

func standsAt(ps []place, p place) bool {
	for i := range ps {
		if ps[i] == p {
			return true
		}
	}
	return false
}

func (t *Tx) count(kind string, p place, n int64) {
	if p.counted {
		t.add(countKey(kind, p.index, p.value), n)
	}
}

// load reads a document, once per Tx.
func (t *Tx) load(ctx context.Context, key string) (*doc, error) {
	if d, ok := t.docs[key]; ok {
		return d, nil
	}
	es, err := t.s.b.Get(ctx, key)
	if err != nil {
		return nil, translate(err)
	}
	d := &doc{entry: es[0], guarded: true}
	t.docs[key] = d
	return d, nil
}

// known remembers a document's version without reading it.
func (t *Tx) known(key string, v backend.Version) *doc {
	d := &doc{entry: backend.Entry{Key: key, Version: v}, guarded: true}
	t.docs[key] = d
	return d
}

// write marks a document for writing at commit.
func (t *Tx) write(key string, d *doc, kind string) {
	d.kind = kind
	if !d.written {
		d.written = true
		t.keys = append(t.keys, key)
	}
}

// put writes a plain document without a guard.
func (t *Tx) put(key string, value []byte) {
	d := t.docs[key]
	if d == nil {
		d = &doc{}
		t.docs[key] = d
	}
	d.value, d.deleted = value, false
	t.write(key, d, "")
}

func (t *Tx) delete(key string) {
	t.put(key, nil)
	t.docs[key].deleted = true
}

// add changes a counter.
func (t *Tx) add(key string, n int64) {
	if t.adds == nil {
		t.adds = map[string]int64{}
	}
	t.adds[key] += n
}

// check makes the commit depend on a document's version. Two checks that disagree
// are a conflict already.
func (t *Tx) check(key string, v backend.Version) error {
	if old, ok := t.checks[key]; ok && old != v {
		return backend.ErrConflict
	}
	if t.checks == nil {
		t.checks = map[string]backend.Version{}
	}
	t.checks[key] = v
	return nil
}

// Push queues work together with the state that causes it.
func (t *Tx) Push(queue, id, group string, after time.Duration) {
	t.steps = append(t.steps, backend.Push(backend.Item{Queue: queue, ID: id, Group: group, After: after}))
}

// Hold keeps a delivery leased beyond this Tx instead of ending it: the work goes on.
func (t *Tx) Hold(d backend.Delivery) {
	t.settled = true
	t.steps = append(t.steps, backend.Hold(d))
}

// Ack ends a delivery held by an earlier Tx.
func (t *Tx) Ack(d backend.Delivery) { t.steps = append(t.steps, backend.Ack(d)) }

// Retry gives a delivery back instead of ending it, to come again after the duration.
func (t *Tx) Retry(d backend.Delivery, after time.Duration) {
	t.settled = true
	t.steps = append(t.steps, backend.Retry(d, after))
}

// Before calls f at the start of Commit, which fails with f's error. What many deliveries
// of one batch add up to is written there once.
func (t *Tx) Before(f func(ctx context.Context) error) { t.before = append(t.before, f) }

// Memo returns what make made at the first call with this key: something worked out once
// within this Tx.
func (t *Tx) Memo(key any, make func() any) any {
	if t.memo == nil {
		t.memo = map[any]any{}
	}
	v, ok := t.memo[key]
	if !ok {
		v = make()
		t.memo[key] = v
	}
	return v
}

// After calls f once the Tx is committed, with the version its writes got.
func (t *Tx) After(f func(v backend.Version)) { t.after = append(t.after, f) }

// Delivery and Version are the backend's, for packages that may not import it.
type (
	Delivery = backend.Delivery
	Version  = backend.Version
)

// The modes of a commit.
const (
	Wait    = backend.Wait
	Relaxed = backend.Relaxed
)

// ErrConflict and ErrLeaseLost are the backend's, for packages that may not import it.
var (
	ErrConflict  = backend.ErrConflict
	ErrLeaseLost = backend.ErrLeaseLost
)

func notFound(what, id string) error {
	return core.Errorf(core.NotFound, "%s", fmt.Sprintf("%s %q not found", what, id))
}
