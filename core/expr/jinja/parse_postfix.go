package jinja

// postfix reads attributes, subscripts and calls after a primary.
func (p *parser) postfix(n node) (node, error) {
	return p.links(n, func(t token) func(node) (node, error) {
		switch {
		case t.isOp("."):
			return p.attribute
		case t.isOp("["):
			return p.subscript
		case t.isOp("("):
			return p.call
		}
		return nil
	})
}

// filters reads filters, tests and calls after a signed primary.
func (p *parser) filters(n node) (node, error) {
	return p.links(n, func(t token) func(node) (node, error) {
		switch {
		case t.isOp("|"):
			return p.piped
		case t.isName("is"):
			return p.test
		case t.isOp("("):
			return p.call
		}
		return nil
	})
}

// links reads a chain: at each token, what reads the next link, or nil at the end.
func (p *parser) links(n node, reader func(t token) func(of node) (node, error)) (node, error) {
	for i := 0; ; i++ {
		if err := p.chain(i); err != nil {
			return nil, err
		}
		read := reader(p.peek())
		if read == nil {
			return n, nil
		}
		var err error
		if n, err = read(n); err != nil {
			return nil, err
		}
	}
}

// piped reads "| name".
func (p *parser) piped(in node) (node, error) {
	p.next()
	return p.filter(in)
}

func (p *parser) attribute(of node) (node, error) {
	dot := p.next()
	t := p.next()
	switch t.kind {
	case tokName:
		return &getAttr{at(t.at), of, t.text}, nil
	case tokInteger:
		return &getItem{at(t.at), of, &constant{at(t.at), t.value}}, nil
	}
	return nil, p.fail(dot.at, "expected name or number")
}

func (p *parser) subscript(of node) (node, error) {
	t := p.next()
	var keys []node
	for !p.peek().isOp("]") || len(keys) == 0 {
		if len(keys) > 0 {
			if err := p.expectOp(","); err != nil {
				return nil, err
			}
		}
		k, err := p.subscripted()
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if err := p.expectOp("]"); err != nil {
		return nil, err
	}
	if len(keys) == 1 {
		return &getItem{at(t.at), of, keys[0]}, nil
	}
	return &getItem{at(t.at), of, &tupleLit{at(t.at), keys}}, nil
}

// subscripted reads an index or a slice.
func (p *parser) subscripted() (node, error) {
	s := &sliceLit{at: at(p.peek().at)}
	if !p.peek().isOp(":") {
		n, err := p.expression()
		if err != nil || !p.peek().isOp(":") {
			return n, err
		}
		s.start = n
	}
	p.next()
	var err error
	if s.stop, err = p.slicePart(); err != nil {
		return nil, err
	}
	if p.skipOp(":") {
		s.step, err = p.slicePart()
	}
	return s, err
}

func (p *parser) slicePart() (node, error) {
	t := p.peek()
	if t.isOp(":") || t.isOp("]") || t.isOp(",") {
		return nil, nil
	}
	return p.expression()
}

func (p *parser) call(fn node) (node, error) {
	t := p.peek()
	args, err := p.arguments()
	return &call{at(t.at), fn, args}, err
}

// arguments reads "(a, b=1, *args, **kwargs)".
func (p *parser) arguments() (a arguments, err error) {
	if err := p.expectOp("("); err != nil {
		return a, err
	}
	for first := true; !p.peek().isOp(")"); first = false {
		if !first {
			if err := p.expectOp(","); err != nil {
				return a, err
			}
			if p.peek().isOp(")") {
				break
			}
		}
		if err := p.argument(&a); err != nil {
			return a, err
		}
	}
	return a, p.expectOp(")")
}

func (p *parser) argument(a *arguments) (err error) {
	t := p.peek()
	bad := func() error { return p.fail(t.at, "invalid syntax for function call expression") }
	switch {
	case t.isOp("*"):
		if a.dynArgs != nil || a.dynKwargs != nil {
			return bad()
		}
		p.next()
		a.dynArgs, err = p.expression()
	case t.isOp("**"):
		if a.dynKwargs != nil {
			return bad()
		}
		p.next()
		a.dynKwargs, err = p.expression()
	case t.kind == tokName && p.peek2().isOp("="):
		if a.dynKwargs != nil {
			return bad()
		}
		p.i += 2
		var v node
		v, err = p.expression()
		a.kwargs = append(a.kwargs, kwarg{t.text, v})
	default:
		if a.dynArgs != nil || a.dynKwargs != nil || len(a.kwargs) > 0 {
			return bad()
		}
		var v node
		v, err = p.expression()
		a.args = append(a.args, v)
	}
	return err
}

// dottedName reads the name of a filter or test.
func (p *parser) dottedName() (token, error) {
	t, err := p.expectName()
	for err == nil && p.skipOp(".") {
		var more token
		more, err = p.expectName()
		t.text += "." + more.text
	}
	return t, err
}

// filter reads a filter's name and arguments, after the bar.
func (p *parser) filter(in node) (*filter, error) {
	t, err := p.dottedName()
	if err != nil {
		return nil, err
	}
	f := &filter{at: at(t.at), in: in, name: t.text}
	if p.peek().isOp("(") {
		f.arguments, err = p.arguments()
	}
	return f, err
}

// test reads "is [not] name args", where one argument may stand without parentheses.
func (p *parser) test(in node) (node, error) {
	p.next()
	start := p.peek()
	negated := p.skipName("not")
	t, err := p.dottedName()
	if err != nil {
		return nil, err
	}
	n := &test{at: at(t.at), in: in, name: t.text}
	switch {
	case p.peek().isOp("("):
		n.arguments, err = p.arguments()
	case p.startsTestArgument():
		if p.peek().isName("is") {
			return nil, p.fail(p.peek().at, "You cannot chain multiple tests with is")
		}
		var arg node
		if arg, err = p.primary(); err == nil {
			arg, err = p.postfix(arg)
		}
		n.args = []node{arg}
	}
	if err != nil {
		return nil, err
	}
	if negated {
		return &unary{at(start.at), "not", n}, nil
	}
	return n, nil
}

func (p *parser) startsTestArgument() bool {
	t := p.peek()
	switch t.kind {
	case tokName:
		return !t.isName("else", "or", "and")
	case tokString, tokInteger, tokFloat:
		return true
	}
	return t.isOp("(") || t.isOp("[") || t.isOp("{")
}
