package jinja

import "strings"

// statementParser reads what follows a block tag's name.
type statementParser func(*parser, token) (node, error)

// statementFor finds the parser of a block tag; nil when there is no such tag.
func statementFor(tag string) statementParser {
	switch tag {
	case "for":
		return (*parser).forStmt
	case "if":
		return (*parser).ifStmt
	case "set":
		return (*parser).set
	case "macro":
		return (*parser).macro
	case "call":
		return (*parser).callBlock
	case "filter":
		return (*parser).filterBlock
	case "with":
		return (*parser).with
	case "block":
		return (*parser).blockTag
	case "print":
		return (*parser).print
	case "autoescape":
		return (*parser).autoescape
	case "extends":
		return (*parser).extends
	case "include":
		return (*parser).include
	case "import":
		return (*parser).importTag
	case "from":
		return (*parser).fromTag
	}
	return nil
}

func (p *parser) forStmt(t token) (n node, err error) {
	f := &forStmt{at: at(t.at)}
	if f.target, err = p.loopTarget("in"); err != nil {
		return nil, err
	}
	if !p.skipName("in") {
		return nil, p.expected("in")
	}
	if f.iter, err = p.tuple(tupleOptions{ends: []string{"recursive"}}); err != nil {
		return nil, err
	}
	if p.skipName("if") {
		if f.test, err = p.expression(); err != nil {
			return nil, err
		}
	}
	f.recursive = p.skipName("recursive")
	if f.body, err = p.block(false, "endfor", "else"); err != nil {
		return nil, err
	}
	if p.next().text == "else" {
		f.orElse, err = p.block(true, "endfor")
	}
	return f, err
}

func (p *parser) ifStmt(t token) (node, error) {
	first := &ifStmt{at: at(t.at)}
	current := first
	for {
		test, err := p.tuple(tupleOptions{})
		if err != nil {
			return nil, err
		}
		current.test = test
		if current.body, err = p.block(false, "elif", "else", "endif"); err != nil {
			return nil, err
		}
		switch end := p.next(); end.text {
		case "elif":
			current = &ifStmt{at: at(end.at)}
			first.elifs = append(first.elifs, current)
			continue
		case "else":
			first.orElse, err = p.block(true, "endif")
			return first, err
		}
		return first, nil
	}
}

// set reads "{% set x = … %}" or "{% set x | filter %}…{% endset %}".
func (p *parser) set(t token) (node, error) {
	target, err := p.setTarget()
	if err != nil {
		return nil, err
	}
	if p.skipOp("=") {
		value, err := p.tuple(tupleOptions{conditional: true})
		return &assign{at(t.at), target, value}, err
	}
	b := &assignBlock{at: at(t.at), target: target}
	if b.filter, err = p.filterChain(nil); err != nil {
		return nil, err
	}
	b.body, err = p.block(true, "endset")
	return b, err
}

