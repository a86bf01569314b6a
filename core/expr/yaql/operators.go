package yaql

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// operatorSpecs are the operators. "and" and "or" are part of the language itself (see logic).
func operatorSpecs() []spec {
	op := func(name, kinds, summary, example, result string) spec {
		left, right, _ := strings.Cut(kinds, " ")
		return spec{"#operator_" + name, AsFunction, "left: " + left + ", right: " + right, binary(name), summary, example, result}
	}
	return []spec{
		op("+", "summand summand", "Sum of numbers or time spans; texts, lists, maps or sets joined; a date moved by a time span.", "[1, 2] + [3]", "[1, 2, 3]"),
		op("-", "amount amount", "Difference of numbers, sets, time spans or dates; a date moved back by a time span.", "7 - 2.5", "4.5"),
		op("*", "factor factor", "Product of numbers; a text, list or time span repeated.", "'ab' * 2", "'abab'"),
		op("/", "amount amount", "Quotient; of two ints it is rounded down. A time span divided by a number or a time span.", "7 / 2", "3"),
		op("mod", "amount amount", "Remainder with the sign of the right side.", "-7 mod 3", "2"),
		op("<", "any any", "Less: numbers, texts, dates, time spans; null is less than all else; a set that is a proper subset.", "'a' < 'b'", "true"),
		op("<=", "any any", "Less or equal.", "2 <= 2.0", "true"),
		op(">", "any any", "Greater.", "3 > null", "true"),
		op(">=", "any any", "Greater or equal.", "2 >= 3", "false"),
		op("=", "any any", "Equal; an int and a float of the same size are.", "1 = 1.0", "true"),
		op("!=", "any any", "Not equal.", "'1' != 1", "true"),
		op("in", "any holder", "Whether a list, set or query has the value, or a text has the text.", "2 in [1, 2]", "true"),
		op("=~", "subject subject", "Whether the pattern is found in the text.", "'web1' =~ '^web'", "true"),
		op("!~", "subject subject", "Whether the pattern is not found in the text.", "'web1' !~ '^db'", "true"),
		{"#operator_->", AsFunction, "left: context, right: expression", arrow, "The right side, with the variables of the left: let, with, def or unpack.", "let(x => 2) -> $x * 3", "6"},
		{"#unary_operator_-", AsFunction, "operand: amount", negate, "A number or time span with the other sign.", "-(3)", "0 - 3"},
		{"#unary_operator_+", AsFunction, "operand: amount", positive, "A number or time span as it is.", "+3", "3"},
		{"#unary_operator_not", AsFunction, "operand: any", not, "Whether the value is false, 0, null or empty.", "not []", "true"},
		{"#indexer", AsFunction, "list: list, index: int", listItem, "An item of a list; negative positions count from the end.", "[1, 2, 3][-1]", "3"},
		{"#indexer", AsFunction, "dict: map, key: any", dictItem, "The value of a key; KeyError when there is none.", "{a => 1}['a']", "1"},
		{"#indexer", AsFunction, "dict: map, key: any, default: any", dictGet, "The value of a key, or the default.", "{a => 1}['b', 2]", "2"},
		{"#list", AsFunction, "*items: any", listLiteral, "A list.", "[1, 'a', null]", "list(1, 'a', null)"},
		{"#map", AsFunction, "*pairs: pair", mapLiteral, "A map.", "{a => 1, 'b c' => 2}", "dict(a => 1, 'b c' => 2)"},
	}
}

func binary(op string) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) { return c.sc.run.binary(op, c.args[0], c.args[1]) }
}

