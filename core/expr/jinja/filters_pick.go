package jinja

import (
	"math/rand/v2"
	"slices"

	"github.com/petrelhq/petrel/core/expr"
)

func filterFirst(c *Call, a []expr.Value) (expr.Value, error) {
	it, err := expr.Iterate(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	v, ok, err := it.Next()
	if err != nil || ok {
		return v, err
	}
	return c.undefined("No first item, sequence was empty."), nil
}

func filterLast(c *Call, a []expr.Value) (expr.Value, error) {
	items, err := c.reversible(a[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return c.undefined("No last item, sequence was empty."), nil
	}
	last := items[len(items)-1]
	if _, safe := a[0].(expr.Markup); safe {
		return expr.Markup(last.(string)), nil // walked backwards, safe text consists of safe text
	}
	return last, nil
}

// reversible are the items of what Python can walk backwards.
func (c *Call) reversible(v expr.Value) ([]expr.Value, error) {
	switch v.(type) {
	case *expr.List, expr.Tuple, *expr.Dict, string, expr.Markup, *expr.View, *expr.Range, *group, *expr.Undefined:
		return expr.Items(c.Budget, v)
	}
	return nil, expr.Errorf("TypeError", "'%s' object is not reversible", expr.TypeName(v))
}

func filterReverse(c *Call, a []expr.Value) (expr.Value, error) {
	items, err := expr.Items(c.Budget, a[0])
	if err != nil {
		if expr.ClassOf(err) == "TypeError" {
			err = expr.Errorf("FilterArgumentError", "argument must be iterable")
		}
		return nil, err
	}
	out := append([]expr.Value(nil), items...)
	slices.Reverse(out)
	if text, ok := expr.Text(a[0]); ok {
		runes := []rune(text)
		slices.Reverse(runes)
		_, safe := a[0].(expr.Markup)
		return softValue(string(runes), safe), nil
	}
	if _, err := c.reversible(a[0]); err != nil {
		return expr.NewList(out...), nil
	}
	i := 0
	return &expr.Generator{Type: reversedType(a[0]), Iterator: expr.NextFunc(func() (expr.Value, bool, error) {
		if i >= len(out) {
			return nil, false, nil
		}
		i++
		return out[i-1], true, c.Budget.Step(1)
	})}, nil
}

// reversedType is Python's name for a walk backwards.
func reversedType(v expr.Value) string {
	switch x := v.(type) {
	case *expr.List:
		return "list_reverseiterator"
	case *expr.Range:
		return "range_iterator"
	case *expr.Dict:
		return "dict_reversekeyiterator"
	case *expr.View:
		return map[expr.ViewKind]string{
			expr.KeysView: "dict_reversekeyiterator", expr.ValuesView: "dict_reversevalueiterator", expr.ItemsView: "dict_reverseitemiterator",
		}[x.Kind]
	}
	return "reversed"
}

func filterRandom(c *Call, a []expr.Value) (expr.Value, error) {
	items, err := expr.Items(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return c.undefined("No random item, sequence was empty."), nil
	}
	return items[rand.IntN(len(items))], nil
}

func filterItems(c *Call, a []expr.Value) (expr.Value, error) {
	var it expr.Iterator
	return generator("items", func() (expr.Value, bool, error) {
		if it == nil {
			var err error
			if it, err = c.pairs(a[0]); err != nil {
				return nil, false, err
			}
		}
		return it.Next()
	}), nil
}

func (c *Call) pairs(v expr.Value) (expr.Iterator, error) {
	switch x := v.(type) {
	case *expr.Undefined:
		return expr.Iterate(c.Budget, expr.Tuple(nil))
	case *expr.Dict:
		return expr.Iterate(c.Budget, &expr.View{Dict: x, Kind: expr.ItemsView})
	}
	return nil, expr.Errorf("TypeError", "Can only get item pairs from a mapping.")
}

func filterBatch(c *Call, a []expr.Value) (expr.Value, error) {
	next := c.lazily(a[0])
	ended := false
	return generator("batch", func() (expr.Value, bool, error) {
		size, err := expr.AsInt(a[1])
		if err != nil || ended {
			return nil, false, err
		}
		row, err := c.row()
		if err != nil {
			return nil, false, err
		}
		for int64(len(row.Items)) != size || size == 0 {
			v, ok, err := next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				ended = true
				break
			}
			if err := row.Append(c.Budget, v); err != nil {
				return nil, false, err
			}
		}
		if len(row.Items) == 0 {
			return nil, false, nil
		}
		return row, true, c.fillRow(row, size, a[2])
	}), nil
}

// row makes an empty list; itself it costs as much as two items.
func (c *Call) row() (*expr.List, error) { return expr.NewList(), c.Budget.GrowItems(2) }

func (c *Call) fillRow(row *expr.List, size int64, fill expr.Value) error {
	for fill != nil && int64(len(row.Items)) < size {
		if err := row.Append(c.Budget, fill); err != nil {
			return err
		}
	}
	return nil
}

func filterSlice(c *Call, a []expr.Value) (expr.Value, error) {
	var items []expr.Value
	column, started := int64(0), false
	return generator("slice", func() (expr.Value, bool, error) {
		n, err := expr.AsInt(a[1])
		if err != nil {
			return nil, false, err
		}
		if !started {
			started = true
			if items, err = expr.Items(c.Budget, a[0]); err != nil {
				return nil, false, err
			}
			if n == 0 {
				return nil, false, expr.Errorf("ZeroDivisionError", "integer division or modulo by zero")
			}
		}
		if column >= n {
			return nil, false, nil
		}
		per, extra := int64(len(items))/n, int64(len(items))%n
		start := column*per + min(column, extra)
		end := (column+1)*per + min(column+1, extra)
		row, err := c.row()
		if err != nil {
			return nil, false, err
		}
		if err := row.Append(c.Budget, items[start:end]...); err != nil {
			return nil, false, err
		}
		if column >= extra && a[2] != nil {
			err = row.Append(c.Budget, a[2])
		}
		column++
		return row, true, err
	}), nil
}
