package expr

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// Comparable stand-ins for hashable values that are not comparable, or equal across types, in Go.
type (
	noneKey  struct{}
	undefKey struct{}
	bigKey   string
	tupleKey string
)

// hashKey gives the Go-comparable form under which Python's == and hash agree.
func hashKey(v Value) (any, error) {
	switch x := v.(type) {
	case nil:
		return noneKey{}, nil
	case string, int64:
		return x, nil
	case Markup:
		return string(x), nil
	case bool:
		return boolInt(x), nil
	case *big.Int:
		return bigKey(x.String()), nil
	case float64:
		return floatKey(x), nil
	case Tuple:
		w := keyWriter{}
		err := w.tuple(x, 0)
		return tupleKey(w.sb.String()), err
	case *Undefined:
		return undefKey{}, x.use()
	case *List, *Dict, *Set:
		return nil, Errorf("TypeError", "unhashable type: '%s'", TypeName(v))
	case Hasher:
		return x.HashKey()
	}
	return v, nil
}

func floatKey(f float64) any {
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		return f
	}
	if f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	n, _ := big.NewFloat(f).Int(nil)
	return bigKey(n.String())
}

// keyWriter writes tuples as text, one text for each value.
type keyWriter struct{ sb strings.Builder }

// maxKeySize bounds the text of one key, as nested tuples that share parts could be endless.
const maxKeySize = 16 << 10

func (w *keyWriter) tuple(t Tuple, depth int) error {
	if err := nesting(depth); err != nil {
		return err
	}
	if w.sb.Len() > maxKeySize {
		return Errorf(BudgetError, "a tuple used as a key has more than %d bytes", maxKeySize)
	}
	fmt.Fprintf(&w.sb, "(%d", len(t))
	for _, item := range t {
		if inner, ok := item.(Tuple); ok {
			if err := w.tuple(inner, depth+1); err != nil {
				return err
			}
			continue
		}
		if err := w.leaf(item); err != nil {
			return err
		}
	}
	return nil
}

// leaf writes type, length and text.
func (w *keyWriter) leaf(item Value) error {
	k, err := hashKey(item)
	if err != nil {
		return err
	}
	text := fmt.Sprint(k)
	if _, ok := k.(Object); ok {
		text = fmt.Sprintf("%p", k)
	}
	if len(text) > maxKeySize {
		return Errorf(BudgetError, "a tuple used as a key has more than %d bytes", maxKeySize)
	}
	fmt.Fprintf(&w.sb, "%T %d %s", k, len(text), text)
	return nil
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Hashable is nil when v may be a key, else Python's TypeError.
func Hashable(v Value) error {
	_, err := hashKey(v)
	return err
}
