package yaql

import (
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/petrelhq/petrel/core/expr"
)

// mathSpecs are the functions on numbers.
func mathSpecs() []spec {
	const two = "left: int, right: int"
	return []spec{
		{"int", AsFunction, "value: any", toInt, "The value as an int; null is 0, fractions are cut off.", "int('12')", "12"},
		{"float", AsFunction, "value: any", toFloat, "The value as a float; null is 0.0.", "float('1.5')", "1.5"},
		{"abs", AsFunction, "op: number", abs, "The number without its sign.", "abs(-5)", "5"},
		{"sign", AsFunction, "num: number", sign, "-1, 0 or 1.", "sign(-2.5)", "-1"},
		{"round", AsFunction, "number: number, ndigits: int = 0", round, "The number rounded to a number of digits after the point; halves to the even side.", "round(2.567, 2)", "2.57"},
		{"pow", AsFunction, "a: number, b: number, c: number? = null", pow, "a to the power of b; with c the remainder of that.", "pow(2, 10, 1000)", "24"},
		{"min", AsFunction, "a: any, b: any", extreme("<"), "The smaller of two values.", "min(2, 1)", "1"},
		{"max", AsFunction, "a: any, b: any", extreme(">"), "The larger of two values.", "max(1, 2)", "2"},
		{"random", AsFunction, "", random, "A float from 0 up to 1.", "random() < 1", "true"},
		{"random", AsFunction, "from: any, to: any", randomInt, "An int between from and to, both included.", "random(3, 3)", "3"},
		{"bitwiseAnd", AsFunction, two, bits((*big.Int).And), "The bits that both ints have.", "bitwiseAnd(6, 3)", "2"},
		{"bitwiseOr", AsFunction, two, bits((*big.Int).Or), "The bits that either int has.", "bitwiseOr(6, 3)", "7"},
		{"bitwiseXor", AsFunction, two, bits((*big.Int).Xor), "The bits that exactly one int has.", "bitwiseXor(6, 3)", "5"},
		{"bitwiseNot", AsFunction, "arg: int", bitwiseNot, "The int with all bits turned round.", "bitwiseNot(6)", "-7"},
		{"shiftBitsLeft", AsFunction, "value: int, bitsNumber: int", shift(true), "The bits moved up.", "shiftBitsLeft(1, 4)", "16"},
		{"shiftBitsRight", AsFunction, "value: int, bitsNumber: int", shift(false), "The bits moved down.", "shiftBitsRight(256, 4)", "16"},
	}
}

func toInt(c *Call) (Value, error) {
	switch x := c.args[0].(type) {
	case nil:
		return int64(0), nil
	case bool, int64, *big.Int:
		return expr.Int(c.big(0)), nil
	case float64:
		return expr.Trunc(x)
	case string:
		if err := c.budget().Step(int64(len(x)) / 16); err != nil { // reading a long one is slow
			return nil, err
		}
		if n, ok := expr.ParseInt(x, 10); ok {
			return n, c.pay(x)
		}
		return nil, expr.Errorf("ValueError", "invalid literal for int() with base 10: %s", expr.QuoteText(cut(x)))
	}
	return nil, expr.Errorf("TypeError", "int() argument must be a string, a bytes-like object or a real number, not '%s'", expr.TypeName(c.args[0]))
}

// cut shortens text for an error message.
func cut(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

func toFloat(c *Call) (Value, error) {
	switch x := c.args[0].(type) {
	case nil:
		return 0.0, nil
	case bool, int64, *big.Int, float64:
		return expr.Float(x)
	case string:
		if f, ok := expr.ParseFloat(x); ok {
			return f, c.pay(x)
		}
		return nil, expr.Errorf("ValueError", "could not convert string to float: %s", expr.QuoteText(cut(x)))
	}
	return nil, expr.Errorf("TypeError", "float() argument must be a string or a real number, not '%s'", expr.TypeName(c.args[0]))
}

func abs(c *Call) (Value, error) {
	if f, ok := c.args[0].(float64); ok {
		return math.Abs(f), nil
	}
	return expr.Int(new(big.Int).Abs(c.big(0))), nil
}

func sign(c *Call) (Value, error) {
	if f, ok := c.args[0].(float64); ok {
		switch {
		case f > 0:
			return int64(1), nil
		case f < 0:
			return int64(-1), nil
		}
		return int64(0), nil
	}
	return int64(c.big(0).Sign()), nil
}

func round(c *Call) (Value, error) {
	digits, err := c.int(1)
	if err != nil {
		return nil, err
	}
	if f, ok := c.args[0].(float64); ok {
		return roundFloat(f, digits)
	}
	if digits >= 0 {
		return c.args[0], nil
	}
	return roundInt(c.big(0), -digits), nil
}

// roundFloat rounds the exact value of the float, as Python does.
func roundFloat(f float64, digits int64) (Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) || digits > 323 {
		return f, nil
	}
	if digits < -308 {
		return math.Copysign(0, f), nil
	}
	r, _ := new(big.Rat).SetString("1e" + big.NewInt(digits).String())
	scaled := new(big.Rat).Mul(new(big.Rat).SetFloat64(f), r)
	out, _ := scaled.Quo(new(big.Rat).SetInt(halfEven(scaled.Num(), scaled.Denom())), r).Float64()
	if math.IsInf(out, 0) {
		return nil, expr.Errorf("OverflowError", "rounded value too large to represent")
	}
	return math.Copysign(out, f), nil
}

