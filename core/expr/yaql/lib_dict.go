package yaql

import "github.com/petrelhq/petrel/core/expr"

// dictSpecs are the functions on maps. None changes its map: they give new ones.
func dictSpecs() []spec {
	return []spec{
		{"dict", AsFunction, "*pairs: pair", dictFromPairs, "A map of the given pairs.", "dict(a => 1, b => 2)", "{a => 1, b => 2}"},
		{"dict", AsFunction, "items: iterable", dictFromItems, "A map of a list of pairs.", "dict([[a, 1], [b, 2]])", "{a => 1, b => 2}"},
		{"toDict", AsMethod, "collection: iterable, keySelector: expression, valueSelector: expression? = null", toDict, "A map with a key, and a value if asked for, made of each item.", "[1, 2].toDict(str($), $ * 10)", "{'1' => 10, '2' => 20}"},
		{"get", AsMethod, "dict: map, key: any, default: any = null", dictGet, "The value of a key, or the default.", "{a => 1}.get(b, 5)", "5"},
		{"keys", AsMethod, "dict: map", dictView(expr.KeysView), "The keys.", "{a => 1}.keys()", "set(a)"},
		{"values", AsMethod, "dict: map", dictView(expr.ValuesView), "The values.", "{a => 1}.values()", "[1]"},
		{"items", AsMethod, "dict: map", dictView(expr.ItemsView), "Pairs of key and value.", "{a => 1}.items().toList()", "[[a, 1]]"},
		{"len", both, "dict: map", length, "The number of keys.", "{a => 1}.len()", "1"},
		{"set", AsMethod, "dict: map, key: any, value: any", dictSet, "The map with one key set.", "{a => 1}.set(b, 2)", "{a => 1, b => 2}"},
		{"set", AsMethod, "dict: map, replacements: map", dictSetAll, "The map with the keys of another put over it.", "{a => 1}.set({a => 5})", "{a => 5}"},
		{"set", AsMethod, "dict: map, *pairs: pair", dictSetPairs, "The map with the given keys set.", "{a => 1}.set(b => 2)", "{a => 1, b => 2}"},
		{"delete", AsMethod, "dict: map, *keys: any", dictDelete, "The map without the given keys.", "{a => 1, b => 2}.delete(a)", "{b => 2}"},
		{"deleteAll", AsMethod, "dict: map, keys: iterable", dictDeleteAll, "The map without the keys in a list.", "{a => 1, b => 2}.deleteAll([a, b])", "{}"},
		{"containsKey", AsMethod, "dict: map, key: any", containsKey, "Whether the map has the key.", "{a => 1}.containsKey(a)", "true"},
		{"containsValue", AsMethod, "dict: map, value: any", containsValue, "Whether some key has the value.", "{a => 1}.containsValue(1)", "true"},
		{"mergeWith", AsMethod, "dict: map, another: map, listMerger: expression? = null, itemMerger: expression? = null, maxLevels: int = 0", mergeWith, "Two maps merged, maps and lists inside them too; the mergers get both values as $1 and $2.", "{a => {x => 1}}.mergeWith({a => {y => 2}})", "{a => {x => 1, y => 2}}"},
	}
}

