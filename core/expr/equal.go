package expr

import (
	"math"
	"math/big"
)

// Equal is Python's x == y.
func Equal(b *Budget, x, y Value) (bool, error) { return equal(b, x, y, 0) }

func equal(b *Budget, x, y Value, depth int) (bool, error) {
	if err := nesting(depth); err != nil {
		return false, err
	}
	if err := b.Step(1); err != nil {
		return false, err
	}
	if done, eq, err := equalSpecial(b, x, y); done || err != nil {
		return eq, err
	}
	if s, ok := Text(x); ok {
		t, ok := Text(y)
		if !ok || len(s) != len(t) {
			return false, nil
		}
		return s == t, b.Step(int64(len(s)) / readBytes)
	}
	if isNumber(x) {
		if !isNumber(y) {
			return false, nil
		}
		c, ordered := compareNumbers(x, y)
		return ordered && c == 0, nil
	}
	return equalContainers(b, x, y, depth)
}

// equalSpecial handles values that bring their own equality.
func equalSpecial(b *Budget, x, y Value) (done, eq bool, err error) {
	if u, ok := x.(*Undefined); ok {
		_, both := y.(*Undefined)
		return true, both, u.use()
	}
	if u, ok := y.(*Undefined); ok {
		return true, false, u.use()
	}
	if e, ok := x.(Equaler); ok {
		eq, err = e.EqualTo(b, y)
		return true, eq, err
	}
	if e, ok := y.(Equaler); ok {
		eq, err = e.EqualTo(b, x)
		return true, eq, err
	}
	return false, false, nil
}

func equalContainers(b *Budget, x, y Value, depth int) (bool, error) {
	switch p := x.(type) {
	case nil:
		return y == nil, nil
	case *List:
		q, ok := y.(*List)
		if !ok || p == q {
			return ok, nil
		}
		return equalItems(b, p.Items, q.Items, depth)
	case Tuple:
		q, ok := y.(Tuple)
		if !ok {
			return false, nil
		}
		return equalItems(b, p, q, depth)
	case *Dict:
		q, ok := y.(*Dict)
		if !ok || p == q {
			return ok, nil
		}
		return equalDicts(b, p, q, depth)
	case *Set:
		q, ok := y.(*Set)
		if !ok || p.Len() != q.Len() {
			return false, nil
		}
		return p.subset(q)
	}
	if _, ok := y.(Tuple); ok {
		return false, nil
	}
	return x == y, nil
}

// same is Python's test inside containers: identity first, so a NaN equals itself.
func same(b *Budget, x, y Value, depth int) (bool, error) {
	if f, ok := x.(float64); ok && f != f {
		g, ok := y.(float64)
		return ok && g != g, nil
	}
	return equal(b, x, y, depth)
}

func equalItems(b *Budget, x, y []Value, depth int) (bool, error) {
	if len(x) != len(y) {
		return false, nil
	}
	for i := range x {
		if eq, err := same(b, x[i], y[i], depth+1); !eq || err != nil {
			return false, err
		}
	}
	return true, nil
}

func equalDicts(b *Budget, x, y *Dict, depth int) (bool, error) {
	if x.Len() != y.Len() {
		return false, nil
	}
	if x.base != nil {
		x = x.flat()
	}
	for _, e := range x.entries {
		if e.dead {
			continue
		}
		other := y.lookup(e.hash)
		if other == nil {
			return false, nil
		}
		if eq, err := same(b, e.val, other.val, depth+1); !eq || err != nil {
			return false, err
		}
	}
	return true, nil
}

func isNumber(v Value) bool {
	switch v.(type) {
	case bool, int64, float64, *big.Int:
		return true
	}
	return false
}

// compareNumbers orders two numbers exactly; ok is false when one is NaN.
func compareNumbers(x, y Value) (cmp int, ok bool) {
	f, xf := x.(float64)
	g, yf := y.(float64)
	switch {
	case xf && yf:
		return compareFloats(f, g)
	case xf:
		c, ok := compareFloatInt(f, y)
		return c, ok
	case yf:
		c, ok := compareFloatInt(g, x)
		return -c, ok
	}
	i, xi := smallInt(x)
	j, yi := smallInt(y)
	if xi && yi {
		switch {
		case i < j:
			return -1, true
		case i > j:
			return 1, true
		}
		return 0, true
	}
	return Big(x).Cmp(Big(y)), true
}

func compareFloats(f, g float64) (int, bool) {
	switch {
	case f < g:
		return -1, true
	case f > g:
		return 1, true
	}
	return 0, f == g
}

func compareFloatInt(f float64, n Value) (int, bool) {
	if math.IsNaN(f) {
		return 0, false
	}
	if math.IsInf(f, 0) {
		return int(math.Copysign(1, f)), true
	}
	if i, ok := smallInt(n); ok && i > -1<<53 && i < 1<<53 {
		return compareFloats(f, float64(i))
	}
	return new(big.Float).SetFloat64(f).Cmp(new(big.Float).SetInt(Big(n))), true
}

// smallInt is the int64 in an int or bool that fits.
func smallInt(v Value) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case bool:
		return boolInt(x), true
	}
	return 0, false
}

// Big is the integer in an int or bool; 0 for anything else.
func Big(v Value) *big.Int {
	switch x := v.(type) {
	case int64:
		return big.NewInt(x)
	case bool:
		return big.NewInt(boolInt(x))
	case *big.Int:
		return x
	}
	return new(big.Int)
}
