package jinja

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core/expr"
)

// A template becomes a tree of closures, one for each node.
type (
	evalFunc func(f *frame) (expr.Value, error)
	execFunc func(f *frame) error
)

// compiler turns nodes into closures.
type compiler struct {
	env    *Environment
	src    string
	blocks map[string]*compiledBlock
	names  map[string]bool // names taken from outside
	near   expr.Pos        // the place asked for last
}

// place is where in the template code is compiled.
type place struct {
	scope *scope
	soft  bool // inside a condition: an unknown filter or test fails only when it is reached
	top   bool // at the template's top level: what is set can be seen by blocks
}

func (p place) soften() place { p.soft = true; return p }

// inner is a place with a scope of its own.
func (p place) inner() place { return place{scope: newScope(p.scope)} }

func compileTemplate(env *Environment, src string, body []node) (*Template, error) {
	c := &compiler{env: env, src: src, blocks: map[string]*compiledBlock{}, names: map[string]bool{}}
	root := newScope(nil)
	if len(blocksIn(body)) > 0 {
		root.param("self")
	}
	root.visitAll(body)
	c.seal(root)
	code, err := c.block(body, place{scope: root, top: true})
	if err != nil {
		return nil, err
	}
	if err := c.compileBlocks(body); err != nil {
		return nil, err
	}
	return &Template{env: env, src: src, root: root, body: code, blocks: c.blocks, unbound: sortedKeys(c.names)}, nil
}

// seal completes a scope and notes the names it takes from outside.
func (c *compiler) seal(s *scope) {
	s.seal()
	for _, slot := range s.slots {
		if slot.kind == loadContext {
			if _, global := c.env.globals[slot.name]; !global {
				c.names[slot.name] = true
			}
		}
	}
}

func (c *compiler) pos(n node) expr.Pos {
	c.near = step(c.src, c.near, n.pos())
	return c.near
}

// step is position, reckoned from a place nearby: a long template has many places, and
// counting each from the start would take the square of its length.
func step(src string, from expr.Pos, at int) expr.Pos {
	at = min(at, len(src))
	if from.Line == 0 {
		return position(src, at)
	}
	p := expr.Pos{Offset: at, Line: from.Line}
	first, last := min(at, from.Offset), max(at, from.Offset)
	lines := strings.Count(src[first:last], "\n")
	runes := utf8.RuneCountInString(src[first:last])
	switch {
	case lines > 0:
		start := strings.LastIndexByte(src[:at], '\n') + 1
		p.Col = 1 + utf8.RuneCountInString(src[start:at])
	case at >= from.Offset:
		p.Col = from.Col + runes
	default:
		p.Col = from.Col - runes
	}
	if at < from.Offset {
		lines = -lines
	}
	p.Line += lines
	return p
}

// fail is an error in how the template is put together.
func (c *compiler) fail(n node, format string, args ...any) error {
	return &expr.Error{Class: "TemplateAssertionError", Msg: fmt.Sprintf(format, args...), Pos: c.pos(n)}
}

// located gives errors of a closure the node's position.
func (c *compiler) located(n node, eval evalFunc) evalFunc {
	pos := c.pos(n)
	return func(f *frame) (expr.Value, error) {
		v, err := eval(f)
		if err != nil {
			return nil, expr.At(err, pos)
		}
		return v, nil
	}
}

// expr compiles an expression.
func (c *compiler) expr(n node, p place) (evalFunc, error) {
	switch x := n.(type) {
	case *constant:
		return func(*frame) (expr.Value, error) { return x.value, nil }, nil
	case *name:
		return c.load(x, p), nil
	case *tupleLit:
		return c.sequence(x.items, p, func(items []expr.Value) expr.Value { return expr.Tuple(items) })
	case *listLit:
		return c.sequence(x.items, p, func(items []expr.Value) expr.Value { return expr.NewList(items...) })
	case *dictLit:
		return c.dict(x, p)
	case *unary:
		return c.unary(x, p)
	case *binary:
		return c.binary(x, p)
	case *concat:
		return c.concat(x, p)
	case *compare:
		return c.compare(x, p)
	case *conditional:
		return c.conditional(x, p)
	}
	return c.member(n, p)
}

// member compiles what reaches into or calls a value.
func (c *compiler) member(n node, p place) (evalFunc, error) {
	switch x := n.(type) {
	case *getAttr:
		return c.attr(x, p)
	case *getItem:
		return c.item(x, p)
	case *sliceLit:
		return c.slice(x, p)
	case *call:
		return c.call(x, p)
	case *filter:
		return c.filter(x, p)
	case *test:
		return c.test(x, p)
	}
	return nil, c.fail(n, "this cannot stand in an expression")
}

