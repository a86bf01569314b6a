package jinja

import (
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// maxDepth bounds how deep expressions and blocks may nest in a source.
const maxDepth = 200

// maxChain bounds a chain of operators of one kind, which nests as deep as it is long.
const maxChain = 1000

// parser builds the syntax tree from tokens by recursive descent.
type parser struct {
	src    string
	tokens []token
	i      int
	depth  int
	open   []string   // block tags waiting for their end
	ends   [][]string // what would end them
	blocks map[string]bool
}

// parse parses a whole template.
func parse(src string, s syntax) ([]node, error) {
	tokens, err := tokenize(src, s)
	if err != nil {
		return nil, err
	}
	p := &parser{src: src, tokens: tokens, blocks: map[string]bool{}}
	return p.body(nil)
}

// parseExpression parses a single expression; anything after it is an error.
func parseExpression(src string) (node, error) {
	tokens, err := tokenizeExpression(src)
	if err != nil {
		return nil, err
	}
	p := &parser{src: src, tokens: tokens}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokEOF {
		return nil, p.fail(p.peek().at, "chunk after expression")
	}
	return n, nil
}

// checkExpression parses an expression and does not mind what comes after it.
func checkExpression(src string) error {
	tokens, err := tokenizeExpression(src)
	if err != nil {
		return err
	}
	p := &parser{src: src, tokens: tokens}
	_, err = p.expression()
	return err
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) peek2() token {
	if p.i+1 < len(p.tokens) {
		return p.tokens[p.i+1]
	}
	return p.tokens[p.i]
}

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tokEOF {
		p.i++
	}
	return t
}

func (p *parser) skipOp(op string) bool {
	if p.peek().isOp(op) {
		p.i++
		return true
	}
	return false
}

func (p *parser) skipName(id string) bool {
	if p.peek().isName(id) {
		p.i++
		return true
	}
	return false
}

func (p *parser) fail(at int, format string, args ...any) error {
	return syntaxError(p.src, at, fmt.Sprintf(format, args...))
}

func (p *parser) expected(what string) error {
	t := p.peek()
	if t.kind == tokEOF {
		return p.fail(t.at, "unexpected end of template, expected '%s'.", what)
	}
	return p.fail(t.at, "expected token '%s', got '%s'", what, t.describe())
}

func (p *parser) expectOp(op string) error {
	if !p.skipOp(op) {
		return p.expected(op)
	}
	return nil
}

func (p *parser) expectName() (token, error) {
	if p.peek().kind != tokName {
		return token{}, p.expected("name")
	}
	return p.next(), nil
}

func (p *parser) expectKind(k kind) error {
	if p.peek().kind != k {
		return p.expected(token{kind: k}.describe())
	}
	p.next()
	return nil
}

// enter bounds recursion; every successful enter needs a leave.
func (p *parser) enter() error {
	if p.depth >= maxDepth {
		return &expr.Error{Class: "RecursionError", Msg: fmt.Sprintf("the template nests deeper than %d levels", maxDepth), Pos: position(p.src, p.peek().at)}
	}
	p.depth++
	return nil
}

func (p *parser) leave() { p.depth-- }

// chain bounds the length of an operator chain.
func (p *parser) chain(n int) error {
	if n > maxChain {
		return &expr.Error{Class: "RecursionError", Msg: fmt.Sprintf("the expression has a chain of more than %d operators", maxChain), Pos: position(p.src, p.peek().at)}
	}
	return nil
}

// body reads text, prints and statements up to one of the end tags, which stays the current token.
func (p *parser) body(ends []string) ([]node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if ends != nil {
		p.ends = append(p.ends, ends)
		defer func() { p.ends = p.ends[:len(p.ends)-1] }()
	}
	var out []node
	var print *output
	add := func(n node) {
		if print == nil {
			print = &output{at: at(n.pos())}
			out = append(out, print)
		}
		print.parts = append(print.parts, n)
	}
	for {
		t := p.peek()
		switch t.kind {
		case tokEOF:
			if ends != nil {
				return nil, p.missingEnd()
			}
			return out, nil
		case tokData:
			p.next()
			add(&textNode{at(t.at), t.text})
		case tokVariableBegin:
			p.next()
			n, err := p.tuple(tupleOptions{conditional: true})
			if err != nil {
				return nil, err
			}
			if err := p.expectKind(tokVariableEnd); err != nil {
				return nil, err
			}
			add(n)
		case tokBlockBegin:
			p.next()
			if p.peek().isName(ends...) {
				return out, nil
			}
			n, err := p.statement()
			if err != nil {
				return nil, err
			}
			print = nil
			out = append(out, n)
			if err := p.expectKind(tokBlockEnd); err != nil {
				return nil, err
			}
		default:
			return nil, p.fail(t.at, "unexpected '%s'", t.describe())
		}
	}
}

func (p *parser) missingEnd() error {
	return p.fail(p.peek().at, "Unexpected end of template.%s", p.lookingFor(""))
}

// lookingFor explains which tags would be in order; tag is one that is not.
func (p *parser) lookingFor(tag string) string {
	msg := ""
	if len(p.ends) > 0 {
		looking := "'" + strings.Join(p.ends[len(p.ends)-1], "' or '") + "'"
		msg = " Jinja was looking for the following tags: " + looking + "."
		for _, ends := range p.ends {
			if tag != "" && indexOf(ends, tag) >= 0 {
				msg = " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for " + looking + "."
			}
		}
	}
	if len(p.open) > 0 {
		msg += fmt.Sprintf(" The innermost block that needs to be closed is '%s'.", p.open[len(p.open)-1])
	}
	return msg
}

// statement reads one block tag and what belongs to it, up to before the closing "%}".
func (p *parser) statement() (node, error) {
	t := p.peek()
	if t.kind != tokName {
		return nil, p.fail(t.at, "tag name expected")
	}
	parse := statementFor(t.text)
	if parse == nil {
		return nil, p.unknownTag(t)
	}
	p.next()
	p.open = append(p.open, t.text)
	n, err := parse(p, t)
	if err != nil {
		return nil, err
	}
	p.open = p.open[:len(p.open)-1]
	return n, nil
}

func (p *parser) unknownTag(t token) error {
	return p.fail(t.at, "Encountered unknown tag '%s'.%s", t.text, p.lookingFor(t.text))
}

// block reads a body after a tag: the tag's end, the body, and the end tag's name when drop is set.
func (p *parser) block(drop bool, ends ...string) ([]node, error) {
	p.skipOp(":")
	if err := p.expectKind(tokBlockEnd); err != nil {
		return nil, err
	}
	body, err := p.body(ends)
	if err == nil && drop {
		p.next()
	}
	return body, err
}
