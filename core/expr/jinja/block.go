package jinja

import "github.com/petrelhq/petrel/core/expr"

// compiledBlock is a named block; without inheritance it runs where it stands, and as self.name().
type compiledBlock struct {
	scope *scope
	body  execFunc
	node  *blockStmt
}

// blocksIn finds all blocks in a body.
func blocksIn(body []node) []*blockStmt {
	var out []*blockStmt
	for _, n := range body {
		if b, ok := n.(*blockStmt); ok {
			out = append(out, b)
		}
		out = append(out, blocksIn(children(n))...)
	}
	return out
}

// compileBlocks compiles each block with names of its own: it sees what is set at top level, not the locals around it.
func (c *compiler) compileBlocks(body []node) error {
	for _, b := range blocksIn(body) {
		s := newScope(nil)
		s.param("self")
		s.param("super")
		s.visitAll(b.body)
		c.seal(s)
		code, err := c.block(b.body, place{scope: s})
		if err != nil {
			return err
		}
		c.blocks[b.name] = &compiledBlock{scope: s, body: code, node: b}
	}
	return nil
}

func (c *compiler) blockRef(x *blockStmt, p place) (execFunc, error) {
	locals := visibleNames(x, p)
	pos := c.pos(x)
	return func(f *frame) error {
		b := f.tmpl.blocks[x.name]
		if x.required {
			return expr.At(expr.Errorf("TemplateRuntimeError", "Required block %s not found", expr.QuoteText(x.name)), pos)
		}
		overlay := map[string]expr.Value{}
		for id, load := range locals {
			if v := load(f); v != missing {
				overlay[id] = v
			}
		}
		return b.run(f, overlay)
	}, nil
}

// visibleNames are the local variables that a scoped block sees.
func visibleNames(x *blockStmt, p place) map[string]func(*frame) expr.Value {
	out := map[string]func(*frame) expr.Value{}
	if !x.scoped {
		return out
	}
	for s := p.scope; s != nil; s = s.parent {
		for _, slot := range s.slots {
			up, index := p.scope.find(slot.name)
			out[slot.name] = func(f *frame) expr.Value { return f.env.at(up).vals[index] }
		}
	}
	return out
}

// run prints the block; overlay holds local variables it may see.
func (b *compiledBlock) run(f *frame, overlay map[string]expr.Value) error {
	if err := f.budget.Enter(); err != nil {
		return err
	}
	defer f.budget.Leave()
	inner := *f
	inner.env = nil
	if len(overlay) > 0 {
		r := *f.render
		r.vars = r.vars.With(r.exported).With(overlay)
		r.exported = nil
		inner.render = &r
	}
	if err := inner.enter(b.scope); err != nil {
		return err
	}
	inner.env.vals[b.scope.refs["self"]] = &selfRef{inner}
	inner.env.vals[b.scope.refs["super"]] = &expr.Undefined{
		Kind: f.render.env.Undefined, Name: "super", Hint: "there is no parent block called " + expr.QuoteText(b.node.name) + ".",
	}
	return b.body(&inner)
}

// selfRef is the variable "self": the template's blocks as functions.
type selfRef struct{ frame frame }

// TypeName implements expr.Object.
func (s *selfRef) TypeName() string { return "TemplateReference" }

// Item implements expr.Indexer.
func (s *selfRef) Item(b *expr.Budget, key expr.Value) (expr.Value, bool, error) {
	name, _ := expr.Text(key)
	block, ok := s.frame.tmpl.blocks[name]
	if !ok {
		return nil, false, nil
	}
	return &expr.Func{Name: name, Fn: func(*expr.Call) (expr.Value, error) {
		f := s.frame
		text, err := f.capture(func(f *frame) error { return block.run(f, nil) })
		return f.markup(text), err
	}}, true, nil
}
