package jinja

// expression reads any expression, with inline if.
func (p *parser) expression() (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	n, err := p.or()
	for i := 0; err == nil && p.peek().isName("if"); i++ {
		if err := p.chain(i); err != nil {
			return nil, err
		}
		t := p.next()
		c := &conditional{at: at(t.at), yes: n}
		if c.test, err = p.or(); err != nil {
			return nil, err
		}
		if p.skipName("else") {
			c.no, err = p.expression()
		}
		n = c
	}
	return n, err
}

// chainOf reads operands joined by the operators that match, to the left.
func (p *parser) chainOf(operand func() (node, error), match func(token) bool) (node, error) {
	n, err := operand()
	for i := 0; err == nil && match(p.peek()); i++ {
		if err := p.chain(i); err != nil {
			return nil, err
		}
		t := p.next()
		b := &binary{at: at(t.at), op: t.text, x: n}
		b.y, err = operand()
		n = b
	}
	return n, err
}

func (p *parser) or() (node, error) {
	return p.chainOf(p.and, func(t token) bool { return t.isName("or") })
}

func (p *parser) and() (node, error) {
	return p.chainOf(p.not, func(t token) bool { return t.isName("and") })
}

func (p *parser) not() (node, error) {
	t := p.peek()
	if !t.isName("not") {
		return p.comparison()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.next()
	x, err := p.not()
	return &unary{at(t.at), "not", x}, err
}

func (p *parser) comparison() (node, error) {
	first, err := p.sum()
	if err != nil {
		return nil, err
	}
	c := &compare{at: at(p.peek().at), first: first}
	for {
		op := p.comparisonOp()
		if op == "" {
			break
		}
		x, err := p.sum()
		if err != nil {
			return nil, err
		}
		c.ops = append(c.ops, op)
		c.rest = append(c.rest, x)
	}
	if len(c.ops) == 0 {
		return first, nil
	}
	return c, nil
}

func (p *parser) comparisonOp() string {
	t := p.peek()
	if t.kind == tokOperator {
		switch t.text {
		case "==", "!=", "<", "<=", ">", ">=":
			p.next()
			return t.text
		}
	}
	if p.skipName("in") {
		return "in"
	}
	if t.isName("not") && p.peek2().isName("in") {
		p.i += 2
		return "not in"
	}
	return ""
}

func isOpIn(ops ...string) func(token) bool {
	return func(t token) bool {
		for _, op := range ops {
			if t.isOp(op) {
				return true
			}
		}
		return false
	}
}

func (p *parser) sum() (node, error) { return p.chainOf(p.concat, isOpIn("+", "-")) }

func (p *parser) concat() (node, error) {
	t := p.peek()
	first, err := p.product()
	if err != nil || !p.peek().isOp("~") {
		return first, err
	}
	c := &concat{at(t.at), []node{first}}
	for p.skipOp("~") {
		x, err := p.product()
		if err != nil {
			return nil, err
		}
		c.parts = append(c.parts, x)
	}
	return c, nil
}

func (p *parser) product() (node, error) {
	return p.chainOf(p.power, isOpIn("*", "/", "//", "%"))
}

func (p *parser) power() (node, error) {
	return p.chainOf(func() (node, error) { return p.unary(true) }, isOpIn("**"))
}

// unary reads a signed primary with its postfixes and, when asked, filters and tests.
func (p *parser) unary(filters bool) (node, error) {
	t := p.peek()
	var n node
	var err error
	if t.isOp("-") || t.isOp("+") {
		n, err = p.signed(t)
	} else {
		n, err = p.primary()
	}
	if err != nil {
		return nil, err
	}
	if n, err = p.postfix(n); err != nil || !filters {
		return n, err
	}
	return p.filters(n)
}

func (p *parser) signed(t token) (node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.next()
	x, err := p.unary(false)
	return &unary{at(t.at), t.text, x}, err
}

func (p *parser) primary() (node, error) {
	t := p.peek()
	switch t.kind {
	case tokName:
		p.next()
		return named(t), nil
	case tokString:
		p.next()
		text := t.text
		for p.peek().kind == tokString {
			text += p.next().text
		}
		return &constant{at(t.at), text}, nil
	case tokInteger, tokFloat:
		p.next()
		return &constant{at(t.at), t.value}, nil
	}
	switch {
	case t.isOp("("):
		p.next()
		n, err := p.tuple(tupleOptions{conditional: true, parens: true})
		if err != nil {
			return nil, err
		}
		return n, p.expectOp(")")
	case t.isOp("["):
		return p.list()
	case t.isOp("{"):
		return p.dict()
	}
	return nil, p.fail(t.at, "unexpected '%s'", t.describe())
}

func named(t token) node {
	switch t.text {
	case "true", "True":
		return &constant{at(t.at), true}
	case "false", "False":
		return &constant{at(t.at), false}
	case "none", "None":
		return &constant{at(t.at), nil}
	}
	return &name{at(t.at), t.text, load}
}

type tupleOptions struct {
	conditional bool     // items may be inline ifs
	parens      bool     // inside parentheses, where () is a tuple
	ends        []string // names that end it, besides closing tags and brackets
}

// tuple reads one expression, or several with commas as a tuple.
func (p *parser) tuple(o tupleOptions) (node, error) {
	start := p.peek().at
	item := p.expression
	if !o.conditional {
		item = p.or
	}
	var items []node
	isTuple := false
	for {
		if len(items) > 0 {
			if !p.skipOp(",") {
				break
			}
			isTuple = true
		}
		if p.tupleEnds(o.ends) {
			break
		}
		n, err := item()
		if err != nil {
			return nil, err
		}
		items = append(items, n)
		if !p.peek().isOp(",") {
			break
		}
	}
	if isTuple || len(items) == 0 && o.parens {
		return &tupleLit{at(start), items}, nil
	}
	if len(items) == 0 {
		return nil, p.fail(start, "Expected an expression, got '%s'", p.peek().describe())
	}
	return items[0], nil
}

func (p *parser) tupleEnds(names []string) bool {
	t := p.peek()
	return t.kind == tokVariableEnd || t.kind == tokBlockEnd || t.isOp(")") || t.isName(names...)
}

func (p *parser) list() (node, error) {
	t := p.next()
	l := &listLit{at: at(t.at)}
	for !p.peek().isOp("]") {
		if len(l.items) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		if p.peek().isOp("]") {
			break
		}
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, n)
	}
	return l, p.expectOp("]")
}

func (p *parser) dict() (node, error) {
	t := p.next()
	d := &dictLit{at: at(t.at)}
	for !p.peek().isOp("}") {
		if len(d.keys) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		if p.peek().isOp("}") {
			break
		}
		k, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := p.expectOp(":"); err != nil {
			return nil, err
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		d.keys, d.values = append(d.keys, k), append(d.values, v)
	}
	return d, p.expectOp("}")
}
