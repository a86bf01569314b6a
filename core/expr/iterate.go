package expr

import (
	"cmp"
	"unicode/utf8"
)

// NextFunc makes an Iterator of a function.
type NextFunc func() (Value, bool, error)

// Next implements Iterator.
func (f NextFunc) Next() (Value, bool, error) { return f() }

// Iterate starts a walk over v: items of sequences and sets, keys of dicts, characters of
// strings. TypeError for what cannot be walked. Each value costs a step.
func Iterate(b *Budget, v Value) (Iterator, error) {
	switch x := v.(type) {
	case *List:
		return iterList(b, x), nil
	case Tuple:
		return iterItems(b, x), nil
	case *Dict:
		return iterDict(b, x, pickKey), nil
	case *Set:
		return iterDict(b, &x.dict, pickKey), nil
	case string:
		return iterText(b, x), nil
	case Markup:
		return iterText(b, string(x)), nil
	case *Undefined:
		return iterItems(b, nil), x.use()
	case Iterable:
		return x.Iter(b)
	case Resolver:
		r, err := x.Resolve(b)
		if err != nil {
			return nil, err
		}
		if _, again := r.(Resolver); !again {
			return Iterate(b, r)
		}
	}
	return nil, Errorf("TypeError", "'%s' object is not iterable", TypeName(v))
}

// Items collects all of a walk over v.
func Items(b *Budget, v Value) ([]Value, error) {
	switch x := v.(type) {
	case Tuple:
		return x, b.Step(int64(len(x)))
	case *List:
		if err := b.GrowItems(len(x.Items)); err != nil {
			return nil, err
		}
		return append([]Value(nil), x.Items...), nil
	}
	it, err := Iterate(b, v)
	if err != nil {
		return nil, err
	}
	return Drain(b, it)
}

// Drain collects what is left of a walk.
func Drain(b *Budget, it Iterator) ([]Value, error) {
	var out []Value
	for {
		v, ok, err := it.Next()
		if err != nil || !ok {
			return out, err
		}
		if err := b.GrowItems(1); err != nil {
			return nil, err
		}
		out = push(out, v)
	}
}

func iterItems(b *Budget, items []Value) Iterator {
	i := 0
	return NextFunc(func() (Value, bool, error) {
		if i >= len(items) {
			return nil, false, nil
		}
		i++
		return items[i-1], true, b.Step(1)
	})
}

// iterList looks at the list anew each time: it may grow during the walk.
func iterList(b *Budget, l *List) Iterator {
	i := 0
	return NextFunc(func() (Value, bool, error) {
		if i >= len(l.Items) {
			return nil, false, nil
		}
		i++
		return l.Items[i-1], true, b.Step(1)
	})
}

func iterText(b *Budget, s string) Iterator {
	return NextFunc(func() (Value, bool, error) {
		if s == "" {
			return nil, false, nil
		}
		_, n := utf8.DecodeRuneInString(s)
		c := Value(s[:n])
		if s[0] < utf8.RuneSelf {
			c = asciiTexts[s[0]]
		}
		s = s[n:]
		return c, true, b.Step(1)
	})
}

// asciiTexts are the one-letter strings, made once: texts are often taken apart.
var asciiTexts = func() (texts [utf8.RuneSelf]Value) {
	for i := range texts {
		texts[i] = string(rune(i))
	}
	return texts
}()

func pickKey(e entry) Value   { return e.key }
func pickValue(e entry) Value { return e.val }
func pickPair(e entry) Value  { return Tuple{e.key, e.val} }

// iterDict fails, as Python does, when the dict changes size during the walk.
func iterDict(b *Budget, d *Dict, pick func(entry) Value) Iterator {
	if d.base != nil {
		d = d.flat()
	}
	i, size := 0, d.Len()
	return NextFunc(func() (Value, bool, error) {
		if d.Len() != size {
			return nil, false, Errorf("RuntimeError", "dictionary changed size during iteration")
		}
		for ; i < len(d.entries); i++ {
			if e := d.entries[i]; !e.dead {
				i++
				return pick(e), true, b.Step(1)
			}
		}
		return nil, false, nil
	})
}

// Generator is a value that is its own one-time walk.
type Generator struct {
	Type string // Python's name of its type; "" means generator
	Name string // of the function that made a generator, shown in its text
	Iterator
}

// TypeName implements Object.
func (g *Generator) TypeName() string { return cmp.Or(g.Type, "generator") }

// Iter implements Iterable: a generator continues where it is.
func (g *Generator) Iter(*Budget) (Iterator, error) { return g.Iterator, nil }

// Str implements Stringer.
func (g *Generator) Str(*Budget) (string, error) {
	if g.Type != "" {
		return "<" + g.Type + " object" + Address + ">", nil
	}
	return "<generator object " + g.Name + Address + ">", nil
}
