package expr

import (
	"math"
	"math/big"
)

// Binary is Python's x op y for op one of + - * / // % **.
func Binary(b *Budget, op string, x, y Value) (Value, error) {
	if err := b.Step(1); err != nil {
		return nil, err
	}
	if _, ok := Text(x); ok && op == "%" {
		return Percent(b, x, y)
	}
	x, y, err := operands(b, x, y)
	if err != nil {
		return nil, err
	}
	if isNumber(x) && isNumber(y) {
		return numeric(b, op, x, y)
	}
	switch op {
	case "+":
		return concat(b, x, y)
	case "-":
		if s, ok := x.(*Set); ok {
			if t, ok := y.(*Set); ok {
				return difference(s, t)
			}
		}
	case "*":
		return repeat(b, x, y)
	case "%":
		if _, ok := Text(x); ok {
			return Percent(b, x, y)
		}
	}
	return nil, unsupported(op, x, y)
}

// operands resolves lazy values and refuses undefined ones.
func operands(b *Budget, x, y Value) (Value, Value, error) {
	for _, v := range []*Value{&x, &y} {
		switch o := (*v).(type) {
		case *Undefined:
			return nil, nil, o.Err()
		case Resolver:
			r, err := o.Resolve(b)
			if err != nil {
				return nil, nil, err
			}
			*v = r
		}
	}
	return x, y, nil
}

func unsupported(op string, x, y Value) error {
	if op == "**" {
		op = "** or pow()"
	}
	return Errorf("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(x), TypeName(y))
}

func numeric(b *Budget, op string, x, y Value) (Value, error) {
	_, xf := x.(float64)
	_, yf := y.(float64)
	if xf || yf {
		f, err := Float(x)
		if err != nil {
			return nil, err
		}
		g, err := Float(y)
		if err != nil {
			return nil, err
		}
		if op == "**" {
			if err := b.Step(powerSteps(g)); err != nil {
				return nil, err
			}
		}
		return floatOp(op, f, g)
	}
	i, xi := smallInt(x)
	j, yi := smallInt(y)
	if xi && yi {
		if v, ok, err := smallOp(op, i, j); ok || err != nil {
			return v, err
		}
	}
	return bigOp(b, op, Big(x), Big(y))
}

// Float is the float nearest to a number; OverflowError when it is too large, TypeError for other types.
func Float(v Value) (float64, error) {
	switch x := v.(type) {
	case float64:
		return x, nil
	case int64:
		return float64(x), nil
	case bool:
		return float64(boolInt(x)), nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(x).Float64()
		if math.IsInf(f, 0) {
			return 0, Errorf("OverflowError", "int too large to convert to float")
		}
		return f, nil
	case *Undefined:
		return 0, x.Err()
	}
	return 0, Errorf("TypeError", "must be real number, not %s", TypeName(v))
}

// smallOp computes on machine words; ok is false when the result does not fit.
func smallOp(op string, x, y int64) (v Value, ok bool, err error) {
	switch op {
	case "+":
		r := x + y
		return r, (r > x) == (y > 0), nil
	case "-":
		r := x - y
		return r, (r < x) == (y > 0), nil
	case "*":
		return smallMul(x, y)
	case "/":
		if y == 0 {
			return nil, false, zeroDivision("division by zero")
		}
		exact := x > -1<<53 && x < 1<<53 && y > -1<<53 && y < 1<<53
		return float64(x) / float64(y), exact, nil
	case "//":
		if y == 0 {
			return nil, false, zeroDivision("integer division or modulo by zero")
		}
		return floorDiv(x, y), x != math.MinInt64, nil
	case "%":
		if y == 0 {
			return nil, false, zeroDivision("integer modulo by zero")
		}
		return x - floorDiv(x, y)*y, x != math.MinInt64, nil
	}
	return nil, false, nil
}

func smallMul(x, y int64) (Value, bool, error) {
	if x == 0 || y == 0 {
		return int64(0), true, nil
	}
	r := x * y
	return r, r/y == x && !(x == -1 && y == math.MinInt64) && !(y == -1 && x == math.MinInt64), nil
}

func floorDiv(x, y int64) int64 {
	q := x / y
	if x%y != 0 && (x < 0) != (y < 0) {
		q--
	}
	return q
}

func zeroDivision(msg string) error { return Errorf("ZeroDivisionError", "%s", msg) }

func floatOp(op string, x, y float64) (Value, error) {
	switch op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "/":
		if y == 0 {
			return nil, zeroDivision("float division by zero")
		}
		return x / y, nil
	case "//":
		if y == 0 {
			return nil, zeroDivision("float floor division by zero")
		}
		q, _ := floatDivMod(x, y)
		return q, nil
	case "%":
		if y == 0 {
			return nil, zeroDivision("float modulo")
		}
		_, m := floatDivMod(x, y)
		return m, nil
	}
	return floatPow(x, y)
}

