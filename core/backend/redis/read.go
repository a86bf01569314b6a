package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

const (
	replyBytes  = 1 << 20 // about how large an answer may get
	scanEntries = 1000    // how many entries a page of a Scan may have
	getTries    = 5       // how often a Get of many bytes begins again
)

// Get reads documents as of one moment.
func (s *Store) Get(ctx context.Context, keys ...string) ([]backend.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	if len(keys) == 0 {
		return []backend.Entry{}, nil
	}
	for range getTries {
		es, ok, err := s.getOnce(ctx, keys)
		if ok || err != nil {
			return es, err
		}
	}
	es, _, err := s.getPart(ctx, keys, 1<<40) // they keep changing: all in one answer
	return es, err
}

// getOnce reads values that do not fit into one answer with several. They are of one
// moment if every version is still what the first answer said.
func (s *Store) getOnce(ctx context.Context, keys []string) (es []backend.Entry, ok bool, err error) {
	es, whole, err := s.getPart(ctx, keys, replyBytes)
	for err == nil && whole < len(keys) {
		var more []backend.Entry
		var n int
		if more, n, err = s.getPart(ctx, keys[whole:], replyBytes); err != nil {
			break
		}
		for i, e := range more[:n] {
			if e.Version != es[whole+i].Version {
				return nil, false, nil
			}
			es[whole+i] = e
		}
		whole += n
	}
	return es, err == nil, err
}

// getPart reads documents, and the values of as many of the first as fit into room.
func (s *Store) getPart(ctx context.Context, keys []string, room int) (es []backend.Entry, whole int, err error) {
	args := make([]any, 1, 1+3*len(keys))
	args[0] = room
	for _, k := range keys {
		c, name := split(k)
		args = append(args, c, name, entryVersion(name))
	}
	got, err := s.run(ctx, get, args...)
	if err != nil {
		return nil, 0, err
	}
	list, _ := got.([]any)
	if len(list) != 1+len(keys) {
		return nil, 0, core.Errorf(core.Internal, "store: Redis answered %d of %d documents", len(list)-1, len(keys))
	}
	n, _ := list[0].(int64)
	es = make([]backend.Entry, len(keys))
	for i, k := range keys {
		es[i].Key = k
		if stored, ok := list[i+1].(string); ok {
			es[i].Version, es[i].Value = entryOf(stored)
		}
	}
	return es, int(n), nil
}

func entryOf(stored string) (backend.Version, []byte) {
	v, value := cutVersion(stored)
	return v, []byte(value)
}

// Scan reads a range, a page at a time. A range of one page is of one moment; what is
// written between two pages may be seen or not.
func (s *Store) Scan(ctx context.Context, r backend.Range) ([]backend.Entry, error) {
	if err := backend.CheckCollection(r.Collection); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	w := newWindow(r)
	var out []backend.Entry
	for more := true; more && (r.Limit <= 0 || len(out) < r.Limit); {
		page := scanEntries
		if r.Limit > 0 {
			page = min(page, r.Limit-len(out))
		}
		got, err := s.runAlone(ctx, scan, r.Collection, w.from, w.to, w.fromID, w.toID, flag(r.Reverse), flag(r.KeysOnly), page, replyBytes)
		if err != nil {
			return nil, err
		}
		if out, more, err = w.read(got, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// window is what is left to read of a range, as ZRANGEBYLEX and XRANGE want it.
type window struct {
	r            backend.Range
	from, to     string
	fromID, toID string
}

func newWindow(r backend.Range) *window {
	w := &window{r: r, from: "-", to: "+", fromID: "-", toID: "+"}
	if r.From != "" {
		w.from = "[" + escape(r.From) + nameEnd
		w.fromID = id(firstEntry(func(rest string) bool { return rest > r.From }))
	}
	if r.To != "" {
		w.to = "(" + escape(r.To) + nameEnd
		w.toID = id(firstEntry(func(rest string) bool { return rest >= r.To }) - 1)
	}
	return w
}

func id(v int) string { return strconv.Itoa(max(v, 0)) + "-0" }

// read appends a page to out and moves the window behind it.
func (w *window) read(got any, out []backend.Entry) (_ []backend.Entry, more bool, err error) {
	list, _ := got.([]any)
	if len(list) < 2 || len(list)%2 != 0 {
		return nil, false, core.Errorf(core.Internal, "store: Redis answered a Scan of %q with %d parts", w.r.Collection, len(list))
	}
	entry := w.document
	if list[0] == "log" {
		entry = w.logEntry
	}
	for i := 2; i < len(list); i += 2 {
		e, err := entry(textOf(list[i]), textOf(list[i+1]))
		if err != nil {
			return nil, false, err
		}
		out = append(out, e)
	}
	if n := len(list); n > 2 {
		w.moveOn(textOf(list[n-2]))
	}
	return out, list[1] == int64(1) && len(list) > 2, nil
}

func (w *window) moveOn(last string) {
	if w.r.Reverse {
		w.to, w.toID = "("+last, "("+last
		return
	}
	w.from, w.fromID = "("+last, "("+last
}

func (w *window) document(member, stored string) (e backend.Entry, err error) {
	name, version, ok := strings.Cut(member, nameEnd)
	if !ok {
		return e, fmt.Errorf("store: %q in collection %q is damaged", member, w.r.Collection)
	}
	if stored == "" {
		stored = version
	}
	e.Key = w.r.Collection + "/" + unescape(name)
	v, value := cutVersion(stored)
	e.Version = v
	if !w.r.KeysOnly {
		e.Value = []byte(value)
	}
	return e, nil
}

func (w *window) logEntry(id, value string) (e backend.Entry, err error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(id, "-0"), 10, 64)
	if err != nil {
		return e, fmt.Errorf("store: entry %q of log %q is damaged", id, w.r.Collection)
	}
	e.Key, e.Version = w.r.Collection+"/"+logRest(n), backend.Version(n)
	if !w.r.KeysOnly {
		e.Value = []byte(value)
	}
	return e, nil
}
