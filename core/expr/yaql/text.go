package yaql

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// pythonText is str(v) as the original shows values inside an expression: data lists as tuples.
func pythonText(b *expr.Budget, v Value) (string, error) {
	switch v.(type) {
	case *expr.List, expr.Tuple, *expr.Dict, *expr.Set, *expr.View:
		return pythonRepr(b, v)
	}
	return expr.Str(b, v)
}

func pythonRepr(b *expr.Budget, v Value) (string, error) {
	shaped, err := pythonShape(b, v, 0)
	if err != nil {
		return "", err
	}
	return expr.Repr(b, shaped)
}

// pythonShape is v with tuples for the lists that count as such, ready for its repr.
func pythonShape(b *expr.Budget, v Value, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	switch x := v.(type) {
	case *expr.Dict:
		if err := b.Grow(keySize * int64(x.Len())); err != nil {
			return nil, err
		}
		out := expr.NewDict()
		for k, item := range x.All() {
			shaped, err := pythonShape(b, item, depth+1)
			if err != nil {
				return nil, err
			}
			if err := out.Set(k, shaped); err != nil {
				return nil, err
			}
		}
		return out, nil
	case *expr.Set:
		return &setText{x}, nil
	case *expr.View:
		return &viewText{x}, nil
	}
	items, ok := sequence(v)
	if !ok {
		return v, nil
	}
	if err := b.Grow(slotSize * int64(len(items)+3)); err != nil {
		return nil, err
	}
	out := make([]Value, len(items))
	for i, item := range items {
		shaped, err := pythonShape(b, item, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = shaped
	}
	if isPythonList(v) {
		return expr.NewList(out...), nil
	}
	return expr.Tuple(out), nil
}

// setText writes a set as Python writes frozen ones.
type setText struct{ set *expr.Set }

// TypeName implements expr.Object.
func (*setText) TypeName() string { return "frozenset" }

// Str implements expr.Stringer.
func (s *setText) Str(b *expr.Budget) (string, error) {
	if s.set.Len() == 0 {
		return "frozenset()", nil
	}
	var parts []string
	for item := range s.set.All() {
		part, err := pythonRepr(b, unkey(item))
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	text := "frozenset({" + strings.Join(parts, ", ") + "})"
	return text, b.Grow(int64(len(text)))
}

// viewText writes the keys, values or items of a map.
type viewText struct{ view *expr.View }

// TypeName implements expr.Object.
func (v *viewText) TypeName() string {
	switch v.view.Kind {
	case expr.KeysView:
		return "KeysView"
	case expr.ValuesView:
		return "ValuesView"
	}
	return "ItemsView"
}

// Str implements expr.Stringer.
func (v *viewText) Str(b *expr.Budget) (string, error) {
	s, err := pythonRepr(b, v.view.Dict)
	return v.TypeName() + "(" + s + ")", err
}
