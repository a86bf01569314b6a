package expr

import "unicode/utf8"

// Index is the element of a sequence (list, tuple, str, range) at an int position, negative from
// the end; ok is false when v is no sequence, i no int, or the position outside.
func Index(v, i Value) (item Value, ok bool) {
	n, isInt := smallInt(i)
	if !isInt {
		return nil, false
	}
	switch x := v.(type) {
	case *List:
		return at(x.Items, n)
	case Tuple:
		return at(x, n)
	case *Range:
		if n, ok := position(n, x.Len()); ok {
			return x.At(n), true
		}
	case string:
		return runeAt(x, n)
	case Markup:
		c, ok := runeAt(string(x), n)
		if !ok {
			return nil, false
		}
		return Markup(c.(string)), true
	}
	return nil, false
}

func position(n int64, size int) (int, bool) {
	if n < 0 {
		n += int64(size)
	}
	return int(n), n >= 0 && n < int64(size)
}

func at(items []Value, n int64) (Value, bool) {
	if i, ok := position(n, len(items)); ok {
		return items[i], true
	}
	return nil, false
}

func runeAt(s string, n int64) (Value, bool) {
	if isASCII(s) {
		if i, ok := position(n, len(s)); ok {
			return s[i : i+1], true
		}
		return nil, false
	}
	if n < 0 {
		n += int64(utf8.RuneCountInString(s))
	}
	for i := range s {
		if n == 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			return s[i : i+size], true
		}
		n--
	}
	return nil, false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// SliceIndex is a start:stop:step subscript; nil parts are left out.
type SliceIndex struct{ Start, Stop, Step Value }

// TypeName implements Object.
func (s *SliceIndex) TypeName() string { return "slice" }

// Slice is Python's v[start:stop:step] for lists, tuples, strings and ranges; ok is false for other types.
func Slice(b *Budget, v Value, s *SliceIndex) (out Value, ok bool, err error) {
	n, sized := size(v)
	if !sized {
		return nil, false, nil
	}
	switch v.(type) {
	case *List, Tuple, string, Markup, *Range:
	default:
		return nil, false, nil
	}
	if err := ReadText(b, v); err != nil { // characters are counted from the start
		return nil, false, err
	}
	if text, ok := Text(v); ok && n < len(text) {
		if err := b.Grow(4 * int64(n)); err != nil { // its characters, one by one
			return nil, false, err
		}
	}
	start, stop, step, err := s.Bounds(n)
	if err != nil {
		return nil, false, err
	}
	if r, ok := v.(*Range); ok {
		return r.Slice(start, stop, step), true, nil
	}
	return slicePicked(b, v, start, stop, step)
}

func slicePicked(b *Budget, v Value, start, stop, step int) (Value, bool, error) {
	count := (&Range{int64(start), int64(stop), int64(step)}).Len()
	if err := b.GrowItems(count); err != nil {
		return nil, false, err
	}
	switch x := v.(type) {
	case *List:
		return NewList(pick(x.Items, start, step, count)...), true, nil
	case Tuple:
		return Tuple(pick([]Value(x), start, step, count)), true, nil
	case Markup:
		return Markup(pick([]rune(string(x)), start, step, count)), true, nil
	}
	return sliceText(v.(string), start, step, count), true, nil
}

func sliceText(s string, start, step, count int) string {
	if count == 0 {
		return ""
	}
	if step == 1 && isASCII(s) {
		return s[start : start+count]
	}
	return string(pick([]rune(s), start, step, count))
}

func pick[T any](items []T, start, step, count int) []T {
	out := make([]T, count)
	for i := range out {
		out[i] = items[start+i*step]
	}
	return out
}

// Bounds are the positions that the slice selects in a sequence of n elements.
func (s *SliceIndex) Bounds(n int) (start, stop, step int, err error) {
	st, err := sliceInt(s.Step, 1)
	if err != nil {
		return 0, 0, 0, err
	}
	if st == 0 {
		return 0, 0, 0, Errorf("ValueError", "slice step cannot be zero")
	}
	low, high := int64(0), int64(n)
	first, last := low, high
	if st < 0 {
		low, high = -1, int64(n)-1
		first, last = high, low
	}
	from, err := sliceBound(s.Start, first, low, high, n)
	if err != nil {
		return 0, 0, 0, err
	}
	to, err := sliceBound(s.Stop, last, low, high, n)
	// A step far beyond any sequence acts as any other that is.
	st = min(max(st, -1<<31), 1<<31)
	return int(from), int(to), int(st), err
}

func sliceBound(v Value, missing, low, high int64, n int) (int64, error) {
	if v == nil {
		return missing, nil
	}
	i, err := sliceInt(v, 0)
	if err != nil {
		return 0, err
	}
	if i < 0 {
		i += int64(n)
	}
	return min(max(i, low), high), nil
}

func sliceInt(v Value, missing int64) (int64, error) {
	if v == nil {
		return missing, nil
	}
	if i, ok := smallInt(v); ok {
		return i, nil
	}
	if n, ok := v.(interface{ Sign() int }); ok {
		return int64(n.Sign()) << 62, nil
	}
	return 0, Errorf("TypeError", "slice indices must be integers or None or have an __index__ method")
}
