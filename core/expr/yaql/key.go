package yaql

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// frozen is a map or set as a key: two with equal content are one key.
type frozen struct {
	val  Value
	hash string
}

// TypeName implements expr.Object.
func (f *frozen) TypeName() string { return expr.TypeName(f.val) }

// HashKey implements expr.Hasher.
func (f *frozen) HashKey() (any, error) { return frozenKey(f.hash), nil }

// EqualTo implements expr.Equaler.
func (f *frozen) EqualTo(_ *expr.Budget, other Value) (bool, error) {
	g, ok := other.(*frozen)
	return ok && f.hash == g.hash, nil
}

// Repr implements expr.Reprer.
func (f *frozen) Repr(b *expr.Budget) (string, error) { return pythonText(b, f.val) }

type frozenKey string

// key is v in the form in which it can be put into maps and sets: tuples for lists, frozen maps and
// sets. Python's lists and one-time queries that are no keys in the original either are refused.
func (r *run) key(v Value) (Value, error) { return r.keyAt(v, 0) }

func (r *run) keyAt(v Value, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	switch x := v.(type) {
	case nil, bool, int64, float64, string:
		return v, nil
	case *expr.Dict:
		return r.frozenDict(x, depth)
	case *expr.Set:
		return r.frozenSet(x)
	}
	items, ok := sequence(v)
	if !ok {
		return v, nil
	}
	if isPythonList(v) {
		return nil, expr.Errorf("TypeError", "unhashable type: 'list'")
	}
	if err := r.budget.Grow(slotSize * int64(len(items)+3)); err != nil {
		return nil, err
	}
	out := make(expr.Tuple, len(items))
	for i, item := range items {
		k, err := r.keyAt(item, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = k
	}
	return out, nil
}

func (r *run) frozenDict(d *expr.Dict, depth int) (Value, error) {
	var parts []string
	for k, v := range d.All() {
		val, err := r.keyAt(v, depth+1)
		if err != nil {
			return nil, err
		}
		part, err := r.identity(expr.Tuple{k, val})
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return freezeParts(d, "d", parts), nil
}

func (r *run) frozenSet(s *expr.Set) (Value, error) {
	var parts []string
	for k := range s.All() {
		part, err := r.identity(k)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return freezeParts(s, "s", parts), nil
}

func freezeParts(v Value, sign string, parts []string) Value {
	sort.Strings(parts)
	return &frozen{v, sign + strings.Join(parts, "\x00")}
}

// identityCopies is how often the text of a key is copied on its way into the key around it.
const identityCopies = 4

// identity is text that is the same for equal keys and differs for others.
func (r *run) identity(key Value) (string, error) {
	var sb strings.Builder
	err := r.writeIdentity(&sb, key)
	if err == nil {
		err = r.budget.Grow(identityCopies * int64(sb.Len()))
	}
	return sb.String(), err
}

func (r *run) writeIdentity(sb *strings.Builder, key Value) error {
	switch x := key.(type) {
	case expr.Tuple:
		sb.WriteByte('(')
		for _, item := range x {
			if err := r.writeIdentity(sb, item); err != nil {
				return err
			}
			sb.WriteByte(',')
		}
		sb.WriteByte(')')
		return nil
	case expr.Hasher:
		h, err := x.HashKey()
		fmt.Fprintf(sb, "%T%v", h, h)
		return err
	case string:
		sb.WriteString(strconv.Quote(x))
		return nil
	}
	if _, isBool := key.(bool); key == nil || isBool || isNumber(key) {
		return writeNumber(sb, key)
	}
	fmt.Fprintf(sb, "%T%p", key, key)
	return nil
}

// writeNumber writes 1, 1.0 and true alike.
func writeNumber(sb *strings.Builder, n Value) error {
	if f, ok := n.(float64); ok && f == math.Trunc(f) {
		whole, err := expr.Trunc(f)
		if err == nil {
			n = whole
		}
	}
	if b, ok := n.(bool); ok {
		n = int64(0)
		if b {
			n = int64(1)
		}
	}
	s, err := expr.Repr(nil, n)
	sb.WriteString(s)
	return err
}

// unkey is the value that a key stands for.
func unkey(k Value) Value {
	switch x := k.(type) {
	case *frozen:
		return x.val
	case expr.Tuple:
		out := make(expr.Tuple, len(x))
		for i := range x {
			out[i] = unkey(x[i])
		}
		return out
	}
	return k
}