// dictOf is d with entries put in.
func (r *run) dictOf(d *expr.Dict, entries []Value) (Value, error) {
	out, err := r.copyDict(d)
	if err != nil {
		return nil, err
	}
	for _, v := range entries {
		e := v.(*entry)
		if err := r.put(out, e.key, e.val); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *run) copyDict(d *expr.Dict) (*expr.Dict, error) {
	if d == nil {
		return expr.NewDict(), nil
	}
	return d.Copy(r.budget)
}

func (r *run) put(d *expr.Dict, key, val Value) error {
	k, err := r.key(key)
	if err != nil {
		return err
	}
	if err := r.budget.Grow(keySize); err != nil {
		return err
	}
	return d.Set(k, val)
}

// keySize is what a key of a map or a member of a set is charged.
const keySize = 6 * slotSize

// overlay is p with the keys of q put over it.
func (r *run) overlay(p, q *expr.Dict) (*expr.Dict, error) {
	out, err := p.Copy(r.budget)
	if err != nil {
		return nil, err
	}
	for k, v := range q.All() {
		if err := r.budget.Grow(2 * slotSize); err != nil {
			return nil, err
		}
		if err := out.Set(k, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func dictFromPairs(c *Call) (Value, error) { return c.sc.run.dictOf(nil, c.rest) }

func dictFromItems(c *Call) (Value, error) { return c.dictFrom(c.sc.run.firstTwo) }

// dictFrom makes a map of the entries that pair gives for the items.
func (c *Call) dictFrom(pair func(item Value) (key, val Value, err error)) (Value, error) {
	it, err := c.walk(0)
	if err != nil {
		return nil, err
	}
	out := expr.NewDict()
	for {
		item, ok, err := it.Next()
		if err != nil || !ok {
			return out, err
		}
		key, val, err := pair(item)
		if err != nil {
			return nil, err
		}
		if err := c.sc.run.put(out, key, val); err != nil {
			return nil, err
		}
	}
}

// firstTwo gives key and value of a pair; anything that can be walked over two items will do.
func (r *run) firstTwo(v Value) (key, val Value, err error) {
	it, err := expr.Iterate(r.budget, v)
	if err != nil {
		return nil, nil, err
	}
	var ok bool
	if key, ok, err = it.Next(); err == nil && ok {
		val, ok, err = it.Next()
	}
	if err == nil && !ok {
		err = expr.Errorf("StopIteration", "a pair of key and value is needed")
	}
	return key, val, err
}

func toDict(c *Call) (Value, error) {
	return c.dictFrom(func(item Value) (key, val Value, err error) {
		if key, err = c.lambda(1).call(item); err != nil {
			return nil, nil, err
		}
		val, err = c.selected(2, item)
		return key, val, err
	})
}

func dictView(kind expr.ViewKind) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) { return &expr.View{Dict: c.dict(0), Kind: kind}, nil }
}

func length(c *Call) (Value, error) {
	n, err := expr.Len(c.args[0])
	return int64(n), err
}

func dictSet(c *Call) (Value, error) {
	return c.sc.run.dictOf(c.dict(0), []Value{&entry{c.args[1], c.args[2]}})
}

func dictSetAll(c *Call) (Value, error) { return c.sc.run.overlay(c.dict(0), c.dict(1)) }

func dictSetPairs(c *Call) (Value, error) { return c.sc.run.dictOf(c.dict(0), c.rest) }

func dictDelete(c *Call) (Value, error) { return c.sc.run.without(c.dict(0), c.rest) }

func dictDeleteAll(c *Call) (Value, error) {
	keys, err := c.items(1)
	if err != nil {
		return nil, err
	}
	return c.sc.run.without(c.dict(0), keys)
}

func (r *run) without(d *expr.Dict, keys []Value) (Value, error) {
	out, err := d.Copy(r.budget)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if out.Len() == 0 {
			break // the original looks at no key then, not even at one that cannot be a key
		}
		k, err := r.key(key)
		if err != nil {
			return nil, err
		}
		if _, _, err := out.Delete(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func containsKey(c *Call) (Value, error) {
	_, ok, err := c.sc.run.lookup(c.dict(0), c.args[1])
	return ok, err
}

func containsValue(c *Call) (Value, error) {
	return c.sc.run.has(&expr.View{Dict: c.dict(0), Kind: expr.ValuesView}, c.args[1])
}

// merger merges maps for mergeWith.
type merger struct {
	run         *run
	lists, item *lambda
}

func mergeWith(c *Call) (Value, error) {
	levels, err := c.int(4)
	if err != nil {
		return nil, err
	}
	m := &merger{c.sc.run, c.lambda(2), c.lambda(3)}
	return m.dicts(c.dict(0), c.dict(1), levels, 0)
}

// dicts merges q into p. levels 1 means that values are not looked into, 0 no limit.
func (m *merger) dicts(p, q *expr.Dict, levels int64, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	out, err := p.Copy(m.run.budget)
	if err != nil {
		return nil, err
	}
	for k, v := range q.All() {
		if old, ok, err := p.Lookup(k); err != nil {
			return nil, err
		} else if ok {
			if v, err = m.values(old, v, levels, depth); err != nil {
				return nil, err
			}
		}
		if err := m.run.budget.Grow(2 * slotSize); err != nil {
			return nil, err
		}
		if err := out.Set(k, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (m *merger) values(old, v Value, levels int64, depth int) (Value, error) {
	if levels != 1 {
		if q, ok := v.(*expr.Dict); ok {
			p, ok := old.(*expr.Dict)
			if !ok {
				return nil, cannotMerge(old, v)
			}
			return m.dicts(p, q, levels-1, depth+1)
		}
		if _, ok := sequence(v); ok {
			if _, ok := sequence(old); !ok {
				return nil, cannotMerge(old, v)
			}
			return m.mergeLists(old, v)
		}
	}
	if m.item != nil {
		return m.item.call(old, v)
	}
	return v, nil
}

func cannotMerge(old, v Value) error {
	return expr.Errorf("TypeError", "Cannot merge %s with %s", expr.TypeName(old), expr.TypeName(v))
}

// mergeLists joins two lists, each item once, unless the caller says how.
func (m *merger) mergeLists(old, v Value) (Value, error) {
	if m.lists != nil {
		return m.lists.call(old, v)
	}
	if isPythonList(old) != isPythonList(v) {
		return nil, cannotMerge(old, v)
	}
	items, err := m.run.joined(old, v)
	if err != nil {
		return nil, err
	}
	distinct, err := m.run.distinct(items)
	return expr.Tuple(distinct), err
}
