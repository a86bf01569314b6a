package schema

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
)

// number is a JSON number as Python sees it: a whole number of any size, or a double.
type number struct {
	whole bool
	small int64    // of a whole number that fits
	big   *big.Int // of one that does not
	float float64  // always: the nearest double
}

// numberOf reads v, if it is a number. A float64 without fraction counts as whole,
// since decoding without UseNumber cannot tell 5 from 5.0; a json.Number can.
func numberOf(v any) (number, bool) {
	switch v := v.(type) {
	case json.Number:
		return parseNumber(string(v))
	case int:
		return wholeNumber(int64(v)), true
	case int64:
		return wholeNumber(v), true
	case int32:
		return wholeNumber(int64(v)), true
	case uint64:
		if v > math.MaxInt64 {
			return bigNumber(new(big.Int).SetUint64(v)), true
		}
		return wholeNumber(int64(v)), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return wholeNumber(int64(v)), true
		}
		return number{float: v}, true
	}
	return number{}, false
}

func wholeNumber(i int64) number { return number{whole: true, small: i, float: float64(i)} }

func bigNumber(b *big.Int) number {
	f, _ := new(big.Float).SetInt(b).Float64()
	return number{whole: true, big: b, float: f}
}

// parseNumber reads JSON's and Python's spelling: whole without a dot or exponent.
func parseNumber(s string) (number, bool) {
	if strings.ContainsAny(s, ".eE") {
		f, err := json.Number(s).Float64()
		if err != nil && !math.IsInf(f, 0) {
			return number{}, false
		}
		return number{float: f}, true
	}
	if i, err := json.Number(s).Int64(); err == nil {
		return wholeNumber(i), true
	}
	b, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return number{}, false
	}
	return bigNumber(b), true
}

// compare returns -1, 0 or 1; exactly, also between whole numbers and doubles.
func (n number) compare(o number) int {
	if n.whole && o.whole && n.big == nil && o.big == nil {
		switch {
		case n.small < o.small:
			return -1
		case n.small > o.small:
			return 1
		}
		return 0
	}
	if math.IsInf(n.float, 0) && !n.whole || math.IsInf(o.float, 0) && !o.whole || !n.whole && !o.whole {
		return compareFloats(n.float, o.float)
	}
	return n.exact().Cmp(o.exact())
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (n number) exact() *big.Rat {
	switch {
	case n.big != nil:
		return new(big.Rat).SetInt(n.big)
	case n.whole:
		return new(big.Rat).SetInt64(n.small)
	}
	return new(big.Rat).SetFloat64(n.float)
}

// multipleOf reports whether n is a multiple of unit, with Python's rounding for doubles.
func (n number) multipleOf(unit number) bool {
	if n.whole && unit.whole {
		return new(big.Rat).Quo(n.exact(), unit.exact()).IsInt()
	}
	quotient := n.float / unit.float
	return quotient == math.Trunc(quotient)
}

// equal compares as Python does, except that true is not 1: 1 equals 1.0.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		bb, ok := b.(bool)
		return ok && a == bb
	case string:
		bs, ok := b.(string)
		return ok && a == bs
	case []any:
		bl, ok := b.([]any)
		return ok && equalLists(a, bl)
	case map[string]any:
		bm, ok := b.(map[string]any)
		return ok && equalMaps(a, bm)
	}
	an, ok := numberOf(a)
	bn, also := numberOf(b)
	return ok && also && an.compare(bn) == 0
}

func equalLists(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func equalMaps(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		w, ok := b[k]
		if !ok || !equal(v, w) {
			return false
		}
	}
	return true
}
