package jinja

import "github.com/petrelhq/petrel/core/expr"

// formatPieces gives the pieces of a format and the values beside it, when each value is to become
// text before the next one is evaluated: see expr.PercentPieces.
func formatPieces(n *binary) ([]string, []node) {
	format, isConstant := n.x.(*constant)
	values, isTuple := n.y.(*tupleLit)
	if n.op != "%" || !isConstant || !isTuple {
		return nil, nil
	}
	text, ok := format.value.(string)
	if !ok {
		return nil, nil
	}
	pieces, _ := expr.PercentPieces(text, len(values.items))
	return pieces, values.items
}

// formatted compiles '%s is %s' % (x, y).
func (c *compiler) formatted(n *binary, pieces []string, values []node, p place) (evalFunc, error) {
	parts, err := c.exprs(values, p)
	if err != nil {
		return nil, err
	}
	return c.located(n, func(f *frame) (expr.Value, error) {
		out := newBuffer(f.budget)
		for i, part := range parts {
			v, err := part(f)
			if err != nil {
				return nil, err
			}
			text, err := expr.Percent(f.budget, pieces[i], expr.Tuple{v})
			if err != nil {
				return nil, err
			}
			if err := out.Put(text.(string)); err != nil {
				return nil, err
			}
		}
		return out.String(), nil
	}), nil
}
