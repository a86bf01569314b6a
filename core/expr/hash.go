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
func hashKey(v Value) (any, error) { return hashKeyAt(v, 0) }

func hashKeyAt(v Value, depth int) (any, error) {
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
		return hashTuple(x, depth)
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

func hashTuple(t Tuple, depth int) (any, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	var sb strings.Builder
	for _, item := range t {
		k, err := hashKeyAt(item, depth+1)
		if err != nil {
			return nil, err
		}
		part := fmt.Sprintf("%T:%v", k, k)
		fmt.Fprintf(&sb, "%d:%s", len(part), part)
	}
	return tupleKey(sb.String()), nil
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