// binary is x op y; NoMatchingFunctionException for types that op does not know.
func (r *run) binary(op string, x, y Value) (Value, error) {
	switch op {
	case "=", "!=":
		eq, err := r.equal(x, y)
		return eq == (op == "="), err
	case "<", "<=", ">", ">=":
		return r.compare(op, x, y)
	case "in":
		return r.contains(x, y)
	case "=~", "!~":
		return r.matches(op, x, y)
	}
	if isNumber(x) && isNumber(y) {
		return r.arithmetic(op, x, y)
	}
	v, ok, err := r.timeArithmetic(op, x, y)
	if !ok && err == nil {
		v, ok, err = r.containerArithmetic(op, x, y)
	}
	if !ok && err == nil {
		err = noMatch("#operator_"+op, false, nil)
	}
	return v, err
}

// arithmetic is on numbers; two ints divide to an int.
func (r *run) arithmetic(op string, x, y Value) (Value, error) {
	switch {
	case op == "mod":
		op = "%"
	case op == "/" && isInteger(x) && isInteger(y):
		op = "//"
	}
	return expr.Binary(r.budget, op, x, y)
}

func (r *run) containerArithmetic(op string, x, y Value) (Value, bool, error) {
	switch op {
	case "+":
		return r.join(x, y)
	case "-":
		if isSet(x) && isSet(y) {
			v, err := r.setDifference(x, y)
			return v, true, err
		}
	case "*":
		if _, ok := repeatable(x); ok && intKind.accepts(y) {
			v, err := r.repeat(x, y)
			return v, true, err
		}
		if _, ok := repeatable(y); ok && intKind.accepts(x) {
			v, err := r.repeat(y, x)
			return v, true, err
		}
	}
	return nil, false, nil
}

// join is x + y for texts, maps, sets and anything that can be walked.
func (r *run) join(x, y Value) (Value, bool, error) {
	if _, ok := x.(string); ok {
		if _, ok := y.(string); !ok {
			return nil, false, nil
		}
		v, err := expr.Binary(r.budget, "+", x, y)
		return v, true, err
	}
	if p, ok := x.(*expr.Dict); ok {
		q, ok := y.(*expr.Dict)
		if !ok {
			return nil, false, nil
		}
		v, err := r.overlay(p, q)
		return v, true, err
	}
	if !isIterable(x) || !isIterable(y) {
		return nil, false, nil
	}
	v, err := r.joinWalks(x, y)
	return v, true, err
}

// joinWalks gives a list for two lists and a set for two sets; all else is joined as it is walked.
func (r *run) joinWalks(x, y Value) (Value, error) {
	_, p := x.(*expr.Set)
	_, q := y.(*expr.Set)
	sets, lists := p && q, isTuple(x) && isTuple(y)
	if !sets && !lists {
		return r.chain(x, y), nil
	}
	items, err := r.joined(x, y)
	if err != nil || lists {
		return expr.Tuple(items), err
	}
	return r.setOf(items)
}

func isTuple(v Value) bool {
	_, ok := sequence(v)
	return ok && !isPythonList(v)
}

