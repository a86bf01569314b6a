package jinja

import (
	"slices"

	"github.com/petrelhq/petrel/core/expr"
)

func listMethods() map[string]Func {
	m := tupleMethods()
	m["append"] = listMethod(listAppend, expr.Req("object"))
	m["extend"] = listMethod(listExtend, expr.Req("iterable"))
	m["insert"] = listMethod(listInsert, expr.Req("index"), expr.Req("object"))
	m["pop"] = listMethod(listPop, expr.Opt("index", int64(-1)))
	m["remove"] = listMethod(listRemove, expr.Req("value"))
	m["reverse"] = listMethod(listReverse)
	m["sort"] = listMethod(listSort, expr.Opt("reverse", false))
	m["clear"] = listMethod(func(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
		l.Items = nil
		return nil, nil
	})
	m["copy"] = method(func(c *Call, a []expr.Value) (expr.Value, error) {
		items, err := expr.Items(c.Budget, a[0])
		return expr.NewList(items...), err
	})
	return m
}

// listMethod makes a method that changes its list.
func listMethod(fn func(c *Call, l *expr.List, a []expr.Value) (expr.Value, error), params ...expr.Param) Func {
	return method(func(c *Call, a []expr.Value) (expr.Value, error) {
		l := a[0].(*expr.List)
		if err := l.Mutable(); err != nil {
			return nil, err
		}
		return fn(c, l, a[1:])
	}, params...)
}

func listAppend(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
	return nil, l.Append(c.Budget, a[0])
}

func listExtend(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
	items, err := expr.Items(c.Budget, a[0])
	if err != nil {
		return nil, err
	}
	return nil, l.Append(c.Budget, items...)
}

func listInsert(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
	i, err := expr.AsInt(a[0])
	if err != nil {
		return nil, err
	}
	if err := c.Budget.Grow(int64(len(l.Items)) + 24); err != nil {
		return nil, err
	}
	n := int64(len(l.Items))
	if i < 0 {
		i += n
	}
	l.Items = slices.Insert(l.Items, int(min(max(i, 0), n)), a[1])
	return nil, nil
}

func listPop(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
	i, err := expr.AsInt(a[0])
	if err != nil {
		return nil, err
	}
	n := int64(len(l.Items))
	if n == 0 {
		return nil, expr.Errorf("IndexError", "pop from empty list")
	}
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return nil, expr.Errorf("IndexError", "pop index out of range")
	}
	if err := c.Budget.Step((n - i) / 64); err != nil {
		return nil, err
	}
	v := l.Items[i]
	l.Items = slices.Delete(l.Items, int(i), int(i)+1)
	return v, nil
}

func listRemove(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
	for i, item := range l.Items {
		eq, err := expr.Equal(c.Budget, item, a[0])
		if err != nil {
			return nil, err
		}
		if eq {
			l.Items = slices.Delete(l.Items, i, i+1)
			return nil, c.Budget.Step(int64(len(l.Items)-i) / 8)
		}
	}
	return nil, expr.Errorf("ValueError", "list.remove(x): x not in list")
}

func listReverse(c *Call, l *expr.List, _ []expr.Value) (expr.Value, error) {
	slices.Reverse(l.Items)
	return nil, c.Budget.Step(int64(len(l.Items)) / 8)
}

func listSort(c *Call, l *expr.List, a []expr.Value) (expr.Value, error) {
	reverse, err := expr.Truthy(a[0])
	if err != nil {
		return nil, err
	}
	return nil, sortValues(c.Budget, l.Items, l.Items, reverse)
}

func setMethods() map[string]Func {
	return map[string]Func{
		"add": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			if err := c.Budget.GrowEntries(1); err != nil {
				return nil, err
			}
			return nil, a[0].(*expr.Set).Add(a[1])
		}, expr.Req("object")),
		"discard": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			_, err := a[0].(*expr.Set).Remove(a[1])
			return nil, err
		}, expr.Req("object")),
		"union":        method(setCombine(true, true), expr.Req("other")),
		"intersection": method(setCombine(true, false), expr.Req("other")),
		"difference":   method(setCombine(false, false), expr.Req("other")),
		"copy": method(func(c *Call, a []expr.Value) (expr.Value, error) {
			items, err := expr.Items(c.Budget, a[0])
			if err != nil {
				return nil, err
			}
			return expr.NewSet(items...)
		}),
	}
}

// setCombine keeps the members of the first set that are (or are not) in the second, or all of both.
func setCombine(shared, all bool) func(c *Call, a []expr.Value) (expr.Value, error) {
	return func(c *Call, a []expr.Value) (expr.Value, error) {
		other, err := expr.Items(c.Budget, a[1])
		if err != nil {
			return nil, err
		}
		second, err := expr.NewSet(other...)
		if err != nil {
			return nil, err
		}
		out, err := expr.NewSet()
		if err != nil {
			return nil, err
		}
		for item := range a[0].(*expr.Set).All() {
			has, err := second.Has(item)
			if err != nil {
				return nil, err
			}
			if all || has == shared {
				if err := out.Add(item); err != nil {
					return nil, err
				}
			}
		}
		if all {
			for _, item := range other {
				if err := out.Add(item); err != nil {
					return nil, err
				}
			}
		}
		return out, c.Budget.GrowEntries(out.Len())
	}
}
