package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// Reader is one collection outside of a Tx.
type Reader[T any] struct {
	s *Store
	k *kind[T]
}

// The collections, for reading.
func (s *Store) Executions() Reader[core.Execution] { return Reader[core.Execution]{s, executions} }
func (s *Store) Instances() Reader[core.TriggerInstance] {
	return Reader[core.TriggerInstance]{s, instances}
}
func (s *Store) Enforcements() Reader[core.Enforcement] {
	return Reader[core.Enforcement]{s, enforcements}
}
func (s *Store) Packs() Reader[core.Pack]         { return Reader[core.Pack]{s, packs} }
func (s *Store) Actions() Reader[core.Action]     { return Reader[core.Action]{s, actions} }
func (s *Store) Runners() Reader[core.RunnerType] { return Reader[core.RunnerType]{s, runners} }
func (s *Store) TriggerTypes() Reader[core.TriggerType] {
	return Reader[core.TriggerType]{s, triggerTypes}
}
func (s *Store) Triggers() Reader[core.Trigger]   { return Reader[core.Trigger]{s, triggers} }
func (s *Store) Rules() Reader[core.Rule]         { return Reader[core.Rule]{s, rules} }
func (s *Store) Sensors() Reader[core.Sensor]     { return Reader[core.Sensor]{s, sensors} }
func (s *Store) Cursors() Reader[Cursor]          { return Reader[Cursor]{s, cursors} }
func (s *Store) Timers() Reader[Timer]            { return Reader[Timer]{s, timers} }
func (s *Store) Users() Reader[core.User]         { return Reader[core.User]{s, users} }
func (s *Store) Tokens() Reader[core.Token]       { return Reader[core.Token]{s, tokens} }
func (s *Store) APIKeys() Reader[core.APIKey]     { return Reader[core.APIKey]{s, apiKeys} }
func (s *Store) KeyValues() Reader[core.KeyValue] { return Reader[core.KeyValue]{s, keyValues} }
func (s *Store) Flows() Reader[Flow]              { return Reader[Flow]{s, flows} }
func (s *Store) Policies() Reader[core.Policy]    { return Reader[core.Policy]{s, policies} }
func (s *Store) Gates() Reader[Gate]              { return Reader[Gate]{s, gates} }
func (s *Store) Waiters() Reader[Waiter]          { return Reader[Waiter]{s, waiters} }
func (s *Store) Entanglements() Reader[Entanglement] {
	return Reader[Entanglement]{s, entanglements}
}
func (s *Store) Receipts() Reader[Receipt] { return Reader[Receipt]{s, receipts} }
func (s *Store) Archives() Reader[Archive] { return Reader[Archive]{s, archives} }
func (s *Store) Installations() Reader[core.Installation] {
	return Reader[core.Installation]{s, installations}
}
func (s *Store) PackConfigs() Reader[core.PackConfig] { return Reader[core.PackConfig]{s, packConfigs} }
func (s *Store) ConfigSchemas() Reader[core.ConfigSchema] {
	return Reader[core.ConfigSchema]{s, configSchemas}
}

// Get reads one document. The error is NotFound when there is none.
func (r Reader[T]) Get(ctx context.Context, id string) (*T, error) {
	es, err := r.s.b.Get(ctx, r.k.doc(id))
	if err != nil {
		return nil, translate(err)
	}
	if es[0].Version == 0 {
		return nil, notFound(r.k.name, id)
	}
	return r.k.decode(r.s, es[0].Key, es[0].Version, es[0].Value)
}

// Find reads a document by its key or, failing that, by its id. The error is NotFound
// when there is none.
func (r Reader[T]) Find(ctx context.Context, keyOrID string) (*T, error) {
	v, err := r.Get(ctx, keyOrID)
	if err == nil || core.KindOf(err) != core.NotFound || !core.IsID(keyOrID) {
		return v, err
	}
	keys, err := r.keys(ctx, &Query{Limit: 1}, Is{ByID, keyOrID})
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, notFound(r.k.name, keyOrID)
	}
	return r.Get(ctx, keys[0])
}

// All reads a small collection whole, ordered by key.
func (r Reader[T]) All(ctx context.Context) ([]*T, error) {
	es, err := r.s.b.Scan(ctx, backend.Range{Collection: r.k.name})
	if err != nil {
		return nil, translate(err)
	}
	return r.decodeAll(es)
}