// floatDivMod gives the floored quotient and a remainder with y's sign.
func floatDivMod(x, y float64) (q, m float64) {
	m = math.Mod(x, y)
	q = (x - m) / y
	if m == 0 {
		m = math.Copysign(0, y)
	} else if (y < 0) != (m < 0) {
		m += y
		q--
	}
	if q == 0 {
		return math.Copysign(0, x/y), m
	}
	f := math.Floor(q)
	if q-f > 0.5 {
		f++
	}
	return f, m
}

func floatPow(x, y float64) (Value, error) {
	if x == 0 && y < 0 {
		return nil, zeroDivision("0.0 cannot be raised to a negative power")
	}
	if x < 0 && !math.IsInf(x, 0) && !math.IsInf(y, 0) && y != math.Trunc(y) {
		return nil, Errorf("ValueError", "a negative number to a fractional power is complex, which is not supported")
	}
	r := power(x, y)
	if math.IsInf(r, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return nil, Errorf("OverflowError", "(34, 'Numerical result out of range')")
	}
	return r, nil
}

func bigOp(b *Budget, op string, x, y *big.Int) (Value, error) {
	if op == "**" {
		return bigPow(b, x, y)
	}
	words := int64(x.BitLen()+y.BitLen())/64 + 1
	if err := b.Grow(8 * words); err != nil {
		return nil, err
	}
	if err := b.Step(words * words / 64); err != nil {
		return nil, err
	}
	r := new(big.Int)
	switch op {
	case "+":
		return Int(r.Add(x, y)), nil
	case "-":
		return Int(r.Sub(x, y)), nil
	case "*":
		return Int(r.Mul(x, y)), nil
	}
	return bigDiv(op, x, y)
}

func bigDiv(op string, x, y *big.Int) (Value, error) {
	if y.Sign() == 0 {
		return nil, zeroDivision("integer division or modulo by zero")
	}
	if op == "/" {
		f, _ := new(big.Rat).SetFrac(x, y).Float64()
		if math.IsInf(f, 0) {
			return nil, Errorf("OverflowError", "integer division result too large for a float")
		}
		if f == 0 && (x.Sign() < 0) != (y.Sign() < 0) {
			f = math.Copysign(0, -1)
		}
		return f, nil
	}
	q, m := new(big.Int).QuoRem(x, y, new(big.Int))
	if m.Sign() != 0 && (m.Sign() < 0) != (y.Sign() < 0) {
		m.Add(m, y)
		q.Sub(q, big.NewInt(1))
	}
	if op == "//" {
		return Int(q), nil
	}
	return Int(m), nil
}

func bigPow(b *Budget, x, y *big.Int) (Value, error) {
	if y.Sign() < 0 {
		f, err := Float(Int(x))
		if err != nil {
			return nil, err
		}
		g, err := Float(Int(y))
		if err != nil {
			return nil, err
		}
		return floatPow(f, g)
	}
	if x.BitLen() > 1 {
		if !y.IsInt64() || y.Int64() > 1<<40 {
			return nil, b.tooBig()
		}
		bytes := int64(x.BitLen()) * y.Int64() / 8
		if bytes < 0 || bytes > maxIntBytes {
			return nil, b.tooBig()
		}
		if err := b.Grow(bytes + 8); err != nil {
			return nil, err
		}
		return Int(new(big.Int).Exp(x, y, nil)), nil
	}
	return Int(smallBasePow(x, y)), nil
}

// maxIntBytes bounds one power, whose cost grows faster than its size.
const maxIntBytes = 1 << 17

func (b *Budget) tooBig() error {
	return Errorf(BudgetError, "the power is too large: an int may have at most %d bytes", maxIntBytes)
}

// smallBasePow is x**y for x in -1, 0, 1 and any y >= 0.
func smallBasePow(x, y *big.Int) *big.Int {
	if y.Sign() == 0 || x.Sign() < 0 && y.Bit(0) == 0 {
		return big.NewInt(1)
	}
	return x
}

// Unary is Python's -x or +x.
func Unary(b *Budget, op string, x Value) (Value, error) {
	x, _, err := operands(b, x, nil)
	if err != nil {
		return nil, err
	}
	if !isNumber(x) {
		return nil, Errorf("TypeError", "bad operand type for unary %s: '%s'", op, TypeName(x))
	}
	if op == "-" {
		if f, ok := x.(float64); ok {
			return -f, nil
		}
		return numeric(b, "-", int64(0), x)
	}
	if f, ok := x.(float64); ok {
		return f, nil
	}
	return numeric(b, "+", int64(0), x)
}
