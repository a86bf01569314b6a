package jinja

import "github.com/petrelhq/petrel/core/expr"

// kind is the kind of a token.
type kind int

const (
	tokEOF kind = iota
	tokData
	tokVariableBegin
	tokVariableEnd
	tokBlockBegin
	tokBlockEnd
	tokName
	tokString
	tokInteger
	tokFloat
	tokOperator
)

// token is one piece of a template; text is the operator, name, raw data or decoded string.
type token struct {
	kind  kind
	text  string
	value expr.Value // of a number
	at    int        // byte offset in the source
}

// describe names the token as error messages do.
func (t token) describe() string {
	switch t.kind {
	case tokEOF:
		return "end of template"
	case tokData:
		return "template data / text"
	case tokVariableBegin:
		return "begin of print statement"
	case tokVariableEnd:
		return "end of print statement"
	case tokBlockBegin:
		return "begin of statement block"
	case tokBlockEnd:
		return "end of statement block"
	case tokString:
		return "string"
	case tokInteger:
		return "integer"
	case tokFloat:
		return "float"
	}
	return t.text
}

// isName reports whether the token is one of the given names (keywords).
func (t token) isName(names ...string) bool {
	if t.kind != tokName {
		return false
	}
	for _, n := range names {
		if t.text == n {
			return true
		}
	}
	return false
}

func (t token) isOp(op string) bool { return t.kind == tokOperator && t.text == op }
