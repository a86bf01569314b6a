package jinja

import (
	"slices"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// attributePath splits "a.b.0" into subscripts; ints stand for themselves.
func attributePath(attribute expr.Value) []expr.Value {
	if attribute == nil {
		return nil
	}
	text, ok := expr.Text(attribute)
	if !ok {
		return []expr.Value{attribute}
	}
	var path []expr.Value
	for _, part := range strings.Split(text, ".") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil && n >= 0 && part[0] != '+' {
			path = append(path, n)
		} else {
			path = append(path, part)
		}
	}
	return path
}

// generator makes a generator value of a pull function.
func generator(name string, next func() (expr.Value, bool, error)) expr.Value {
	return &expr.Generator{Name: "sync_do_" + name, Iterator: expr.NextFunc(next)}
}

// lazily starts walking v at the first pull, as a generator function does.
func (c *Call) lazily(v expr.Value) func() (expr.Value, bool, error) {
	var it expr.Iterator
	return func() (expr.Value, bool, error) {
		if it == nil {
			var err error
			if it, err = expr.Iterate(c.Budget, v); err != nil {
				return nil, false, err
			}
		}
		return it.Next()
	}
}

// foldCase is what case-insensitive comparisons compare.
func foldCase(v expr.Value) expr.Value {
	if s, ok := expr.Text(v); ok {
		return lower(s)
	}
	return v
}

// key is what sort, unique and their like compare: an attribute, without case unless asked.
func (c *Call) key(attribute, caseSensitive, missing expr.Value) (func(expr.Value) (expr.Value, error), error) {
	exact, err := expr.Truthy(caseSensitive)
	if err != nil {
		return nil, err
	}
	get := c.getter(attribute, missing)
	return func(v expr.Value) (expr.Value, error) {
		v, err := get(v)
		if err == nil && !exact {
			v = foldCase(v)
		}
		return v, err
	}, nil
}

