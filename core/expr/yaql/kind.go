package yaql

import (
	"math/big"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// kind is the type of a parameter. Types decide which of the functions of one name is called.
type kind int

const (
	anyKind      kind = iota // any value
	objectKind               // any value but null
	boolKind                 // true, false
	intKind                  // an int or a bool
	integerKind              // an int, not a bool
	numberKind               // an int or a float, not a bool
	textKind                 // text
	iterableKind             // whatever can be walked, but text and maps
	iteratorKind             // a query that can be walked once
	sequenceKind             // a list
	mapKind                  // a map
	setKind                  // a set, or the keys or items of a map
	orderedKind              // what orderBy gives
	datetimeKind
	timespanKind
	regexKind
	nullKind
	contextKind // what let() and with() give
	pairKind    // key => value, evaluated
	ruleKind    // key => value, unevaluated
	lambdaKind  // an expression, unevaluated

	// Operands: operators look at both sides when they are evaluated, and before that only at literals.
	summandKind // what + may have
	factorKind  // what * may have
	amountKind  // what -, /, mod and signs may have
	holderKind  // what may stand on the right of in
	subjectKind // what =~ and !~ may have
)

// kindNames are the kinds as signatures spell them.
var kindNames = map[string]kind{
	"any": anyKind, "object": objectKind, "bool": boolKind, "int": intKind, "integer": integerKind, "number": numberKind,
	"string": textKind, "iterable": iterableKind, "iterator": iteratorKind, "list": sequenceKind, "map": mapKind, "set": setKind,
	"ordered": orderedKind, "datetime": datetimeKind, "timespan": timespanKind, "regex": regexKind, "null": nullKind,
	"context": contextKind, "pair": pairKind, "rule": ruleKind, "expression": lambdaKind,
	"summand": summandKind, "factor": factorKind, "amount": amountKind, "holder": holderKind, "subject": subjectKind,
}

// lazy reports whether arguments of this kind are handed over unevaluated.
func (k kind) lazy() bool { return k == lambdaKind || k == ruleKind }

// accepts reports whether v is of this kind. null is accepted by any and null alone; parameters
// that also take it say so on their own.
func (k kind) accepts(v Value) bool {
	switch k {
	case anyKind, lambdaKind, ruleKind, summandKind, factorKind, amountKind, holderKind, subjectKind:
		return true
	case objectKind:
		return v != nil
	case boolKind:
		_, ok := v.(bool)
		return ok
	case intKind:
		if _, ok := v.(bool); ok {
			return true
		}
		return isInteger(v)
	case integerKind:
		return isInteger(v)
	case numberKind:
		return isNumber(v)
	case textKind:
		_, ok := v.(string)
		return ok
	case nullKind:
		return v == nil
	}
	return k.acceptsContainer(v)
}

// acceptsLiteral is accepts for a literal: a call that it rules out fails before anything is evaluated.
func (k kind) acceptsLiteral(v Value) bool {
	_, isText := v.(string)
	switch k {
	case summandKind:
		return isText || isNumber(v)
	case factorKind:
		return v != nil
	case amountKind:
		return isNumber(v)
	case holderKind, subjectKind:
		return isText
	}
	return k.accepts(v)
}

func (k kind) acceptsContainer(v Value) bool {
	var ok bool
	switch k {
	case iterableKind:
		ok = isIterable(v)
	case sequenceKind:
		_, ok = sequence(v)
	case mapKind:
		_, ok = v.(*expr.Dict)
	case setKind:
		ok = isSet(v)
	case iteratorKind:
		ok = isQuery(v)
	case orderedKind:
		_, ok = v.(*ordered)
	case datetimeKind:
		_, ok = v.(*DateTime)
	case timespanKind:
		_, ok = v.(Timespan)
	case regexKind:
		_, ok = v.(*pattern)
	case contextKind:
		_, ok = v.(*scope)
	case pairKind:
		_, ok = v.(*entry)
	}
	return ok
}

func isInteger(v Value) bool {
	switch v.(type) {
	case int64, *big.Int:
		return true
	}
	return false
}

func isNumber(v Value) bool {
	if _, ok := v.(float64); ok {
		return true
	}
	return isInteger(v)
}

// sequence gives the items of a list or tuple.
func sequence(v Value) ([]Value, bool) {
	switch x := v.(type) {
	case *expr.List:
		return x.Items, true
	case expr.Tuple:
		return x, true
	}
	return nil, false
}

// isQuery tells what Python calls iterators.
func isQuery(v Value) bool {
	switch v.(type) {
	case *stream, *memory:
		return true
	}
	return false
}

func isSet(v Value) bool {
	switch x := v.(type) {
	case *expr.Set:
		return true
	case *expr.View:
		return x.Kind != expr.ValuesView
	}
	return false
}

func isIterable(v Value) bool {
	switch v.(type) {
	case *expr.List, expr.Tuple, *expr.Set, *expr.View, *stream, *ordered, *memory:
		return true
	}
	return false
}

// pattern is a compiled regular expression as a value.
type pattern struct {
	*regex.Pattern
	flags regex.Flags
}

// TypeName implements expr.Object.
func (*pattern) TypeName() string { return "Pattern" }

// Str implements expr.Stringer.
func (p *pattern) Str(*expr.Budget) (string, error) {
	s, sep := "re.compile("+expr.QuoteText(p.Pattern.String()), ", re."
	for _, f := range []struct {
		flag regex.Flags
		name string
	}{{regex.IgnoreCase, "IGNORECASE"}, {regex.Multiline, "MULTILINE"}, {regex.DotAll, "DOTALL"}} {
		if p.flags&f.flag != 0 {
			s += sep + f.name
			sep = "|re."
		}
	}
	return s + ")", nil
}

// HashKey implements expr.Hasher.
func (p *pattern) HashKey() (any, error) { return patternKey{p.Pattern.String(), p.flags}, nil }

type patternKey struct {
	source string
	flags  regex.Flags
}

// EqualTo implements expr.Equaler.
func (p *pattern) EqualTo(_ *expr.Budget, other Value) (bool, error) {
	q, ok := other.(*pattern)
	return ok && p.flags == q.flags && p.Pattern.String() == q.Pattern.String(), nil
}
