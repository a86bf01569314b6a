package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// What one answer may hold.
const (
	maxAnswer  = 256 << 20 // bytes
	maxRecords = 50_000    // executions, trigger instances or enforcements
)

func tooManyRecords() error {
	return core.Errorf(core.TooLarge, "More than %d records match, the most one answer holds; page through them with limit and offset.", maxRecords)
}

// found is a question to a timed collection: conditions that indexes answer, and
// conditions that only reading the documents answers.
type found[T any] struct {
	ids      []string
	where    []store.Is
	from, to core.Time
	oldest   bool
	keep     []func(*T) bool
	indexed  []func(*T) bool // what where says, for documents found in another way
}

// is adds a condition on an indexed field; "null" asks for documents without it.
func (f *found[T]) is(index, value string, field func(*T) string) {
	switch {
	case value == "":
	case isNull(value):
		f.keep = append(f.keep, func(v *T) bool { return field(v) == "" })
	default:
		f.where = append(f.where, store.Is{Index: index, Value: value})
		f.indexed = append(f.indexed, func(v *T) bool { return field(v) == value })
	}
}

// has adds a condition on a field without index.
func (f *found[T]) has(value string, field func(*T) string) {
	if value != "" {
		f.keep = append(f.keep, func(v *T) bool { return matches(value, field(v)) })
	}
}

func all[T any](conditions []func(*T) bool, v *T) bool {
	for _, c := range conditions {
		if !c(v) {
			return false
		}
	}
	return true
}

const readAtOnce = 256

// page returns the documents of one page, and how many there are in all.
func page[T any](ctx context.Context, r store.Reader[T], f found[T], p paging, at func(*T) core.Time) ([]*T, int, error) {
	switch {
	case len(f.ids) > 0:
		return f.byID(ctx, r, p, at)
	case len(f.keep) > 0:
		return f.scan(ctx, r, p)
	}
	q := store.Query{Where: f.where, From: f.from, To: f.to, Oldest: f.oldest, Offset: p.offset, Limit: p.limit}
	if p.limit == 0 || p.limit > maxRecords {
		first := q
		first.Limit = 1
		if _, total, err := r.List(ctx, first); err != nil || total-p.offset > maxRecords {
			return nil, 0, cmp.Or(err, tooManyRecords())
		}
	}
	return r.List(ctx, q)
}

// byID reads the ids that were asked for and keeps what fits.
func (f *found[T]) byID(ctx context.Context, r store.Reader[T], p paging, at func(*T) core.Time) ([]*T, int, error) {
	vs, err := r.Many(ctx, f.ids)
	if err != nil {
		return nil, 0, err
	}
	vs = slices.DeleteFunc(vs, func(v *T) bool {
		t := at(v)
		return !all(f.keep, v) || !all(f.indexed, v) || t < f.from || (f.to > 0 && t >= f.to)
	})
	slices.SortStableFunc(vs, func(a, b *T) int {
		if f.oldest {
			a, b = b, a
		}
		return int(at(b) - at(a))
	})
	return cut(vs, p), len(vs), nil
}

// scan reads all that the indexes find, a piece at a time, and keeps what fits.
func (f *found[T]) scan(ctx context.Context, r store.Reader[T], p paging) ([]*T, int, error) {
	var out []*T
	total := 0
	q := store.Query{Where: f.where, From: f.from, To: f.to, Oldest: f.oldest, Limit: readAtOnce}
	for {
		vs, err := r.Page(ctx, q)
		if err != nil || len(vs) == 0 {
			return out, total, err
		}
		for _, v := range vs {
			if !all(f.keep, v) {
				continue
			}
			if total >= p.offset && (p.limit == 0 || total < p.offset+p.limit) {
				out = append(out, v)
			}
			total++
		}
		if len(out) > maxRecords {
			return nil, 0, tooManyRecords()
		}
		q.After = r.Mark(vs[len(vs)-1])
	}
}

// sendList answers with a page: the count headers and the JSON of each.
func sendList[T any](c *call, vs []T, total int, p paging, write func(b []byte, v T) ([]byte, error)) error {
	c.countHeaders(total, p)
	return sendAll(c, vs, write)
}

// collection is a small collection as it is listed: read whole, filtered in memory.
type collection[T any] struct {
	attributes attributes
	all        store.Reader[T]
	id         func(*T) string
	fits       func(*T) bool // the noun's own filters
	write      func(b []byte, v *T, pick *picked) ([]byte, error)
	unlimited  bool // lists are whole unless a limit is asked for
}

// listCollection answers with a page of a small collection, in the order of its keys.
func listCollection[T any](c *call, k collection[T]) error {
	pick, err := c.pick(k.attributes)
	if err != nil {
		return err
	}
	otherwise := 100
	if k.unlimited {
		otherwise = 0
	}
	p, err := c.paging(otherwise)
	if err != nil {
		return err
	}
	ids, err := c.ids()
	if err != nil {
		return err
	}
	all, err := k.all.All(c.ctx())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(v *T) bool {
		return !k.fits(v) || (len(ids) > 0 && !slices.Contains(ids, k.id(v)))
	})
	if strings.HasPrefix(c.text("sort"), "-") {
		slices.Reverse(all)
	}
	return sendList(c, cut(all, p), len(all), p, func(b []byte, v *T) ([]byte, error) { return k.write(b, v, pick) })
}

// sendAll answers with a whole list, without count headers.
func sendAll[T any](c *call, vs []T, write func(b []byte, v T) ([]byte, error)) error {
	raw, err := array(vs, func(b []byte, v T) ([]byte, error) {
		if len(b) > maxAnswer {
			return nil, core.Errorf(core.TooLarge, "The answer would be larger than %d bytes; ask for fewer with limit, or less with include_attributes.", maxAnswer)
		}
		return write(b, v)
	})
	if err != nil {
		return err
	}
	return answerRaw(c.Ctx, 200, raw)
}

// sendOne answers with the JSON of one thing.
func sendOne[T any](c *call, status int, v T, write func(b []byte, v T) ([]byte, error)) error {
	raw, err := write(nil, v)
	if err != nil {
		return err
	}
	return answerRaw(c.Ctx, status, raw)
}