func (c *Call) keysOf(items []expr.Value, key func(expr.Value) (expr.Value, error)) ([]expr.Value, error) {
	if err := c.Budget.GrowItems(len(items)); err != nil {
		return nil, err
	}
	keys := make([]expr.Value, len(items))
	for i, item := range items {
		k, err := key(item)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}

// sortValues orders items in place by their keys; equal ones keep their order, also when reversed.
func sortValues(b *expr.Budget, items, keys []expr.Value, reverse bool) error {
	if err := b.GrowItems(2 * len(items)); err != nil {
		return err
	}
	type pair struct{ key, item expr.Value }
	pairs := make([]pair, len(items))
	for i := range items {
		pairs[i] = pair{keys[i], items[i]}
	}
	var failed error
	less := func(x, y expr.Value) bool {
		if failed != nil {
			return false
		}
		ok, err := expr.Less(b, x, y)
		failed = err
		return ok
	}
	slices.SortStableFunc(pairs, func(x, y pair) int {
		p, q := x.key, y.key
		if reverse {
			p, q = q, p
		}
		switch {
		case less(p, q):
			return -1
		case less(q, p):
			return 1
		}
		return 0
	})
	for i := range pairs {
		items[i] = pairs[i].item
	}
	return failed
}

func filterSort(c *Call, a []expr.Value) (expr.Value, error) {
	reverse, err := expr.Truthy(a[1])
	if err != nil {
		return nil, err
	}
	items, err := expr.Items(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	keys, err := c.sortKeys(items, a[3], a[2])
	if err != nil {
		return nil, err
	}
	out := append([]expr.Value(nil), items...)
	return expr.NewList(out...), sortValues(c.Budget, out, keys, reverse)
}

// sortKeys gives what is compared. In the original that is always a list, of one item unless the
// attribute is "a,b": so what has no order, such as None, may be sorted as long as all are equal.
func (c *Call) sortKeys(items []expr.Value, attribute, caseSensitive expr.Value) ([]expr.Value, error) {
	text, ok := expr.Text(attribute)
	if !ok || !strings.Contains(text, ",") {
		key, err := c.key(attribute, caseSensitive, nil)
		if err != nil {
			return nil, err
		}
		keys, err := c.keysOf(items, key)
		if err != nil || comparable(keys) {
			return keys, err
		}
		return c.keysOf(keys, func(k expr.Value) (expr.Value, error) { return expr.Tuple{k}, nil })
	}
	rows := make([]expr.Value, len(items))
	for i := range rows {
		rows[i] = expr.NewList()
	}
	for _, part := range strings.Split(text, ",") {
		key, err := c.key(part, caseSensitive, nil)
		if err != nil {
			return nil, err
		}
		column, err := c.keysOf(items, key)
		if err != nil {
			return nil, err
		}
		for i, k := range column {
			rows[i].(*expr.List).Items = append(rows[i].(*expr.List).Items, k)
		}
	}
	return rows, nil
}

// comparable tells keys that compare alone as they do in a list.
func comparable(keys []expr.Value) bool {
	for _, k := range keys {
		switch k.(type) {
		case string, int64, float64, bool:
		default:
			return false
		}
	}
	return true
}

func filterDictSort(c *Call, a []expr.Value) (expr.Value, error) {
	pos := 0
	switch by, _ := expr.Text(a[2]); by {
	case "key":
	case "value":
		pos = 1
	default:
		return nil, expr.Errorf("FilterArgumentError", "You can only sort by either \"key\" or \"value\"")
	}
	reverse, err := expr.Truthy(a[3])
	if err != nil {
		return nil, err
	}
	d, ok := a[0].(*expr.Dict)
	if !ok {
		return nil, c.noMethod(a[0], "items")
	}
	pairs, err := expr.Items(c.Budget, &expr.View{Dict: d, Kind: expr.ItemsView})
	if err != nil {
		return nil, err
	}
	key, err := c.key(int64(pos), a[1], nil)
	if err != nil {
		return nil, err
	}
	keys, err := c.keysOf(pairs, key)
	if err != nil {
		return nil, err
	}
	return expr.NewList(pairs...), sortValues(c.Budget, pairs, keys, reverse)
}

// noMethod is Python's error for a method that a type lacks.
func (c *Call) noMethod(v expr.Value, name string) error {
	if u, ok := v.(*expr.Undefined); ok {
		return u.Err()
	}
	return expr.Errorf("AttributeError", "'%s' object has no attribute '%s'", expr.TypeName(v), name)
}

func filterUnique(c *Call, a []expr.Value) (expr.Value, error) {
	key, err := c.key(a[2], a[1], nil)
	if err != nil {
		return nil, err
	}
	next := c.lazily(a[0])
	seen, err := expr.NewSet()
	return generator("unique", func() (expr.Value, bool, error) {
		for {
			v, ok, err := next()
			if err != nil || !ok {
				return nil, false, err
			}
			k, err := key(v)
			if err != nil {
				return nil, false, err
			}
			if has, err := seen.Has(k); err != nil || has {
				if err != nil {
					return nil, false, err
				}
				continue
			}
			if err := c.Budget.GrowEntries(1); err != nil {
				return nil, false, err
			}
			return v, true, seen.Add(k)
		}
	}), err
}

// filterExtreme makes max (">") and min ("<").
func filterExtreme(op string) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		it, err := expr.Iterate(c.Budget, a[0])
		if err != nil {
			return nil, err
		}
		key, err := c.key(a[2], a[1], nil)
		if err != nil {
			return nil, err
		}
		best, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return c.undefined("No aggregated item, sequence was empty."), nil
		}
		return c.extreme(op, it, best, key)
	}
}

func (c *Call) extreme(op string, it expr.Iterator, best expr.Value, key func(expr.Value) (expr.Value, error)) (expr.Value, error) {
	bestKey, err := key(best)
	for err == nil {
		v, ok, nextErr := it.Next()
		if nextErr != nil || !ok {
			return best, nextErr
		}
		var k expr.Value
		if k, err = key(v); err != nil {
			break
		}
		var better bool
		if better, err = expr.Compare(c.Budget, op, k, bestKey); better {
			best, bestKey = v, k
		}
	}
	return nil, err
}
