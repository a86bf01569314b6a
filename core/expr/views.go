package expr

// View is what a dict's keys(), values() and items() give: a live look at the dict.
type View struct {
	Dict *Dict
	Kind ViewKind
}

// ViewKind is the part of a dict that a View shows.
type ViewKind string

// The three views; the text is Python's type name.
const (
	KeysView   ViewKind = "dict_keys"
	ValuesView ViewKind = "dict_values"
	ItemsView  ViewKind = "dict_items"
)

// TypeName implements Object.
func (v *View) TypeName() string { return string(v.Kind) }

// Len implements Sized.
func (v *View) Len() int { return v.Dict.Len() }

// Iter implements Iterable.
func (v *View) Iter(b *Budget) (Iterator, error) {
	switch v.Kind {
	case KeysView:
		return iterDict(b, v.Dict, pickKey), nil
	case ValuesView:
		return iterDict(b, v.Dict, pickValue), nil
	}
	return iterDict(b, v.Dict, pickPair), nil
}

// Str implements Stringer.
func (v *View) Str(b *Budget) (string, error) {
	items, err := Items(b, v)
	if err != nil {
		return "", err
	}
	s, err := Repr(b, NewList(items...))
	return string(v.Kind) + "(" + s + ")", err
}

// HashKey implements Hasher: the views that act as sets cannot be keys.
func (v *View) HashKey() (any, error) {
	if v.Kind == ValuesView {
		return v, nil
	}
	return nil, Errorf("TypeError", "unhashable type: '%s'", v.Kind)
}

// EqualTo implements Equaler: keys and items compare as sets.
func (v *View) EqualTo(b *Budget, other Value) (bool, error) {
	o, ok := other.(*View)
	if !ok || v.Kind == ValuesView || o.Kind == ValuesView {
		return ok && v == o, nil
	}
	if v.Len() != o.Len() {
		return false, nil
	}
	items, err := Items(b, v)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		if in, err := o.Contains(b, item); !in || err != nil {
			return false, err
		}
	}
	return true, nil
}

// Contains implements Container.
func (v *View) Contains(b *Budget, item Value) (bool, error) {
	switch v.Kind {
	case KeysView:
		return Contains(b, v.Dict, item)
	case ItemsView:
		pair, ok := item.(Tuple)
		if !ok || len(pair) != 2 {
			return false, nil
		}
		val, ok, err := v.Dict.Lookup(pair[0])
		if err != nil || !ok {
			return false, err
		}
		return same(b, val, pair[1], 0)
	}
	it, err := v.Iter(b)
	if err != nil {
		return false, err
	}
	return containsNext(b, it, item)
}

// Range is Python's range object. Step is never 0.
type Range struct{ Start, Stop, Step int64 }

// TypeName implements Object.
func (r *Range) TypeName() string { return "range" }

// Len implements Sized.
func (r *Range) Len() int {
	switch {
	case r.Step > 0 && r.Start < r.Stop:
		return int((uint64(r.Stop)-uint64(r.Start)-1)/uint64(r.Step) + 1)
	case r.Step < 0 && r.Start > r.Stop:
		return int((uint64(r.Start)-uint64(r.Stop)-1)/(-uint64(r.Step)) + 1)
	}
	return 0
}

// At is the i-th number; i is in range.
func (r *Range) At(i int) int64 { return r.Start + int64(i)*r.Step }

// Iter implements Iterable.
func (r *Range) Iter(b *Budget) (Iterator, error) {
	i, n := 0, r.Len()
	return NextFunc(func() (Value, bool, error) {
		if i >= n {
			return nil, false, nil
		}
		i++
		return r.At(i - 1), true, b.Step(1)
	}), nil
}

// Str implements Stringer.
func (r *Range) Str(b *Budget) (string, error) {
	t := Tuple{r.Start, r.Stop}
	if r.Step != 1 {
		t = append(t, r.Step)
	}
	s, err := Repr(b, t)
	return "range" + s, err
}

// Contains implements Container.
func (r *Range) Contains(b *Budget, item Value) (bool, error) {
	if f, ok := item.(float64); ok && f == float64(int64(f)) {
		item = int64(f)
	}
	n, ok := smallInt(item)
	if !ok {
		if u, isUndef := item.(*Undefined); isUndef && r.Len() > 0 { // it is compared with the first number
			return false, u.use()
		}
		return false, nil
	}
	if r.Len() == 0 || (n-r.Start)%r.Step != 0 {
		return false, nil
	}
	i := (n - r.Start) / r.Step
	return i >= 0 && i < int64(r.Len()), nil
}

// EqualTo implements Equaler: ranges are equal when they hold the same numbers.
func (r *Range) EqualTo(_ *Budget, other Value) (bool, error) {
	o, ok := other.(*Range)
	if !ok || r.Len() != o.Len() {
		return false, nil
	}
	n := r.Len()
	return n == 0 || r.Start == o.Start && (n == 1 || r.Step == o.Step), nil
}

// Slice is the range of the given positions.
func (r *Range) Slice(start, stop, step int) *Range {
	return &Range{Start: r.At(start), Stop: r.At(stop), Step: r.Step * int64(step)}
}
