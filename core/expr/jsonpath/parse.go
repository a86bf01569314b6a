package jsonpath

import "strconv"

// maxDepth bounds how deep parentheses may nest.
const maxDepth = 100

type parser struct {
	lexer
	tok   token
	depth int
}

func parse(source string) (node, error) {
	p := &parser{lexer: lexer{src: []rune(source), source: source}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, p.unexpected()
	}
	return n, nil
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

// unexpected is the error that the token at hand makes no sense here.
func (p *parser) unexpected() error {
	if p.tok.kind == end {
		return p.fail(p.tok.pos, "Parse error at %s: the path ends too early", lineColumn(p.src, p.tok.pos))
	}
	return p.fail(p.tok.pos, "Parse error at %s near token %s (%s)", lineColumn(p.src, p.tok.pos), p.tok.text, p.tok.kind)
}

// expect passes over a token of the given kind and gives its text.
func (p *parser) expect(k kind) (string, error) {
	if p.tok.kind != k {
		return "", p.unexpected()
	}
	text := p.tok.text
	return text, p.advance()
}

// levels are the operators, the loosest first. All take from left to right.
func levels() [4]struct {
	kind kind
	join func(l, r node) node
} {
	return [...]struct {
		kind kind
		join func(l, r node) node
	}{
		{dots, func(l, r node) node { return descendants{l, r} }},
		{".", func(l, r node) node { return child{l, r} }},
		{"|", func(l, r node) node { return union{l, r} }},
		{whereOp, func(l, r node) node { return where{l, r} }},
	}
}

// binary reads operators of the given level and all that bind tighter.
func (p *parser) binary(level int) (node, error) {
	all := levels()
	if level == len(all) {
		return p.postfix()
	}
	left, err := p.binary(level + 1)
	for err == nil && p.tok.kind == all[level].kind {
		if err = p.advance(); err != nil {
			break
		}
		var right node
		right, err = p.binary(level + 1)
		left = all[level].join(left, right)
	}
	return left, err
}

// postfix reads one step and the brackets behind it.
func (p *parser) postfix() (node, error) {
	n, err := p.primary()
	for err == nil && p.tok.kind == "[" {
		var inside node
		inside, err = p.brackets()
		n = child{n, inside}
	}
	return n, err
}

func (p *parser) primary() (node, error) {
	switch p.tok.kind {
	case "$":
		return root{}, p.advance()
	case "*":
		return fields{"*"}, p.advance()
	case name:
		return p.fields()
	case special:
		return p.special()
	case "[":
		return p.brackets()
	case "(":
		return p.parens()
	}
	return nil, p.unexpected()
}

// fields reads a name, or several with commas between them.
func (p *parser) fields() (node, error) {
	var f fields
	for {
		text, err := p.expect(name)
		if err != nil {
			return nil, err
		}
		f = append(f, text)
		if p.tok.kind != "," {
			return f, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) special() (node, error) {
	switch p.tok.text {
	case "this":
		return this{}, p.advance()
	case "parent":
		return parent{}, p.advance()
	}
	return nil, p.fail(p.tok.pos, "Unknown named operator `%s` at %s; there are `this` and `parent`", p.tok.text, lineColumn(p.src, p.tok.pos))
}

func (p *parser) parens() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.tok.pos, "parentheses nest deeper than %d levels", maxDepth)
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.binary(0)
	if err == nil {
		_, err = p.expect(")")
	}
	return n, err
}

// brackets reads [name], [0], [1:3] or [*].
func (p *parser) brackets() (n node, err error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case name:
		n, err = p.fields()
	case "*":
		n, err = slice{}, p.advance()
	default:
		n, err = p.indexOrSlice()
	}
	if err == nil {
		_, err = p.expect("]")
	}
	return n, err
}

func (p *parser) indexOrSlice() (node, error) {
	first, err := p.maybeNumber()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != ":" {
		if first == nil {
			return nil, p.unexpected()
		}
		return index(*first), nil
	}
	s := slice{start: first}
	if s.end, err = p.afterColon(); err == nil && p.tok.kind == ":" {
		s.step, err = p.afterColon()
	}
	if err == nil && s.step != nil && *s.step == 0 {
		return nil, p.fail(p.tok.pos, "slice step cannot be zero at %s", lineColumn(p.src, p.tok.pos))
	}
	return s, err
}

func (p *parser) afterColon() (*int, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.maybeNumber()
}

// maybeNumber reads a number, or nothing.
func (p *parser) maybeNumber() (*int, error) {
	if p.tok.kind != number {
		return nil, nil
	}
	n, err := strconv.ParseInt(p.tok.text, 10, 32)
	if err != nil {
		return nil, p.fail(p.tok.pos, "the number %s at %s is too large", p.tok.text, lineColumn(p.src, p.tok.pos))
	}
	i := int(n)
	return &i, p.advance()
}
