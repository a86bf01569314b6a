package backendtest

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core/backend"
)

// A model is what a store should be after a sequence of steps by one client.
type model struct {
	*rapid.T
	s      *subject
	prefix string // of all names, so that every run starts empty on the same store
	docs   map[string]backend.Entry
	log    []string
	items  map[string]*modelItem
	leases map[string]backend.Delivery
	clock  int // one tick per Apply
	pushes int
	last   backend.Version
}

type modelItem struct {
	id, group, body string
	ready, seq      int // ready in ticks; later than all ticks when delayed
	attempt         int
	leased          bool
	again           int // leased: the tick of a Push that came meanwhile, 0 if none
}

const far = 1 << 30

func agreesWithModel(s *subject) {
	run := 0
	rapid.Check(s.TB, func(t *rapid.T) {
		run++
		m := &model{T: t, s: s, prefix: fmt.Sprintf("r%d", run), docs: map[string]backend.Entry{},
			items: map[string]*modelItem{}, leases: map[string]backend.Delivery{}}
		t.Repeat(map[string]func(*rapid.T){
			"apply":  m.apply,
			"pull":   m.pull,
			"finish": m.finish,
			"":       m.check,
		})
	})
}

func (m *model) key(t *rapid.T) string {
	return m.prefix + "/" + rapid.StringMatching(`[ab]`).Draw(t, "key")
}

func (m *model) counter() string { return m.prefix + "/n" }

// guard draws a version that holds more often than not.
func (m *model) guard(t *rapid.T, key string) (backend.Version, bool) {
	have := m.docs[key].Version
	if rapid.IntRange(0, 3).Draw(t, "wrong guard") == 0 {
		return have + 1, false
	}
	return have, true
}

// apply draws ops on different keys, applies them to both and compares the verdicts.
func (m *model) apply(t *rapid.T) {
	m.clock++
	var ops []backend.Op
	var effects []func(v backend.Version)
	holds := true
	used := map[string]bool{}
	for range rapid.IntRange(1, 4).Draw(t, "ops") {
		op, effect, ok := m.draw(t, used)
		ops, effects = append(ops, op), append(effects, effect)
		holds = holds && ok
	}
	v, err := m.s.Apply(m.s.ctx, backend.Relaxed, ops...)
	if want := verdict(holds); err != want {
		t.Fatalf("Apply of %d ops: error %v, want %v", len(ops), err, want)
	}
	if err != nil {
		return
	}
	for _, effect := range effects {
		effect(v)
	}
	if v < m.last {
		t.Fatalf("version %d after %d", v, m.last)
	}
	m.last = v
}

func verdict(holds bool) error {
	if holds {
		return nil
	}
	return backend.ErrConflict
}

// draw returns an op, what it does to the model, and whether its guard holds.
func (m *model) draw(t *rapid.T, used map[string]bool) (backend.Op, func(backend.Version), bool) {
	kind := rapid.SampledFrom([]string{"put", "delete", "check", "add", "append", "push", "push"}).Draw(t, "kind")
	key := m.key(t)
	if kind == "add" {
		key = m.counter()
	}
	if kind != "append" && kind != "push" {
		if used[key] {
			kind = "append"
		}
		used[key] = true
	}
	switch kind {
	case "append":
		return m.drawAppend(t)
	case "push":
		return m.drawPush(t)
	case "add":
		n := rapid.Int64Range(-5, 5).Draw(t, "n")
		return backend.Add(key, n), func(v backend.Version) { m.add(key, n, v) }, true
	}
	return m.drawDoc(t, kind, key)
}

func (m *model) drawDoc(t *rapid.T, kind, key string) (backend.Op, func(backend.Version), bool) {
	guard, ok := m.guard(t, key)
	guarded := rapid.Bool().Draw(t, "guarded")
	if kind == "check" {
		return backend.Check(key, guard), func(backend.Version) {}, ok
	}
	value := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "value")
	op, effect := backend.Put(key, value), func(v backend.Version) { m.docs[key] = backend.Entry{Key: key, Version: v, Value: value} }
	if kind == "delete" {
		op, effect = backend.Delete(key), func(backend.Version) { delete(m.docs, key) }
	}
	if guarded {
		return op.If(guard), effect, ok
	}
	return op, effect, true
}

func (m *model) drawAppend(t *rapid.T) (backend.Op, func(backend.Version), bool) {
	value := rapid.StringN(1, 10, 20).Draw(t, "entry")
	return backend.Append(m.prefix+"log", []byte(value)), func(backend.Version) { m.log = append(m.log, value) }, true
}

func (m *model) drawPush(t *rapid.T) (backend.Op, func(backend.Version), bool) {
	i := &modelItem{id: rapid.StringMatching(`[a-f]`).Draw(t, "id"), group: rapid.StringMatching(`[gh]?`).Draw(t, "group"),
		body: rapid.String().Draw(t, "body"), ready: m.clock}
	op := backend.Item{Queue: m.prefix, ID: i.id, Group: i.group, Body: []byte(i.body)}
	if rapid.Bool().Draw(t, "delayed") {
		i.ready, op.After = far, time.Hour
	}
	return backend.Push(op), func(backend.Version) { m.push(i) }, true
}

