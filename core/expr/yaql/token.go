package yaql

import "github.com/petrelhq/petrel/core/expr"

// tokenKind is what a token is to the parser.
type tokenKind int

const (
	tokEnd      tokenKind = iota
	tokLiteral            // number, string, true, false, null
	tokKeyword            // a bare word: text, or the name of a member or an argument
	tokCall               // a name and the "(" that follows it at once
	tokVariable           // $, $1, $name
	tokSymbol             // operators and brackets; also and, or, not, in, mod
)

// token is one word of an expression.
type token struct {
	kind tokenKind
	text string // symbol, keyword or name without $
	val  Value  // of a literal
	at   int    // byte offset
}

// shown is the token as grammar errors quote it.
func (t token) shown() string {
	switch t.kind {
	case tokLiteral:
		s, err := expr.Str(nil, t.val)
		if err != nil {
			return "number"
		}
		return s
	case tokVariable:
		return "$" + t.text
	}
	return t.text
}

// symbols are the operators and brackets, the longer ones first.
var symbols = []string{
	"?.", "=~", "!~", ">=", "<=", "!=", "->", "=>",
	".", "+", "-", "*", "/", ">", "<", "=", ",", "(", ")", "[", "]", "{", "}",
}

// wordOperators are the operators that look like keywords.
var wordOperators = map[string]bool{"and": true, "or": true, "not": true, "in": true, "mod": true}
