package rules

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// operator holds a value against a pattern.
//
// Errors have the class that StackStorm's operators raise there (see [expr.ClassOf]),
// and messages of our own.
type operator struct {
	name           string
	apply          func(o *operands) (bool, error)
	takesNone      bool // otherwise a pattern of None never holds
	ignoresPattern bool
}

// operands is what an operator works on.
type operands struct {
	*evaluation
	*check
	value, pattern expr.Value
	detail         string // set by operators that have more to say than the value
}

const searchName = "search"

// operators lists all of them in StackStorm's order, which its error messages show.
// st2: triggers-rules reference, operators; rest-api reference, rule validation.
func operators() []operator {
	return []operator{
		{name: "matchwildcard", apply: matchWildcard},
		{name: "matchregex", apply: matchRegex},
		{name: "regex", apply: searchRegex},
		{name: "iregex", apply: searchRegexFold},
		{name: "eq", apply: equals},
		{name: "equals", apply: equals},
		{name: "neq", apply: not(equals), takesNone: true},
		{name: "nequals", apply: not(equals), takesNone: true},
		{name: "ieq", apply: folded(textEquals)},
		{name: "iequals", apply: folded(textEquals)},
		{name: "contains", apply: contains},
		{name: "icontains", apply: folded(strings.Contains)},
		{name: "ncontains", apply: not(contains)},
		{name: "incontains", apply: not(folded(strings.Contains))},
		{name: "startswith", apply: texts(strings.HasPrefix)},
		{name: "istartswith", apply: folded(strings.HasPrefix)},
		{name: "endswith", apply: texts(strings.HasSuffix)},
		{name: "iendswith", apply: folded(strings.HasSuffix)},
		{name: "lt", apply: compare("<")},
		{name: "lessthan", apply: compare("<")},
		{name: "gt", apply: compare(">")},
		{name: "greaterthan", apply: compare(">")},
		{name: "td_lt", apply: timeDiff("<")},
		{name: "timediff_lt", apply: timeDiff("<")},
		{name: "td_gt", apply: timeDiff(">")},
		{name: "timediff_gt", apply: timeDiff(">")},
		{name: "exists", apply: exists, takesNone: true, ignoresPattern: true},
		{name: "nexists", apply: not(exists), takesNone: true, ignoresPattern: true},
		{name: "in", apply: inside},
		{name: "inside", apply: inside},
		{name: "nin", apply: not(inside)},
		{name: "ninside", apply: not(inside)},
		{name: searchName, apply: search, takesNone: true},
	}
}

// findOperator looks an operator up by name; here, case does not count.
func findOperator(name string) (operator, error) {
	lower := strings.ToLower(name)
	for _, o := range operators() {
		if o.name == lower {
			return o, nil
		}
	}
	return operator{}, expr.Errorf(noSuchOperator, "Invalid operator: %s", name)
}

// noSuchOperator is the class of the error of an unknown operator.
const noSuchOperator = "Exception"

func not(apply func(*operands) (bool, error)) func(*operands) (bool, error) {
	return func(o *operands) (bool, error) {
		ok, err := apply(o)
		return !ok && err == nil, err
	}
}

func equals(o *operands) (bool, error) { return expr.Equal(o.budget, o.value, o.pattern) }

func contains(o *operands) (bool, error) { return member(o, o.value, o.pattern, "value", "pattern") }

func inside(o *operands) (bool, error) { return member(o, o.pattern, o.value, "pattern", "value") }

func exists(o *operands) (bool, error) { return o.value != nil, nil }

// member is Python's item in whole; the names say which operand is which.
func member(o *operands, whole, item expr.Value, wholeName, itemName string) (bool, error) {
	ok, err := expr.Contains(o.budget, whole, item)
	if expr.ClassOf(err) != "TypeError" {
		return ok, err
	}
	if _, isText := expr.Text(whole); isText {
		return false, expr.Errorf("TypeError", "only text can be in a text, but the %s is %s", itemName, describe(item))
	}
	return false, expr.Errorf("TypeError", "needs a text, list or object to look in, but the %s is %s", wholeName, describe(whole))
}

func compare(op string) func(*operands) (bool, error) {
	return func(o *operands) (bool, error) {
		ok, err := expr.Compare(o.budget, op, o.value, o.pattern)
		if expr.ClassOf(err) == "TypeError" {
			return false, expr.Errorf("TypeError", "the value is %s and the pattern is %s: they do not compare",
				describe(o.value), describe(o.pattern))
		}
		return ok, err
	}
}

// describe names a value's type for people.
func describe(v expr.Value) string {
	switch v.(type) {
	case nil:
		return "missing or null"
	case string, expr.Markup:
		return "a text"
	case bool:
		return "a boolean"
	case *expr.List, expr.Tuple:
		return "a list"
	case *expr.Dict:
		return "an object"
	}
	return "a number"
}