// halfEven is num/den rounded, halves to the even side.
func halfEven(num, den *big.Int) *big.Int {
	q, m := new(big.Int).DivMod(num, den, new(big.Int))
	switch m.Lsh(m, 1).Cmp(den) {
	case 1:
		return q.Add(q, big.NewInt(1))
	case 0:
		if q.Bit(0) == 1 {
			return q.Add(q, big.NewInt(1))
		}
	}
	return q
}

func roundInt(n *big.Int, zeros int64) Value {
	if zeros > int64(n.BitLen()) { // 10**zeros is more than twice n
		return int64(0)
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(zeros), nil)
	return expr.Int(unit.Mul(halfEven(n, unit), unit))
}

func pow(c *Call) (Value, error) {
	if c.args[2] == nil {
		return expr.Binary(c.budget(), "**", c.args[0], c.args[1])
	}
	if !isInteger(c.args[0]) || !isInteger(c.args[1]) || !isInteger(c.args[2]) {
		return nil, expr.Errorf("TypeError", "pow() 3rd argument not allowed unless all arguments are integers")
	}
	return c.powMod(c.big(0), c.big(1), c.big(2))
}

func (c *Call) powMod(a, b, m *big.Int) (Value, error) {
	if m.Sign() == 0 {
		return nil, expr.Errorf("ValueError", "pow() 3rd argument cannot be 0")
	}
	words := int64(m.BitLen())/64 + 1
	if err := c.budget().Step(words * words * (int64(b.BitLen()) + 1)); err != nil {
		return nil, err
	}
	size := new(big.Int).Abs(m)
	r := new(big.Int).Exp(a, b, size)
	if r == nil {
		return nil, expr.Errorf("ValueError", "base is not invertible for the given modulus")
	}
	if m.Sign() < 0 && r.Sign() > 0 {
		r.Add(r, m)
	}
	return expr.Int(r.Rem(r, size)), nil
}

func extreme(op string) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) { return c.sc.run.better(op, c.args[0], c.args[1]) }
}

func random(*Call) (Value, error) { return rand.Float64(), nil }

func randomInt(c *Call) (Value, error) {
	var n [2]int64
	for i := range n {
		if !intKind.accepts(c.args[i]) {
			return nil, expr.Errorf("ValueError", "non-integer arg %d for randrange()", i+1)
		}
		var err error
		if n[i], err = c.int(i); err != nil {
			return nil, err
		}
	}
	span := uint64(n[1]-n[0]) + 1
	switch {
	case n[1] < n[0]:
		return nil, expr.Errorf("ValueError", "empty range for randrange() (%d, %d)", n[0], n[1])
	case span == 0:
		return int64(rand.Uint64()), nil
	}
	return n[0] + int64(rand.Uint64N(span)), nil
}

func bits(f func(z, x, y *big.Int) *big.Int) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) { return expr.Int(f(new(big.Int), c.big(0), c.big(1))), nil }
}

func bitwiseNot(c *Call) (Value, error) { return expr.Int(new(big.Int).Not(c.big(0))), nil }

func shift(left bool) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		n := c.big(1)
		if n.Sign() < 0 {
			return nil, expr.Errorf("ValueError", "negative shift count")
		}
		v := c.big(0)
		if !left {
			if !n.IsInt64() || n.Int64() > int64(v.BitLen()) {
				n = big.NewInt(int64(v.BitLen()))
			}
			return expr.Int(new(big.Int).Rsh(v, uint(n.Int64()))), nil
		}
		if v.Sign() == 0 {
			return int64(0), nil
		}
		if !n.IsInt64() || n.Int64() > maxShift {
			return nil, expr.Errorf(expr.BudgetError, "the shift is too large: at most %d bits", maxShift)
		}
		if err := c.budget().Grow((n.Int64() + int64(v.BitLen())) / 8); err != nil {
			return nil, err
		}
		return expr.Int(new(big.Int).Lsh(v, uint(n.Int64()))), nil
	}
}

// maxShift bounds how far bits may be moved up.
const maxShift = 1 << 20