// filterChain reads "| a | b(…)" applied to the text of a block.
func (p *parser) filterChain(f *filter) (*filter, error) {
	for i := 0; p.skipOp("|"); i++ {
		if err := p.chain(i); err != nil {
			return nil, err
		}
		var in node
		if f != nil {
			in = f
		}
		var err error
		if f, err = p.filter(in); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// setTarget reads what set assigns to: a namespace member, a name, or a tuple of names.
func (p *parser) setTarget() (node, error) {
	t := p.peek()
	if t.kind == tokName && p.peek2().isOp(".") {
		p.i += 2
		attr, err := p.expectName()
		return &nsRef{at(t.at), t.text, attr.text}, err
	}
	return p.loopTarget()
}

// loopTarget reads a name or a tuple of names.
func (p *parser) loopTarget(ends ...string) (node, error) {
	n, err := p.targetTuple(ends)
	if err != nil {
		return nil, err
	}
	return p.target(n)
}

// nameTarget reads one name.
func (p *parser) nameTarget() (*name, error) {
	t, err := p.expectName()
	if err != nil {
		return nil, err
	}
	if _, isConst := named(t).(*constant); isConst {
		return nil, p.fail(t.at, "can't assign to '%s'", t.text)
	}
	return &name{at(t.at), t.text, store}, nil
}

// targetTuple reads primaries with commas between.
func (p *parser) targetTuple(ends []string) (node, error) {
	start := p.peek().at
	var items []node
	isTuple := false
	for !p.tupleEnds(ends) {
		n, err := p.primary()
		if err != nil {
			return nil, err
		}
		items = append(items, n)
		if !p.skipOp(",") {
			break
		}
		isTuple = true
	}
	if isTuple {
		return &tupleLit{at(start), items}, nil
	}
	if len(items) == 0 {
		return nil, p.fail(start, "Expected an expression, got '%s'", p.peek().describe())
	}
	return items[0], nil
}

// target turns a parsed expression into something that is assigned to.
func (p *parser) target(n node) (node, error) {
	switch x := n.(type) {
	case *name:
		return &name{x.at, x.id, store}, nil
	case *tupleLit:
		items, err := p.targets(x.items)
		return &tupleLit{x.at, items}, err
	case *listLit:
		items, err := p.targets(x.items)
		return &tupleLit{x.at, items}, err
	}
	return nil, p.fail(n.pos(), "can't assign to this expression")
}

func (p *parser) targets(items []node) ([]node, error) {
	out := make([]node, len(items))
	for i, item := range items {
		t, err := p.target(item)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

// signature reads the parameters of a macro or call block.
func (p *parser) signature() (s signature, err error) {
	if err := p.expectOp("("); err != nil {
		return s, err
	}
	for !p.peek().isOp(")") {
		if len(s.params) > 0 {
			if err := p.expectOp(","); err != nil {
				return s, err
			}
		}
		t, err := p.expectName()
		if err != nil {
			return s, err
		}
		if _, isConst := named(t).(*constant); isConst {
			return s, p.fail(t.at, "can't assign to '%s'", t.text)
		}
		s.params = append(s.params, &name{at(t.at), t.text, param})
		if p.skipOp("=") {
			d, err := p.expression()
			if err != nil {
				return s, err
			}
			s.defaults = append(s.defaults, d)
		} else if len(s.defaults) > 0 {
			return s, p.fail(t.at, "non-default argument follows default argument")
		}
	}
	return s, p.expectOp(")")
}

func (p *parser) macro(t token) (node, error) {
	id, err := p.nameTarget()
	if err != nil {
		return nil, err
	}
	m := &macroStmt{at: at(t.at), name: id}
	if m.signature, err = p.signature(); err != nil {
		return nil, err
	}
	m.body, err = p.block(true, "endmacro")
	return m, err
}

func (p *parser) callBlock(t token) (node, error) {
	c := &callBlock{at: at(t.at)}
	var err error
	if p.peek().isOp("(") {
		if c.signature, err = p.signature(); err != nil {
			return nil, err
		}
	}
	start := p.peek().at
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	var ok bool
	if c.call, ok = n.(*call); !ok {
		return nil, p.fail(start, "expected call")
	}
	c.body, err = p.block(true, "endcall")
	return c, err
}

func (p *parser) filterBlock(t token) (node, error) {
	f, err := p.filter(nil)
	if err != nil {
		return nil, err
	}
	if f, err = p.filterChain(f); err != nil {
		return nil, err
	}
	body, err := p.block(true, "endfilter")
	return &filterBlock{at(t.at), f, body}, err
}

func (p *parser) with(t token) (node, error) {
	w := &withStmt{at: at(t.at)}
	for p.peek().kind != tokBlockEnd {
		if len(w.targets) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		target, err := p.loopTarget()
		if err != nil {
			return nil, err
		}
		if err := p.expectOp("="); err != nil {
			return nil, err
		}
		value, err := p.expression()
		if err != nil {
			return nil, err
		}
		w.targets, w.values = append(w.targets, target), append(w.values, value)
	}
	var err error
	w.body, err = p.block(true, "endwith")
	return w, err
}

func (p *parser) print(t token) (node, error) {
	o := &output{at: at(t.at)}
	for p.peek().kind != tokBlockEnd {
		if len(o.parts) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		o.parts = append(o.parts, n)
	}
	return o, nil
}

func (p *parser) autoescape(t token) (node, error) {
	v, err := p.expression()
	if err != nil {
		return nil, err
	}
	body, err := p.block(true, "endautoescape")
	return &autoescapeStmt{at(t.at), v, body}, err
}

func (p *parser) blockTag(t token) (node, error) {
	id, err := p.expectName()
	if err != nil {
		return nil, err
	}
	b := &blockStmt{at: at(t.at), name: id.text}
	if p.blocks[b.name] {
		return nil, p.fail(id.at, "block '%s' defined twice", b.name)
	}
	p.blocks[b.name] = true
	b.scoped = p.skipName("scoped")
	b.required = p.skipName("required")
	if p.peek().isOp("-") {
		return nil, p.fail(p.peek().at, "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.")
	}
	if b.body, err = p.block(false, "endblock"); err != nil {
		return nil, err
	}
	p.next()
	p.skipName(b.name)
	return b, p.checkRequired(b)
}

func (p *parser) checkRequired(b *blockStmt) error {
	if !b.required {
		return nil
	}
	for _, n := range b.body {
		for _, part := range children(n) {
			if text, ok := part.(*textNode); !ok || strings.TrimSpace(text.text) != "" {
				return p.fail(n.pos(), "Required blocks can only contain comments or whitespace")
			}
		}
	}
	return nil
}