func (c *compiler) exprs(nodes []node, p place) ([]evalFunc, error) {
	out := make([]evalFunc, len(nodes))
	for i, n := range nodes {
		e, err := c.expr(n, p)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

func (c *compiler) load(x *name, p place) evalFunc {
	up, index := p.scope.find(x.id)
	id := x.id
	return func(f *frame) (expr.Value, error) {
		v := f.env.at(up).vals[index]
		if v == missing {
			return f.undefined(id), nil
		}
		return v, nil
	}
}

func (c *compiler) sequence(items []node, p place, build func([]expr.Value) expr.Value) (evalFunc, error) {
	parts, err := c.exprs(items, p)
	if err != nil {
		return nil, err
	}
	return func(f *frame) (expr.Value, error) {
		vals, err := f.evalAll(parts)
		return build(vals), err
	}, nil
}

func (f *frame) evalAll(parts []evalFunc) ([]expr.Value, error) {
	if err := f.budget.GrowItems(len(parts) + 1); err != nil {
		return nil, err
	}
	vals := make([]expr.Value, len(parts))
	for i, part := range parts {
		v, err := part(f)
		if err != nil {
			return nil, err
		}
		vals[i] = v
	}
	return vals, nil
}

func (c *compiler) dict(x *dictLit, p place) (evalFunc, error) {
	keys, err := c.exprs(x.keys, p)
	if err != nil {
		return nil, err
	}
	values, err := c.exprs(x.values, p)
	if err != nil {
		return nil, err
	}
	parts := make([]evalFunc, 0, 2*len(keys))
	for i := range keys {
		parts = append(parts, keys[i], values[i])
	}
	return c.located(x, func(f *frame) (expr.Value, error) {
		vals, err := f.evalAll(parts)
		if err != nil {
			return nil, err
		}
		if err := f.budget.GrowEntries(len(keys)); err != nil {
			return nil, err
		}
		d := expr.NewDict()
		for i := 0; i < len(vals); i += 2 {
			if err := d.Set(vals[i], vals[i+1]); err != nil {
				return nil, err
			}
		}
		return d, nil
	}), nil
}

func (c *compiler) unary(x *unary, p place) (evalFunc, error) {
	of, err := c.expr(x.x, p)
	if err != nil {
		return nil, err
	}
	return c.located(x, func(f *frame) (expr.Value, error) {
		v, err := of(f)
		if err != nil {
			return nil, err
		}
		if x.op == "not" {
			yes, err := expr.Truthy(v)
			return !yes, err
		}
		return expr.Unary(f.budget, x.op, v)
	}), nil
}

func (c *compiler) binary(n *binary, p place) (evalFunc, error) {
	x, err := c.expr(n.x, p)
	if err != nil {
		return nil, err
	}
	y, err := c.expr(n.y, p)
	if err != nil {
		return nil, err
	}
	if n.op == "and" || n.op == "or" {
		return c.located(n, logical(n.op == "or", x, y)), nil
	}
	if pieces, values := formatPieces(n); pieces != nil {
		return c.formatted(n, pieces, values, p)
	}
	return c.located(n, func(f *frame) (expr.Value, error) {
		a, err := x(f)
		if err != nil {
			return nil, err
		}
		b, err := y(f)
		if err != nil {
			return nil, err
		}
		return expr.Binary(f.budget, n.op, a, b)
	}), nil
}

// logical gives the first operand whose truth decides, else the second.
func logical(decides bool, x, y evalFunc) evalFunc {
	return func(f *frame) (expr.Value, error) {
		v, err := x(f)
		if err != nil {
			return nil, err
		}
		yes, err := expr.Truthy(v)
		if err != nil || yes == decides {
			return v, err
		}
		return y(f)
	}
}

func (c *compiler) concat(x *concat, p place) (evalFunc, error) {
	parts, err := c.exprs(x.parts, p)
	if err != nil {
		return nil, err
	}
	return c.located(x, func(f *frame) (expr.Value, error) {
		vals, err := f.evalAll(parts)
		if err != nil {
			return nil, err
		}
		return f.join(vals)
	}), nil
}

// join puts the texts of values together; safe HTML when escaping is on and one of them is.
func (f *frame) join(vals []expr.Value) (expr.Value, error) {
	safe := false
	for _, v := range vals {
		if _, ok := v.(expr.Markup); ok && f.autoescape {
			safe = true
		}
	}
	out := newBuffer(f.budget)
	for _, v := range vals {
		s, err := expr.Str(f.budget, v)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(expr.Markup); safe && !ok {
			s = expr.EscapeHTML(s)
		}
		if err := out.Put(s); err != nil {
			return nil, err
		}
	}
	if safe {
		return expr.Markup(out.String()), nil
	}
	return out.String(), nil
}

func (c *compiler) compare(x *compare, p place) (evalFunc, error) {
	first, err := c.expr(x.first, p)
	if err != nil {
		return nil, err
	}
	rest, err := c.exprs(x.rest, p)
	if err != nil {
		return nil, err
	}
	return c.located(x, func(f *frame) (expr.Value, error) {
		left, err := first(f)
		if err != nil {
			return nil, err
		}
		for i, next := range rest {
			right, err := next(f)
			if err != nil {
				return nil, err
			}
			ok, err := compareValues(f.budget, x.ops[i], left, right)
			if err != nil || !ok {
				return false, err
			}
			left = right
		}
		return true, nil
	}), nil
}

func compareValues(b *expr.Budget, op string, x, y expr.Value) (bool, error) {
	switch op {
	case "==":
		return expr.Equal(b, x, y)
	case "!=":
		eq, err := expr.Equal(b, x, y)
		return !eq, err
	case "in":
		return expr.Contains(b, y, x)
	case "not in":
		in, err := expr.Contains(b, y, x)
		return !in, err
	}
	return expr.Compare(b, op, x, y)
}

func (c *compiler) conditional(x *conditional, p place) (evalFunc, error) {
	p = p.soften()
	parts := []evalFunc{nil, nil, nil}
	for i, n := range []node{x.test, x.yes, x.no} {
		if n == nil {
			continue
		}
		e, err := c.expr(n, p)
		if err != nil {
			return nil, err
		}
		parts[i] = e
	}
	pos := c.pos(x)
	return func(f *frame) (expr.Value, error) {
		v, err := parts[0](f)
		if err != nil {
			return nil, err
		}
		yes, err := expr.Truthy(v)
		switch {
		case err != nil:
			return nil, expr.At(err, pos)
		case yes:
			return parts[1](f)
		case parts[2] != nil:
			return parts[2](f)
		}
		return &expr.Undefined{Kind: expr.Lenient, Hint: "the inline if-expression evaluated to false and no else section was defined."}, nil
	}, nil
}
