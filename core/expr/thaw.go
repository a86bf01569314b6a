package expr

// Thawer makes private copies of shared data. A part that it meets twice it copies once, so what
// was one object stays one object.
type Thawer struct {
	b    *Budget
	made map[any]Value
}

// NewThawer makes a Thawer that works within a budget.
func NewThawer(b *Budget) *Thawer { return &Thawer{b, map[any]Value{}} }

// Thaw gives a copy of v that may be changed; data that may be changed already is not copied.
func (t *Thawer) Thaw(v Value) (Value, error) { return t.thaw(v, 0) }

func (t *Thawer) thaw(v Value, depth int) (Value, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case *List:
		return t.list(x, depth)
	case Tuple:
		items, err := t.items(x, depth)
		return Tuple(items), err
	case *Dict:
		if c, ok := t.made[x]; ok || !x.frozen {
			return orValue(c, ok, x), nil
		}
		c := NewDict()
		t.made[x] = c
		return c, t.fill(c, x, depth)
	case *Set:
		if c, ok := t.made[x]; ok || !x.dict.frozen {
			return orValue(c, ok, x), nil
		}
		c := &Set{}
		t.made[x] = c
		return c, t.fill(&c.dict, &x.dict, depth)
	}
	return v, nil
}

func orValue(copied Value, ok bool, v Value) Value {
	if ok {
		return copied
	}
	return v
}

func (t *Thawer) list(x *List, depth int) (Value, error) {
	if c, ok := t.made[x]; ok || !x.frozen {
		return orValue(c, ok, x), nil
	}
	c := &List{}
	t.made[x] = c
	items, err := t.items(x.Items, depth)
	c.Items = items
	return c, err
}

func (t *Thawer) items(items []Value, depth int) ([]Value, error) {
	if err := t.b.GrowItems(len(items)); err != nil {
		return nil, err
	}
	out := make([]Value, len(items))
	for i, item := range items {
		c, err := t.thaw(item, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func (t *Thawer) fill(c, x *Dict, depth int) error {
	if err := t.b.GrowEntries(x.Len()); err != nil {
		return err
	}
	for k, v := range x.All() {
		cv, err := t.thaw(v, depth+1)
		if err != nil {
			return err
		}
		if err := c.Set(k, cv); err != nil {
			return err
		}
	}
	return nil
}
