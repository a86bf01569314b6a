package expr

// Walk rebuilds v with every string in it — list items, mapping values and mapping keys at any
// depth — replaced by what f gives. Parts without strings are not copied apart from containers.
func Walk(v Value, f func(string) (Value, error)) (Value, error) { return walk(v, f, 0) }

func walk(v Value, f func(string) (Value, error), depth int) (Value, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case string:
		return f(x)
	case *List:
		items, err := walkItems(x.Items, f, depth)
		return NewList(items...), err
	case Tuple:
		items, err := walkItems(x, f, depth)
		return Tuple(items), err
	case *Dict:
		return walkDict(x, f, depth)
	}
	return v, nil
}

func walkItems(items []Value, f func(string) (Value, error), depth int) ([]Value, error) {
	out := make([]Value, len(items))
	for i, item := range items {
		c, err := walk(item, f, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func walkDict(d *Dict, f func(string) (Value, error), depth int) (Value, error) {
	out := NewDict()
	for k, v := range d.All() {
		key, err := walk(k, f, depth+1)
		if err != nil {
			return nil, err
		}
		val, err := walk(v, f, depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.Set(key, val); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Strings calls f with every string in v, keys included, in order, and stops at its first error.
func Strings(v Value, f func(string) error) error { return eachString(v, f, 0) }

func eachString(v Value, f func(string) error, depth int) error {
	if err := nesting(depth); err != nil {
		return err
	}
	switch x := v.(type) {
	case string:
		return f(x)
	case *List:
		return eachItem(x.Items, f, depth)
	case Tuple:
		return eachItem(x, f, depth)
	case *Dict:
		for k, v := range x.All() {
			if err := eachItem([]Value{k, v}, f, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func eachItem(items []Value, f func(string) error, depth int) error {
	for _, item := range items {
		if err := eachString(item, f, depth+1); err != nil {
			return err
		}
	}
	return nil
}
