package jinja

import (
	"math/big"

	"github.com/petrelhq/petrel/core/expr"
)

// builtinTests are Jinja's own tests.
func builtinTests() map[string]Func {
	m := map[string]Func{
		"boolean":     typeTest(func(v expr.Value) bool { _, ok := v.(bool); return ok }),
		"callable":    typeTest(isCallable),
		"defined":     typeTest(func(v expr.Value) bool { _, ok := v.(*expr.Undefined); return !ok }),
		"undefined":   typeTest(func(v expr.Value) bool { _, ok := v.(*expr.Undefined); return ok }),
		"none":        typeTest(func(v expr.Value) bool { return v == nil }),
		"true":        typeTest(func(v expr.Value) bool { return v == true }),
		"false":       typeTest(func(v expr.Value) bool { return v == false }),
		"integer":     typeTest(func(v expr.Value) bool { return isInt(v) }),
		"float":       typeTest(func(v expr.Value) bool { _, ok := v.(float64); return ok }),
		"number":      typeTest(isNumeric),
		"string":      typeTest(func(v expr.Value) bool { _, ok := expr.Text(v); return ok }),
		"mapping":     typeTest(func(v expr.Value) bool { _, ok := v.(*expr.Dict); return ok }),
		"escaped":     typeTest(func(v expr.Value) bool { _, ok := v.(expr.Markup); return ok }),
		"iterable":    method(testIterable),
		"sequence":    method(testSequence),
		"lower":       method(testCase("islower")),
		"upper":       method(testCase("isupper")),
		"odd":         method(testRemainder(1)),
		"even":        method(testRemainder(0)),
		"divisibleby": method(testDivisible, expr.Req("num")),
		"sameas":      method(testSame, expr.Req("other")),
		"filter":      method(testFilter),
		"test":        method(testTest),
	}
	for op, names := range map[string][]string{
		"==": {"==", "eq", "equalto"}, "!=": {"!=", "ne"}, "<": {"<", "lt", "lessthan"}, "<=": {"<=", "le"},
		">": {">", "gt", "greaterthan"}, ">=": {">=", "ge"}, "in": {"in"},
	} {
		t := method(func(c *Call, a []expr.Value) (expr.Value, error) {
			ok, err := compareValues(c.Budget, op, a[0], a[1])
			return ok, err
		}, expr.Req("other"))
		for _, name := range names {
			m[name] = t
		}
	}
	return m
}

func typeTest(is func(expr.Value) bool) Func {
	return method(func(c *Call, a []expr.Value) (expr.Value, error) { return is(a[0]), nil })
}

// isCallable is true for undefined values too: calling one is an error of its own.
func isCallable(v expr.Value) bool {
	switch v.(type) {
	case expr.Callable, *expr.Undefined:
		return true
	}
	return false
}

func isInt(v expr.Value) bool {
	switch v.(type) {
	case int64, *big.Int:
		return true
	}
	return false
}

func isNumeric(v expr.Value) bool {
	switch v.(type) {
	case bool, float64:
		return true
	}
	return isInt(v)
}

func testIterable(c *Call, a []expr.Value) (expr.Value, error) {
	_, err := expr.Iterate(c.Budget, a[0])
	switch {
	case err == nil:
		return true, nil
	case expr.ClassOf(err) == "TypeError":
		return false, nil
	}
	return nil, err
}

// testSequence is true for what has a length and subscripts.
func testSequence(c *Call, a []expr.Value) (expr.Value, error) {
	switch x := a[0].(type) {
	case string, expr.Markup, *expr.List, expr.Tuple, *expr.Dict, *expr.Range, *group:
		return true, nil
	case *expr.Undefined:
		return x.Kind == expr.Lenient, nil
	}
	return false, nil
}

func testCase(name string) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		s, _, err := c.soft(a[0])
		if err != nil {
			return nil, err
		}
		return charTests()[name](s), nil
	}
}

func testRemainder(want int64) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		return remainderIs(c.Budget, a[0], int64(2), want)
	}
}

func testDivisible(c *Call, a []expr.Value) (expr.Value, error) {
	return remainderIs(c.Budget, a[0], a[1], 0)
}

func remainderIs(b *expr.Budget, v, by expr.Value, want int64) (expr.Value, error) {
	r, err := expr.Binary(b, "%", v, by)
	if err != nil {
		return nil, err
	}
	eq, err := expr.Equal(b, r, want)
	return eq, err
}

// testSame is identity; scalars of one type are the same when they are equal.
func testSame(c *Call, a []expr.Value) (expr.Value, error) {
	if _, ok := a[0].(expr.Tuple); ok {
		return false, nil
	}
	if _, ok := a[1].(expr.Tuple); ok {
		return false, nil
	}
	return a[0] == a[1], nil
}

func testFilter(c *Call, a []expr.Value) (expr.Value, error) {
	name, _ := expr.Text(a[0])
	_, known := c.frame.render.env.filters[name]
	return known, expr.Hashable(a[0])
}

func testTest(c *Call, a []expr.Value) (expr.Value, error) {
	name, _ := expr.Text(a[0])
	_, known := c.frame.render.env.tests[name]
	return known, expr.Hashable(a[0])
}
