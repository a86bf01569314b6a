package jinja

import (
	"maps"
	"slices"

	"github.com/petrelhq/petrel/core/expr"
)

// TestDocs describe the tests of the language: what may follow "is". Example and Result are as in FilterDocs.
func TestDocs() []expr.Doc {
	tests := builtinTests()
	var docs []expr.Doc
	for _, r := range append(kindTestRows(), compareTestRows()...) {
		docs = append(docs, r.doc(howCalled(r.name, tests[r.name])))
	}
	return docs
}

func kindTestRows() []docRow {
	return []docRow{
		{"boolean", "True or false.", `false is boolean`, "True"},
		{"callable", "Something that can be called.", `range is callable`, "True"},
		{"defined", "There is such a name.", `missing is defined`, "False"},
		{"escaped", "A text marked as safe HTML.", `"<b>" | escape is escaped`, "True"},
		{"even", "A multiple of two.", `4 is even`, "True"},
		{"false", "The value false, and nothing like it.", `0 is false`, "False"},
		{"filter", "The name of a filter.", `"upper" is filter`, "True"},
		{"float", "A floating point number.", `1.0 is float`, "True"},
		{"integer", "An integer; true and false are none.", `true is integer`, "False"},
		{"iterable", "Something with items to walk over.", `"abc" is iterable`, "True"},
		{"lower", "A text whose letters are all small.", `"web1" is lower`, "True"},
		{"mapping", "A map.", `{"a": 1} is mapping`, "True"},
		{"none", "No value (null).", `none is none`, "True"},
		{"number", "A number; true and false count as numbers.", `1.5 is number`, "True"},
		{"odd", "Not a multiple of two.", `4 is odd`, "False"},
		{"sequence", "Something with a length whose members can be looked up: list, text, map.", `[1] is sequence`, "True"},
		{"string", "A text.", `"1" is string`, "True"},
		{"test", "The name of a test.", `"odd" is test`, "True"},
		{"true", "The value true, and nothing like it.", `1 is true`, "False"},
		{"undefined", "There is no such name.", `missing is undefined`, "True"},
		{"upper", "A text whose letters are all capitals.", `"WEB1" is upper`, "True"},
	}
}

func compareTestRows() []docRow {
	return []docRow{
		{"divisibleby", "A multiple of the number.", `9 is divisibleby(3)`, "True"},
		{"sameas", "The very same value, not just an equal one.", `1 is sameas(1.0)`, "False"},
		{"in", "A member of the list, map or text.", `2 is in([1, 2])`, "True"},
		{"eq", "Equal.", `1 is eq(1.0)`, "True"},
		{"equalto", "Equal.", `"a" is equalto("b")`, "False"},
		{"==", "Equal; the name for select and its kin.", `[1, 2, 1] | select("==", 1) | list`, "[1, 1]"},
		{"ne", "Not equal.", `1 is ne(2)`, "True"},
		{"!=", "Not equal; the name for select and its kin.", `[1, 2, 1] | select("!=", 1) | list`, "[2]"},
		{"lt", "Less.", `1 is lt(2)`, "True"},
		{"lessthan", "Less.", `2 is lessthan(2)`, "False"},
		{"<", "Less; the name for select and its kin.", `[1, 2, 3] | select("<", 2) | list`, "[1]"},
		{"le", "Less or equal.", `2 is le(2)`, "True"},
		{"<=", "Less or equal; the name for select and its kin.", `[1, 2, 3] | select("<=", 2) | list`, "[1, 2]"},
		{"gt", "Greater.", `3 is gt(2)`, "True"},
		{"greaterthan", "Greater.", `2 is greaterthan(2)`, "False"},
		{">", "Greater; the name for select and its kin.", `[1, 2, 3] | select(">", 2) | list`, "[3]"},
		{"ge", "Greater or equal.", `2 is ge(2)`, "True"},
		{">=", "Greater or equal; the name for select and its kin.", `[1, 2, 3] | select(">=", 2) | list`, "[2, 3]"},
	}
}

// GlobalDocs describe the functions that every template knows. Example and Result are as in FilterDocs.
func GlobalDocs() []expr.Doc {
	rows := []docRow{
		{"range", "The integers from a start up to before an end.", `range(2, 8, 3) | list`, "[2, 5]"},
		{"dict", "A map of keyword arguments.", `dict(host="web1", port=80)`, "{'host': 'web1', 'port': 80}"},
		{"namespace", "A holder of variables that a loop can set for what comes after it.",
			`{% set n = namespace(sum=0) %}{% for x in [1, 2] %}{% set n.sum = n.sum + x %}{% endfor %}{{ n.sum }}`, "3"},
		{"cycler", "Values to take by turns, one at each call of next().", `{% set c = cycler("odd", "even") %}{{ c.next() }} {{ c.next() }} {{ c.next() }}`, "odd even odd"},
		{"joiner", "Nothing at its first call and a separator at each later one.", `{% set sep = joiner("+") %}{% for x in [1, 2, 3] %}{{ sep() }}{{ x }}{% endfor %}`, "1+2+3"},
	}
	signatures := map[string]string{
		"range": "range(start, stop, step)", "dict": "dict(**values)", "namespace": "namespace(**values)",
		"cycler": "cycler(*values)", "joiner": "joiner(sep=', ')",
	}
	docs := make([]expr.Doc, len(rows))
	for i, r := range rows {
		docs[i] = r.doc(signatures[r.name])
	}
	return docs
}

// MethodNames are the methods that values of a type have, sorted: str, list, tuple, dict, set, int, float, range.
func MethodNames(typeName string) []string {
	return slices.Sorted(maps.Keys(builtinMethods()[typeName]))
}

// LimitDocs describe what one template may hold, beside the budget of its evaluation.
func LimitDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "range", Summary: "Items of one range().", Result: expr.LimitText(maxRange)},
		{Name: "depth", Summary: "Levels of brackets and blocks within one another in a template.", Result: expr.LimitText(maxDepth)},
		{Name: "chain", Summary: "Operators of one kind in a row in a template.", Result: expr.LimitText(maxChain)},
		{Name: "tokens", Summary: "Words and signs of one template.", Result: expr.LimitText(maxTokens)},
		{Name: "source", Summary: "Bytes of one template.", Result: expr.LimitText(maxSource)},
	}
}
