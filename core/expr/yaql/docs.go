package yaql

import "github.com/petrelhq/petrel/core/expr"

// SyntaxDocs describe what belongs to the language itself and not to its library: the operators that
// are no functions, and variables. Example and Result are as in Library.
func SyntaxDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "and", Signature: "left and right", Summary: "The left side when it is false, 0, null or empty, else the right one, which is evaluated only then.", Example: "1 > 2 and 1 / 0 > 0", Result: "false"},
		{Name: "or", Signature: "left or right", Summary: "The left side, or the right one when the left is false, 0, null or empty.", Example: "null or 'none'", Result: "'none'"},
		{Name: ".", Signature: "value.member", Summary: "A member of a map, of each map in a list, or a method.", Example: "[{a => 1}, {a => 2}].a", Result: "[1, 2]"},
		{Name: "?.", Signature: "value?.member", Summary: "The same, but null stays null.", Example: "null?.toUpper()", Result: "null"},
		{Name: "=>", Signature: "name => value", Summary: "A key with its value, or an argument by its name.", Example: "{a => 1}.a", Result: "1"},
		{Name: "$", Signature: "$, $1, $name", Summary: "What is at hand: the current item, an argument, a variable made by let.", Example: "[1, 2].select($ * 2)", Result: "[2, 4]"},
	}
}

// LimitDocs describe what one expression may hold, beside the budget of its evaluation.
func LimitDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "depth", Summary: "Levels of brackets and calls within one another in a YAQL expression.", Result: expr.LimitText(maxNesting)},
		{Name: "chain", Summary: "Operators in a row in a YAQL expression.", Result: expr.LimitText(maxChain)},
		{Name: "source", Summary: "Bytes of one YAQL expression.", Result: expr.LimitText(maxSource)},
	}
}
