package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

func filterAbs(c *Call, a []expr.Value) (expr.Value, error) {
	switch x := a[0].(type) {
	case bool, int64, *big.Int:
		return expr.Int(new(big.Int).Abs(expr.Big(x))), nil
	case float64:
		return math.Abs(x), nil
	}
	return nil, expr.Errorf("TypeError", "bad operand type for abs(): '%s'", expr.TypeName(a[0]))
}

func filterFloat(c *Call, a []expr.Value) (expr.Value, error) {
	v, err := c.frame.resolved(a[0])
	if err != nil {
		return nil, err
	}
	if s, ok := expr.Text(v); ok {
		if f, ok := expr.ParseFloat(s); ok {
			return f, nil
		}
		return a[1], nil
	}
	f, err := expr.Float(v)
	if class := expr.ClassOf(err); class == "TypeError" || class == "ValueError" {
		return a[1], nil
	}
	return f, err
}

func filterInt(c *Call, a []expr.Value) (expr.Value, error) {
	v, err := c.frame.resolved(a[0])
	if err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case int64, *big.Int:
		return x, nil
	case bool:
		return expr.Int(expr.Big(x)), nil
	case float64:
		n, err := expr.Trunc(x)
		if expr.ClassOf(err) == "ValueError" {
			return a[1], nil
		}
		return n, err
	case *expr.Undefined:
		return nil, x.Err()
	}
	s, ok := expr.Text(v)
	if !ok {
		return a[1], nil
	}
	return intOfText(c.Budget, s, a[1], a[2])
}

// intSquares is how many squared digits of an int are read in one step.
const intSquares = 10000

// intOfText reads an int, or a float and cuts it, or gives the default.
func intOfText(b *expr.Budget, s string, missing, base expr.Value) (expr.Value, error) {
	n, err := expr.AsInt(base)
	if err != nil {
		return nil, err
	}
	if n != 10 { // of base 10, only 4300 digits are read
		if err := b.Step(int64(len(s)) * int64(len(s)) / intSquares); err != nil {
			return nil, err
		}
	}
	if v, ok := expr.ParseInt(s, int(n)); ok {
		return v, nil
	}
	f, ok := expr.ParseFloat(s)
	if !ok {
		return missing, nil
	}
	v, err := expr.Trunc(f)
	if expr.ClassOf(err) == "ValueError" {
		return missing, nil
	}
	return v, err
}

func filterRound(c *Call, a []expr.Value) (expr.Value, error) {
	method, _ := expr.Text(a[2])
	switch method {
	case "common", "ceil", "floor":
	default:
		return nil, expr.Errorf("FilterArgumentError", "method must be common, ceil or floor")
	}
	if method != "common" {
		return c.roundTo(a[0], a[1], method)
	}
	digits, err := expr.AsInt(a[1])
	if err != nil {
		return nil, err
	}
	switch x := a[0].(type) {
	case float64:
		return roundFloat(x, digits)
	case bool, int64, *big.Int:
		return roundInt(c.Budget, x, digits)
	}
	return nil, expr.Errorf("TypeError", "type %s doesn't define __round__ method", expr.TypeName(a[0]))
}

// roundFloat rounds the exact binary value half to even, as Python's round.
func roundFloat(x float64, digits int64) (expr.Value, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) || digits > 400 {
		return x, nil
	}
	if digits < -400 {
		return math.Copysign(0, x), nil
	}
	if digits >= 0 {
		f, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', int(digits), 64), 64)
		return f, err
	}
	return roundWhole(x, int(digits))
}

// roundWhole rounds to tens, hundreds …: to so many of the decimal digits, which Go rounds exactly.
func roundWhole(x float64, digits int) (expr.Value, error) {
	_, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	first, err := strconv.Atoi(exponent)
	if err != nil {
		return nil, err
	}
	kept := first + digits
	if half, _ := strconv.ParseFloat("5e"+exponent, 64); kept < -1 || kept == -1 && math.Abs(x) <= half {
		return math.Copysign(0, x), nil
	}
	text := strconv.FormatFloat(x, 'e', max(kept, 0), 64)
	if kept == -1 { // up to the unit, which is larger than x
		text = strconv.FormatFloat(math.Copysign(1, x), 'f', 0, 64) + "e" + strconv.Itoa(-digits)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, expr.Errorf("OverflowError", "rounded value too large to represent")
	}
	return f, nil
}

// roundInt rounds to tens, hundreds … half to even; digits after the point change nothing.
func roundInt(b *expr.Budget, x expr.Value, digits int64) (expr.Value, error) {
	n := expr.Big(x)
	if digits >= 0 {
		return expr.Int(n), nil
	}
	if -digits > 4300 {
		return int64(0), nil
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(-digits), nil)
	q, r := new(big.Int).DivMod(n, unit, new(big.Int))
	twice := new(big.Int).Lsh(r, 1)
	if c := twice.Cmp(unit); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return expr.Int(q.Mul(q, unit)), b.Grow(int64(unit.BitLen()) / 4)
}

// roundTo is ceil or floor at a decimal digit.
func (c *Call) roundTo(v, digits expr.Value, method string) (expr.Value, error) {
	scale, err := expr.Binary(c.Budget, "**", int64(10), digits)
	if err != nil {
		return nil, err
	}
	scaled, err := expr.Binary(c.Budget, "*", v, scale)
	if err != nil {
		return nil, err
	}
	if f, ok := scaled.(float64); ok {
		if method == "ceil" {
			f = math.Ceil(f)
		} else {
			f = math.Floor(f)
		}
		if scaled, err = expr.Trunc(f); err != nil {
			return nil, err
		}
	}
	return expr.Binary(c.Budget, "/", scaled, scale)
}

func filterSum(c *Call, a []expr.Value) (expr.Value, error) {
	get := c.getter(a[1], nil)
	it, err := expr.Iterate(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	total := a[2]
	if _, ok := expr.Text(total); ok {
		return nil, expr.Errorf("TypeError", "sum() can't sum strings [use ''.join(seq) instead]")
	}
	for {
		v, ok, err := it.Next()
		if err != nil || !ok {
			return total, err
		}
		if v, err = get(v); err != nil {
			return nil, err
		}
		if total, err = expr.Binary(c.Budget, "+", total, v); err != nil {
			return nil, err
		}
	}
}

func filterFileSize(c *Call, a []expr.Value) (expr.Value, error) {
	v, err := filterFloatStrict(c, a[0])
	if err != nil {
		return nil, err
	}
	binary, err := expr.Truthy(a[1])
	if err != nil {
		return nil, err
	}
	base, units := 1000.0, []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if binary {
		base, units = 1024.0, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	switch {
	case v == 1:
		return "1 Byte", nil
	case v < base:
		whole, err := expr.Trunc(v)
		if err != nil {
			return nil, err
		}
		n, err := expr.Str(c.Budget, whole)
		return n + " Bytes", err
	}
	unit := base
	for i, name := range units {
		unit *= base
		if v < unit || i == len(units)-1 {
			return expr.Percent(c.Budget, "%.1f "+name, expr.Tuple{base * v / unit})
		}
	}
	return nil, nil
}

// filterFloatStrict is Python's float(v), without a default.
func filterFloatStrict(c *Call, v expr.Value) (float64, error) {
	s, ok := expr.Text(v)
	if !ok {
		return expr.Float(v)
	}
	f, ok := expr.ParseFloat(s)
	if !ok {
		return 0, expr.Errorf("ValueError", "could not convert string to float: %s", expr.QuoteText(s))
	}
	return f, nil
}
