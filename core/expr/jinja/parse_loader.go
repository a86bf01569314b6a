package jinja

// The tags that name other templates are read in full, so that mistakes in them are found.

func (p *parser) extends(t token) (node, error) {
	n, err := p.expression()
	return &loaderStmt{at: at(t.at), template: n}, err
}

func (p *parser) include(t token) (node, error) {
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	s := &loaderStmt{at: at(t.at), template: n}
	if p.peek().isName("ignore") && p.peek2().isName("missing") {
		s.ignoreMissing = true
		p.i += 2
	}
	p.contextWords()
	return s, nil
}

// contextWords reads "with context" or "without context".
func (p *parser) contextWords() bool {
	if p.peek().isName("with", "without") && p.peek2().isName("context") {
		p.i += 2
		return true
	}
	return false
}

func (p *parser) importTag(t token) (node, error) {
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.skipName("as") {
		return nil, p.expected("as")
	}
	id, err := p.nameTarget()
	if err != nil {
		return nil, err
	}
	p.contextWords()
	return &loaderStmt{at: at(t.at), template: n, names: []*name{id}}, nil
}

func (p *parser) fromTag(t token) (node, error) {
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.skipName("import") {
		return nil, p.expected("import")
	}
	s := &loaderStmt{at: at(t.at), template: n}
	for !p.contextWords() && p.peek().kind == tokName {
		id, err := p.importedName()
		if err != nil {
			return nil, err
		}
		s.names = append(s.names, id)
		if !p.skipOp(",") {
			p.contextWords()
			break
		}
	}
	if len(s.names) == 0 {
		return nil, p.expected("name")
	}
	return s, nil
}

func (p *parser) importedName() (*name, error) {
	id, err := p.expectName()
	if err != nil {
		return nil, err
	}
	if id.text[0] == '_' {
		return nil, p.fail(id.at, "names starting with an underline can not be imported")
	}
	if p.skipName("as") {
		id, err = p.expectName()
	}
	return &name{at(id.at), id.text, store}, err
}