func (r Reader[T]) decodeAll(es []backend.Entry) ([]*T, error) {
	vs := make([]*T, 0, len(es))
	for _, e := range es {
		if e.Version == 0 {
			continue // removed between finding and reading
		}
		v, err := r.k.decode(r.s, e.Key, e.Version, e.Value)
		if err != nil {
			return nil, err
		}
		vs = append(vs, v)
	}
	return vs, nil
}

// Is asks for documents whose indexed value is Value.
type Is struct{ Index, Value string }

// Query asks for a page of a timed collection, ordered by (start, id).
type Query struct {
	Where    []Is
	From, To core.Time // From included, To not; 0 is open
	Oldest   bool      // oldest first; else newest first
	Offset   int
	Limit    int    // 0: all
	After    string // the id and start of the last one seen, as Mark gave it; then Offset is 0
}

// Mark names a document's place in a list, for Query.After.
func (r Reader[T]) Mark(v *T) string { return r.k.suffix(v) }

// List returns a page, and how many documents match in all.
func (r Reader[T]) List(ctx context.Context, q Query) ([]*T, int, error) {
	where := q.Where
	if len(where) == 0 {
		where = []Is{{Index: all}}
	}
	if len(where) > 1 {
		return r.intersect(ctx, q, where)
	}
	keys, err := r.keys(ctx, &q, where[0])
	if err != nil {
		return nil, 0, err
	}
	total, err := r.total(ctx, q, where[0])
	if err != nil {
		return nil, 0, err
	}
	vs, err := r.read(ctx, keys)
	return vs, total, err
}

// GetAll reads documents in one round trip and leaves out those there are none of.
func (r Reader[T]) GetAll(ctx context.Context, ids []string) ([]*T, error) { return r.read(ctx, ids) }

// read loads documents by key in one round trip.
func (r Reader[T]) read(ctx context.Context, ids []string) ([]*T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	docs := make([]string, len(ids))
	for i, id := range ids {
		docs[i] = r.k.doc(id)
	}
	es, err := r.s.b.Get(ctx, docs...)
	if err != nil {
		return nil, translate(err)
	}
	return r.decodeAll(es)
}

// keys returns the keys of a page of one index.
func (r Reader[T]) keys(ctx context.Context, q *Query, w Is) ([]string, error) {
	rng := r.bounds(*q, w)
	rng.KeysOnly = true
	if q.Limit > 0 {
		rng.Limit = q.Offset + q.Limit
	}
	es, err := r.s.b.Scan(ctx, rng)
	if err != nil {
		return nil, translate(err)
	}
	es = es[min(q.Offset, len(es)):]
	ids := make([]string, len(es))
	for i, e := range es {
		ids[i] = r.k.idOf(e.Key)
	}
	return ids, nil
}

// bounds is the part of an index that a query may return.
func (r Reader[T]) bounds(q Query, w Is) backend.Range {
	prefix := w.Value + "\x00"
	rng := backend.Range{Collection: r.k.collection(w.Index), From: prefix, To: w.Value + "\x01", Reverse: !q.Oldest}
	if q.From > 0 {
		rng.From = prefix + stamp(q.From)
	}
	if q.To > 0 {
		rng.To = prefix + stamp(q.To)
	}
	switch {
	case q.After == "":
	case q.Oldest:
		rng.From = prefix + q.After + "\x00"
	default:
		rng.To = prefix + q.After
	}
	return rng
}

// total says how many documents match: from the counter where there is one, else by
// counting index keys.
func (r Reader[T]) total(ctx context.Context, q Query, w Is) (int, error) {
	if q.From == 0 && q.To == 0 && r.counted(w.Index) {
		return r.s.counter(ctx, countKey(r.k.name, w.Index, w.Value))
	}
	q.After = ""
	rng := r.bounds(q, w)
	rng.KeysOnly = true
	es, err := r.s.b.Scan(ctx, rng)
	return len(es), translate(err)
}

func (r Reader[T]) counted(index string) bool {
	if index == all {
		return true
	}
	x, ok := r.k.index(index)
	return ok && x.counted
}

// Count says how many documents have a value; of counted indexes without counting.
func (r Reader[T]) Count(ctx context.Context, w Is) (int, error) {
	return r.total(ctx, Query{}, w)
}

// Values returns the distinct values of a counted index that at least one document has.
func (r Reader[T]) Values(ctx context.Context, index string) ([]string, error) {
	prefix := r.k.name + "." + index + "\x00"
	es, err := r.s.b.Scan(ctx, backend.Range{Collection: "count", From: prefix, To: prefix[:len(prefix)-1] + "\x01"})
	if err != nil {
		return nil, translate(err)
	}
	var vs []string
	for _, e := range es {
		if string(e.Value) != "0" {
			_, value, _ := strings.Cut(e.Key, "\x00")
			vs = append(vs, value)
		}
	}
	return vs, nil
}