func (m *model) add(key string, n int64, v backend.Version) {
	old, _ := strconv.ParseInt(string(m.docs[key].Value), 10, 64)
	m.docs[key] = backend.Entry{Key: key, Version: v, Value: strconv.AppendInt(nil, old+n, 10)}
}

func (m *model) push(i *modelItem) {
	m.pushes++
	i.seq = m.pushes
	switch old := m.items[i.id]; {
	case old == nil:
		m.items[i.id] = i
	case old.leased && old.again == 0:
		old.again = i.ready
	case old.leased:
		old.again = min(old.again, i.ready)
	default:
		old.ready = min(old.ready, i.ready)
	}
}

// due returns what a Pull of max items should deliver.
func (m *model) due(max int) []*modelItem {
	var ready, out []*modelItem
	held := map[string]bool{"": false}
	for _, i := range m.items {
		if i.leased && i.group != "" {
			held[i.group] = true
		} else if !i.leased && i.ready < far {
			ready = append(ready, i)
		}
	}
	sort.Slice(ready, func(a, b int) bool {
		x, y := ready[a], ready[b]
		return x.ready < y.ready || (x.ready == y.ready && x.seq < y.seq)
	})
	for _, i := range ready {
		if held[i.group] || slices.Contains(out, i) {
			continue
		}
		unit := []*modelItem{i}
		if i.group != "" {
			unit = slices.DeleteFunc(slices.Clone(ready), func(o *modelItem) bool { return o.group != i.group })
		}
		if len(out) >= max || (len(out) > 0 && len(out)+len(unit) > max) {
			break
		}
		out = append(out, unit...)
	}
	return out
}

func (m *model) pull(t *rapid.T) {
	max := rapid.IntRange(1, 4).Draw(t, "max")
	want := m.due(max)
	if len(want) == 0 {
		t.Skip("nothing is ready")
	}
	got, err := m.s.Pull(m.s.ctx, m.prefix, max)
	if err != nil || len(got) != len(want) {
		t.Fatalf("Pull(%d) = %v, %v; want %d items", max, idsOf(got), err, len(want))
	}
	for n, i := range want {
		i.leased = true
		i.attempt++
		d := got[n]
		if d.ID != i.id || d.Group != i.group || string(d.Body) != i.body || d.Attempt != i.attempt {
			t.Fatalf("delivery %d is %+v, want %+v", n, d, *i)
		}
		m.leases[i.id] = d
	}
}

// finish ends one delivery, by an Ack, a Retry or an Ack with a new Push.
func (m *model) finish(t *rapid.T) {
	if len(m.leases) == 0 {
		t.Skip("nothing is leased")
	}
	m.clock++
	var ids []string
	for id := range m.leases {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(t, "leased id")
	d, i := m.leases[id], m.items[id]
	delete(m.leases, id)
	var ops []backend.Op
	switch how := rapid.SampledFrom([]string{"ack", "retry", "delay", "renew"}).Draw(t, "how"); how {
	case "retry", "delay":
		ops = []backend.Op{m.retry(d, i, how == "delay")}
	case "renew":
		delete(m.items, id)
		op, effect, _ := m.drawPush(t)
		effect(0)
		ops = []backend.Op{op, backend.Ack(d)}
	default:
		delete(m.items, id)
		ops = []backend.Op{backend.Ack(d)}
	}
	if _, err := m.s.Apply(m.s.ctx, backend.Relaxed, ops...); err != nil {
		t.Fatalf("ending a delivery: %v", err)
	}
	if _, err := m.s.Apply(m.s.ctx, backend.Relaxed, backend.Hold(d)); err != backend.ErrLeaseLost {
		t.Fatalf("Hold of an ended delivery: %v", err)
	}
}

func (m *model) retry(d backend.Delivery, i *modelItem, delay bool) backend.Op {
	after := time.Duration(0)
	i.leased, i.ready = false, m.clock
	if delay {
		i.ready, after = far, time.Hour
	}
	if i.again != 0 {
		i.ready = min(i.ready, i.again)
	}
	i.again = 0
	return backend.Retry(d, after)
}

// check compares everything that can be read.
func (m *model) check(t *rapid.T) {
	var want []backend.Entry
	for _, e := range m.docs {
		want = append(want, e)
	}
	sort.Slice(want, func(a, b int) bool { return want[a].Key < want[b].Key })
	got, err := m.s.Scan(m.s.ctx, backend.Range{Collection: m.prefix})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("documents: %v (-want +got)\n%s", err, diff)
	}
	entries, err := m.s.Scan(m.s.ctx, backend.Range{Collection: m.prefix + "log"})
	var texts []string
	for _, e := range entries {
		texts = append(texts, string(e.Value))
	}
	if diff := cmp.Diff(m.log, texts); err != nil || diff != "" {
		t.Fatalf("log: %v (-want +got)\n%s", err, diff)
	}
}
