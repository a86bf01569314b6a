package jinja

import "github.com/petrelhq/petrel/core/expr"

func dictMethods() map[string]Func {
	return map[string]Func{
		"keys":       method(dictView(expr.KeysView)),
		"values":     method(dictView(expr.ValuesView)),
		"items":      method(dictView(expr.ItemsView)),
		"get":        method(dictGet, expr.Req("key"), expr.Opt("default", nil)),
		"copy":       method(dictCopy),
		"clear":      method(func(c *Call, a []expr.Value) (expr.Value, error) { return nil, a[0].(*expr.Dict).Clear() }),
		"pop":        {Variadic: true, Fn: dictPop},
		"popitem":    method(dictPopItem),
		"setdefault": method(dictSetDefault, expr.Req("key"), expr.Opt("default", nil)),
		"update":     {Variadic: true, Fn: dictUpdate},
		"fromkeys":   method(dictFromKeys, expr.Req("iterable"), expr.Opt("value", nil)),
	}
}

func dictView(kind expr.ViewKind) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		return &expr.View{Dict: a[0].(*expr.Dict), Kind: kind}, nil
	}
}

func dictGet(c *Call, a []expr.Value) (expr.Value, error) {
	v, ok, err := a[0].(*expr.Dict).Lookup(a[1])
	if err != nil || ok {
		return v, err
	}
	return a[2], nil
}

func dictCopy(c *Call, a []expr.Value) (expr.Value, error) {
	d, err := a[0].(*expr.Dict).Copy(c.Budget)
	return d, err
}

func dictPop(c *Call, a []expr.Value) (expr.Value, error) {
	if len(a) < 2 || len(a) > 3 || len(c.Kwargs) > 0 {
		return nil, expr.Errorf("TypeError", "pop expected 1 or 2 positional arguments, got %d", len(a)-1)
	}
	v, ok, err := a[0].(*expr.Dict).Delete(a[1])
	switch {
	case err != nil || ok:
		return v, err
	case len(a) == 3:
		return a[2], nil
	}
	return nil, keyError(c, a[1])
}

func keyError(c *Call, key expr.Value) error {
	s, err := expr.Repr(c.Budget, key)
	if err != nil {
		return err
	}
	return expr.Errorf("KeyError", "%s", s)
}

func dictPopItem(c *Call, a []expr.Value) (expr.Value, error) {
	d := a[0].(*expr.Dict)
	keys := d.Keys()
	if err := c.Budget.Step(int64(len(keys)) / 8); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, expr.Errorf("KeyError", "'popitem(): dictionary is empty'")
	}
	last := keys[len(keys)-1]
	v, _, err := d.Delete(last)
	return expr.Tuple{last, v}, err
}

func dictSetDefault(c *Call, a []expr.Value) (expr.Value, error) {
	d := a[0].(*expr.Dict)
	v, ok, err := d.Lookup(a[1])
	if err != nil || ok {
		return v, err
	}
	if err := c.Budget.GrowEntries(1); err != nil {
		return nil, err
	}
	return a[2], d.Set(a[1], a[2])
}

func dictUpdate(c *Call, a []expr.Value) (expr.Value, error) {
	d := a[0].(*expr.Dict)
	if err := d.Mutable(); err != nil {
		return nil, err
	}
	if len(a) > 2 {
		return nil, expr.Errorf("TypeError", "update expected at most 1 argument, got %d", len(a)-1)
	}
	return nil, fillDict(c, d, a[1:])
}

// fillDict adds the pairs of a mapping or of an iterable of pairs, and the keyword arguments, as dict(…) does.
func fillDict(c *Call, d *expr.Dict, sources []expr.Value) error {
	for _, source := range sources {
		if err := addPairs(c, d, source); err != nil {
			return err
		}
	}
	for _, k := range c.Kwargs {
		if err := d.Set(k.Name, k.Value); err != nil {
			return err
		}
	}
	return c.Budget.GrowEntries(len(c.Kwargs))
}

func addPairs(c *Call, d *expr.Dict, source expr.Value) error {
	if from, ok := source.(*expr.Dict); ok {
		if err := c.Budget.GrowEntries(from.Len()); err != nil {
			return err
		}
		for k, v := range from.All() {
			if err := d.Set(k, v); err != nil {
				return err
			}
		}
		return nil
	}
	pairs, err := expr.Items(c.Budget, source)
	if err != nil {
		return err
	}
	if err := c.Budget.GrowEntries(len(pairs)); err != nil {
		return err
	}
	for i, pair := range pairs {
		kv, err := expr.Items(c.Budget, pair)
		if err != nil {
			return expr.Errorf("TypeError", "cannot convert dictionary update sequence element #%d to a sequence", i)
		}
		if len(kv) != 2 {
			return expr.Errorf("ValueError", "dictionary update sequence element #%d has length %d; 2 is required", i, len(kv))
		}
		if err := d.Set(kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

func dictFromKeys(c *Call, a []expr.Value) (expr.Value, error) {
	keys, err := expr.Items(c.Budget, a[1])
	if err != nil {
		return nil, err
	}
	if err := c.Budget.GrowEntries(len(keys)); err != nil {
		return nil, err
	}
	d := expr.NewDict()
	for _, k := range keys {
		if err := d.Set(k, a[2]); err != nil {
			return nil, err
		}
	}
	return d, nil
}