func (s *Store) counter(ctx context.Context, key string) (int, error) {
	es, err := s.b.Get(ctx, key)
	if err != nil || es[0].Version == 0 {
		return 0, translate(err)
	}
	return strconv.Atoi(string(es[0].Value))
}

// intersect answers a query with several conditions by walking their indexes side by
// side: all are ordered alike, so each can skip to where the furthest one stands.
func (r Reader[T]) intersect(ctx context.Context, q Query, where []Is) ([]*T, int, error) {
	walks := make([]*walk, len(where))
	for i, w := range where {
		walks[i] = &walk{s: r.s, rng: r.bounds(q, w), prefix: w.Value + "\x00", reverse: !q.Oldest}
	}
	var page []string
	total := 0
	for {
		suffix, ok, err := meet(ctx, walks)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			break
		}
		if total >= q.Offset && (q.Limit == 0 || len(page) < q.Limit) {
			page = append(page, r.k.idOf("\x00"+suffix))
		}
		total++
	}
	vs, err := r.read(ctx, page)
	return vs, total, err
}

// meet returns the next suffix that all walks have, and moves the first past it.
func meet(ctx context.Context, walks []*walk) (string, bool, error) {
	target, ok, err := walks[0].next(ctx)
	for i := 1; ok && err == nil && i < len(walks); {
		var got string
		got, ok, err = walks[i].seek(ctx, target)
		switch {
		case !ok || err != nil:
		case got == target:
			i++
		default:
			target, ok, err = walks[0].seek(ctx, got)
			i = 1
		}
	}
	if ok && err == nil {
		walks[0].pos++
	}
	return target, ok, err
}

// walk goes through the suffixes of one index value, a page at a time.
type walk struct {
	s       *Store
	rng     backend.Range
	prefix  string
	reverse bool
	page    []backend.Entry
	pos     int
	started bool
	last    bool
}

const walkPage = 512

func (w *walk) suffix(e backend.Entry) string {
	_, suffix, _ := strings.Cut(e.Key, "\x00")
	return suffix
}

// next returns the suffix the walk stands at.
func (w *walk) next(ctx context.Context) (string, bool, error) {
	if w.pos >= len(w.page) {
		if err := w.fetch(ctx, ""); err != nil || len(w.page) == 0 {
			return "", false, err
		}
	}
	return w.suffix(w.page[w.pos]), true, nil
}

// seek moves to the first suffix at or beyond target, in the walk's direction.
func (w *walk) seek(ctx context.Context, target string) (string, bool, error) {
	i, _ := slices.BinarySearchFunc(w.page[min(w.pos, len(w.page)):], target, func(e backend.Entry, t string) int {
		return w.order(w.suffix(e), t)
	})
	w.pos += i
	if w.pos >= len(w.page) && !w.last {
		if err := w.fetch(ctx, target); err != nil {
			return "", false, err
		}
	}
	if w.pos >= len(w.page) {
		return "", false, nil
	}
	return w.suffix(w.page[w.pos]), true, nil
}

func (w *walk) order(a, b string) int {
	if w.reverse {
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// fetch reads the next page, from target on when one is given.
func (w *walk) fetch(ctx context.Context, target string) error {
	if w.last {
		w.page, w.pos = nil, 0
		return nil
	}
	w.moveBounds(target)
	rng := w.rng
	rng.KeysOnly, rng.Limit = true, walkPage
	es, err := w.s.b.Scan(ctx, rng)
	w.page, w.pos, w.started, w.last = es, 0, true, len(es) < walkPage
	return translate(err)
}

// moveBounds makes the next page begin behind the last key seen, or at target.
func (w *walk) moveBounds(target string) {
	switch {
	case target != "" && w.reverse:
		w.rng.To = min(w.rng.To, w.prefix+target+"\x00")
	case target != "":
		w.rng.From = max(w.rng.From, w.prefix+target)
	case w.started && len(w.page) > 0 && w.reverse:
		w.rng.To = w.prefix + w.suffix(w.page[len(w.page)-1])
	case w.started && len(w.page) > 0:
		w.rng.From = w.prefix + w.suffix(w.page[len(w.page)-1]) + "\x00"
	}
}