// joined are the items of several walks.
func (r *run) joined(vs ...Value) ([]Value, error) {
	var out []Value
	for _, v := range vs {
		items, err := r.items(v)
		if err != nil {
			return nil, err
		}
		if err := r.budget.Grow(slotSize * int64(len(items))); err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

func repeatable(v Value) (Value, bool) {
	if _, ok := v.(string); ok {
		return v, true
	}
	if isPythonList(v) {
		return v, true
	}
	items, ok := sequence(v)
	return expr.Tuple(items), ok
}

func (r *run) repeat(v, times Value) (Value, error) {
	seq, _ := repeatable(v)
	return expr.Binary(r.budget, "*", seq, times)
}

// compare is x op y for two values that have an order between them.
func (r *run) compare(op string, x, y Value) (bool, error) {
	if isNumber(x) && isNumber(y) {
		return expr.Compare(r.budget, op, x, y)
	}
	if x == nil || y == nil {
		return compareNull(op, x == nil, y == nil), nil
	}
	if isSet(x) && isSet(y) {
		return r.compareSets(op, x, y)
	}
	if comparable(x, y) {
		return expr.Compare(r.budget, op, x, y)
	}
	return false, noMatch("#operator_"+op, false, nil)
}

func comparable(x, y Value) bool {
	switch x.(type) {
	case string:
		_, ok := y.(string)
		return ok
	case *DateTime:
		_, ok := y.(*DateTime)
		return ok
	case Timespan:
		_, ok := y.(Timespan)
		return ok
	}
	return false
}

// compareNull puts null before everything else.
func compareNull(op string, xNull, yNull bool) bool {
	switch op {
	case "<":
		return xNull && !yNull
	case "<=":
		return xNull
	case ">":
		return yNull && !xNull
	}
	return yNull
}

func (r *run) contains(item, v Value) (Value, error) {
	if s, ok := v.(string); ok {
		t, ok := item.(string)
		if !ok {
			return nil, noMatch("#operator_in", false, nil)
		}
		return expr.Contains(r.budget, s, t)
	}
	if !isIterable(v) {
		return nil, noMatch("#operator_in", false, nil)
	}
	return r.has(v, item)
}

// has looks for an equal item; a set by its key.
func (r *run) has(v, item Value) (bool, error) {
	if s, ok := v.(*expr.Set); ok {
		k, err := r.key(item)
		if err != nil {
			return false, err
		}
		return s.Has(k)
	}
	it, err := r.walk(v)
	if err != nil {
		return false, err
	}
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return false, err
		}
		if eq, err := r.equal(x, item); eq || err != nil {
			return eq, err
		}
	}
}

func (r *run) matches(op string, text, p Value) (Value, error) {
	s, ok := text.(string)
	compiled, isPattern := p.(*pattern)
	source, isText := p.(string)
	if !ok || !isPattern && !isText {
		return nil, noMatch("#operator_"+op, false, nil)
	}
	if isText {
		q, err := r.engine.regexes.Compile(source, 0)
		if err != nil {
			return nil, err
		}
		compiled = &pattern{Pattern: q}
	}
	m, err := compiled.Search(r.budget, s)
	return (m != nil) == (op == "=~"), err
}

func negate(c *Call) (Value, error) {
	switch x := c.args[0].(type) {
	case Timespan:
		return x.with(c.budget(), "*", int64(-1))
	default:
		if isNumber(x) {
			return expr.Unary(c.budget(), "-", x)
		}
	}
	return nil, noMatch("#unary_operator_-", false, nil)
}

func positive(c *Call) (Value, error) {
	if _, ok := c.args[0].(Timespan); ok || isNumber(c.args[0]) {
		return c.args[0], nil
	}
	return nil, noMatch("#unary_operator_+", false, nil)
}

func not(c *Call) (Value, error) {
	yes, err := c.sc.run.truthy(c.args[0])
	return !yes, err
}

// arrow evaluates the right side in the scope that the left made.
func arrow(c *Call) (Value, error) {
	left := c.args[0].(*scope)
	return (&lambda{c.lambda(1).body, left}).call()
}

func listItem(c *Call) (Value, error) {
	items := c.list(0)
	i, err := c.int(1)
	if err != nil {
		return nil, err
	}
	n := int64(len(items))
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return nil, expr.Errorf("IndexError", "list index out of range")
	}
	return items[i], nil
}

func dictItem(c *Call) (Value, error) {
	v, ok, err := c.sc.run.lookup(c.dict(0), c.args[1])
	if err == nil && !ok {
		err = keyError(c.args[1])
	}
	return v, err
}

func dictGet(c *Call) (Value, error) {
	v, ok, err := c.sc.run.lookup(c.dict(0), c.args[1])
	if err == nil && !ok {
		v = c.args[2]
	}
	return v, err
}

func listLiteral(c *Call) (Value, error) { return c.tuple(c.rest) }

func mapLiteral(c *Call) (Value, error) { return c.sc.run.dictOf(nil, c.rest) }
