package expr

import (
	"math/big"
	"strings"
)

// concat is x + y for sequences.
func concat(b *Budget, x, y Value) (Value, error) {
	if xs, ok := Text(x); ok {
		ys, ok := Text(y)
		if !ok {
			return nil, Errorf("TypeError", "can only concatenate str (not \"%s\") to str", TypeName(y))
		}
		return concatText(b, x, y, xs, ys)
	}
	switch p := x.(type) {
	case *List:
		q, ok := y.(*List)
		if !ok {
			return nil, Errorf("TypeError", "can only concatenate list (not \"%s\") to list", TypeName(y))
		}
		items, err := joinItems(b, p.Items, q.Items)
		return NewList(items...), err
	case Tuple:
		q, ok := y.(Tuple)
		if !ok {
			return nil, Errorf("TypeError", "can only concatenate tuple (not \"%s\") to tuple", TypeName(y))
		}
		items, err := joinItems(b, p, q)
		return Tuple(items), err
	}
	return nil, unsupported("+", x, y)
}

// concatText joins two strings; what is added to Markup is escaped first.
func concatText(b *Budget, x, y Value, xs, ys string) (Value, error) {
	_, xm := x.(Markup)
	_, ym := y.(Markup)
	if xm && !ym {
		ys = EscapeHTML(ys)
	}
	if ym && !xm {
		xs = EscapeHTML(xs)
	}
	if err := b.Grow(int64(len(xs) + len(ys))); err != nil {
		return nil, err
	}
	if xm || ym {
		return Markup(xs + ys), nil
	}
	return xs + ys, nil
}

func joinItems(b *Budget, x, y []Value) ([]Value, error) {
	if err := b.GrowItems(len(x) + len(y)); err != nil {
		return nil, err
	}
	out := make([]Value, 0, len(x)+len(y))
	return append(append(out, x...), y...), nil
}

// repeat is x * y for a sequence and an int, in either order.
func repeat(b *Budget, x, y Value) (Value, error) {
	seq, count := x, y
	if _, ok := smallInt(x); ok {
		seq, count = y, x
	}
	if _, ok := seq.(*big.Int); ok {
		seq, count = y, x
	}
	n, ok := smallInt(count)
	if !ok {
		return nil, repeatError(x, y)
	}
	n = max(n, 0)
	switch s := seq.(type) {
	case string:
		return repeatText(b, s, n)
	case Markup:
		t, err := repeatText(b, string(s), n)
		return Markup(t), err
	case *List:
		items, err := repeatItems(b, s.Items, n)
		return NewList(items...), err
	case Tuple:
		items, err := repeatItems(b, s, n)
		return Tuple(items), err
	}
	return nil, unsupported("*", x, y)
}

func repeatError(x, y Value) error {
	for _, pair := range [][2]Value{{x, y}, {y, x}} {
		if _, _, ok := sequences(pair[0], pair[0]); ok || isText(pair[0]) {
			if _, ok := pair[1].(*big.Int); ok {
				return Errorf("OverflowError", "cannot fit 'int' into an index-sized integer")
			}
			return Errorf("TypeError", "can't multiply sequence by non-int of type '%s'", TypeName(pair[1]))
		}
	}
	return unsupported("*", x, y)
}

func isText(v Value) bool {
	_, ok := Text(v)
	return ok
}

func repeatText(b *Budget, s string, n int64) (string, error) {
	if s == "" || n == 0 {
		return "", nil
	}
	if n > 1<<40/int64(len(s)) {
		n = 1 << 40 / int64(len(s))
		if b == nil {
			return "", Errorf(BudgetError, "the repeated text is too long")
		}
	}
	if err := b.Grow(n * int64(len(s))); err != nil {
		return "", err
	}
	return strings.Repeat(s, int(n)), nil
}

func repeatItems(b *Budget, items []Value, n int64) ([]Value, error) {
	if len(items) == 0 || n == 0 {
		return nil, nil
	}
	if n > 1<<40/int64(len(items)) {
		n = 1 << 40 / int64(len(items))
		if b == nil {
			return nil, Errorf(BudgetError, "the repeated list is too long")
		}
	}
	if err := b.Grow(n * int64(len(items)) * itemSize); err != nil {
		return nil, err
	}
	out := make([]Value, 0, int(n)*len(items))
	for range n {
		out = append(out, items...)
	}
	return out, nil
}

func difference(s, t *Set) (Value, error) {
	out := &Set{}
	for item := range s.All() {
		has, err := t.Has(item)
		if err != nil {
			return nil, err
		}
		if !has {
			if err := out.Add(item); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// EscapeHTML replaces the five characters that mean something in HTML.
func EscapeHTML(s string) string { return htmlEscaper.Replace(s) }

var htmlEscaper = strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;")
