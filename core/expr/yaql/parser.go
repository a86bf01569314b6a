package yaql

import (
	"strconv"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// maxNesting bounds how deep an expression may nest, maxChain how many operators may follow on one level.
const (
	maxNesting = 200
	maxChain   = 1000
)

// How tightly operators bind.
const (
	bindArrow = 10 + iota
	bindOr
	bindAnd
	bindNot
	bindCompare
	bindAdd
	bindMultiply
	bindMatch
	bindSign
	bindIndex
	bindDot
)

var binaryBinding = map[string]int{
	"->": bindArrow, "or": bindOr, "and": bindAnd,
	"<": bindCompare, ">": bindCompare, "<=": bindCompare, ">=": bindCompare, "=": bindCompare, "!=": bindCompare, "in": bindCompare,
	"+": bindAdd, "-": bindAdd, "*": bindMultiply, "/": bindMultiply, "mod": bindMultiply,
	"=~": bindMatch, "!~": bindMatch, "[": bindIndex, ".": bindDot, "?.": bindDot,
}

var prefixBinding = map[string]int{"not": bindNot, "+": bindSign, "-": bindSign}

// parser builds nodes by operator precedence.
type parser struct {
	lex       lexer
	functions table
	tok       token
	depth     int
}

func parse(functions table, src string) (node, error) {
	p := &parser{lex: lexer{src: src}, functions: functions}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected()
	}
	return n, nil
}

func (p *parser) advance() error {
	t, err := p.lex.next()
	p.tok = t
	return err
}

func (p *parser) unexpected() error {
	e := &expr.Error{Class: "YaqlGrammarException", Pos: position(p.lex.src, p.tok.at)}
	if p.tok.kind == tokEnd {
		e.Msg = "Parse error: unexpected end of statement"
		return e
	}
	e.Msg = "Parse error: unexpected '" + p.tok.shown() + "' at position " +
		strconv.Itoa(utf8.RuneCountInString(p.lex.src[:p.tok.at])) + " of expression '" + p.lex.src + "'"
	return e
}

func (p *parser) is(symbol string) bool { return p.tok.kind == tokSymbol && p.tok.text == symbol }

// expect takes a symbol or fails.
func (p *parser) expect(symbol string) error {
	if !p.is(symbol) {
		return p.unexpected()
	}
	return p.advance()
}

// expression reads an operand and all operators that bind at least as tightly as least.
func (p *parser) expression(least int) (node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return nil, p.tooLarge("the expression nests deeper than %d levels", maxNesting)
	}
	left, err := p.operand()
	for chain := 0; err == nil && p.tok.kind == tokSymbol; chain++ {
		bind := binaryBinding[p.tok.text]
		if bind == 0 || bind < least {
			break
		}
		if chain == maxChain {
			return nil, p.tooLarge("more than %d operators follow one another; use parentheses or fewer", maxChain)
		}
		left, err = p.binary(left, bind)
	}
	return left, err
}

func (p *parser) tooLarge(format string, most int) error {
	return expr.At(expr.Errorf("RecursionError", format, most), position(p.lex.src, p.tok.at))
}

func (p *parser) binary(left node, bind int) (node, error) {
	op := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	if op.text == "[" {
		return p.call(&call{at: op.at, name: "#indexer", args: []node{left}}, "]")
	}
	next := bind + 1
	if op.text == "->" {
		next = bind // groups to the right
	}
	right, err := p.expression(next)
	if err != nil {
		return nil, err
	}
	switch op.text {
	case "and", "or":
		return &logic{op.at, op.text == "and", left, right}, nil
	case ".", "?.":
		return p.dot(op, left, right), nil
	}
	return p.link(&call{at: op.at, name: "#operator_" + op.text, args: []node{left, right}}), nil
}

func (p *parser) dot(op token, left, right node) node {
	safe := op.text == "?."
	switch r := right.(type) {
	case *constant:
		if r.keyword {
			return &member{op.at, left, r.val.(string), safe}
		}
	case *call:
		if r.name[0] != '#' {
			r.method = true
			return &method{left, p.link(r), safe}
		}
	}
	return &badMember{op.at, left, safe}
}

func (p *parser) operand() (node, error) {
	t := p.tok
	switch t.kind {
	case tokLiteral:
		return &constant{val: t.val}, p.advance()
	case tokKeyword:
		return &constant{val: t.text, keyword: true}, p.advance()
	case tokVariable:
		return newVariable(t.text), p.advance()
	case tokCall:
		if err := p.advance(); err != nil {
			return nil, err
		}
		return p.call(&call{at: t.at, name: t.text}, ")")
	case tokSymbol:
		return p.bracketed(t)
	}
	return nil, p.unexpected()
}

// bracketed reads what begins with a symbol: a sign, a group, a list or a map.
func (p *parser) bracketed(t token) (node, error) {
	bind, prefix := prefixBinding[t.text]
	if !prefix && t.text != "(" && t.text != "[" && t.text != "{" {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch t.text {
	case "(":
		inner, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return &group{inner}, p.expect(")")
	case "[":
		return p.call(&call{at: t.at, name: "#list"}, "]")
	case "{":
		return p.call(&call{at: t.at, name: "#map"}, "}")
	}
	operand, err := p.expression(bind)
	if err != nil {
		return nil, err
	}
	return p.link(&call{at: t.at, name: "#unary_operator_" + t.text, args: []node{operand}}), nil
}

func newVariable(name string) node {
	if name == "" {
		return &variable{name: name, index: 1}
	}
	i, err := strconv.Atoi(name)
	if err != nil || name[0] == '0' {
		i = 0
	}
	return &variable{name: name, index: i}
}

// call reads the arguments up to the closing bracket. All but the last may be left out.
func (p *parser) call(n *call, end string) (node, error) {
	if p.is(end) {
		return p.link(n), p.advance()
	}
	for {
		if p.is(",") && len(n.pairs) == 0 {
			n.args = append(n.args, nil)
		} else if err := p.argument(n); err != nil {
			return nil, err
		}
		if !p.is(",") {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return p.link(n), p.expect(end)
}

// argument reads one value or one key => value; after the first pair there are only pairs.
func (p *parser) argument(n *call) error {
	v, err := p.expression(0)
	if err != nil {
		return err
	}
	if !p.is("=>") {
		if len(n.pairs) > 0 {
			return p.unexpected()
		}
		n.args = append(n.args, v)
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	val, err := p.expression(0)
	n.pairs = append(n.pairs, pair{v, val})
	return err
}

// link finds the library's functions for a call.
func (p *parser) link(n *call) *call {
	n.plans, n.err = p.functions.plans(n)
	return n
}
