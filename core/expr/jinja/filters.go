package jinja

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// builtinFilters are Jinja's own filters.
func builtinFilters() map[string]Func {
	req, opt := expr.Req, expr.Opt
	m := map[string]Func{
		"abs":            method(filterAbs),
		"attr":           method(filterAttr, req("name")),
		"batch":          method(filterBatch, req("linecount"), opt("fill_with", nil)),
		"capitalize":     textFilter(capitalize),
		"center":         method(filterCenter, opt("width", int64(80))),
		"default":        method(filterDefault, opt("default_value", ""), opt("boolean", false)),
		"dictsort":       method(filterDictSort, opt("case_sensitive", false), opt("by", "key"), opt("reverse", false)),
		"escape":         method(filterEscape),
		"filesizeformat": method(filterFileSize, opt("binary", false)),
		"first":          method(filterFirst),
		"float":          method(filterFloat, opt("default", 0.0)),
		"forceescape":    method(filterForceEscape),
		"format":         {Variadic: true, Fn: filterFormat},
		"groupby":        method(filterGroupBy, req("attribute"), opt("default", nil), opt("case_sensitive", false)),
		"indent":         method(filterIndent, opt("width", int64(4)), opt("first", false), opt("blank", false)),
		"int":            method(filterInt, opt("default", int64(0)), opt("base", int64(10))),
		"items":          method(filterItems),
		"join":           method(filterJoin, opt("d", ""), opt("attribute", nil)),
		"last":           method(filterLast),
		"length":         method(filterLength),
		"list":           method(filterList),
		"lower":          textFilter(lower),
		"map":            {Variadic: true, Fn: filterMap},
		"max":            method(filterExtreme(">"), opt("case_sensitive", false), opt("attribute", nil)),
		"min":            method(filterExtreme("<"), opt("case_sensitive", false), opt("attribute", nil)),
		"pprint":         method(filterPprint),
		"random":         method(filterRandom),
		"reject":         {Variadic: true, Fn: filterSelect(false, false)},
		"rejectattr":     {Variadic: true, Fn: filterSelect(false, true)},
		"replace":        method(filterReplace, req("old"), req("new"), opt("count", nil)),
		"reverse":        method(filterReverse),
		"round":          method(filterRound, opt("precision", int64(0)), opt("method", "common")),
		"safe":           method(filterSafe),
		"select":         {Variadic: true, Fn: filterSelect(true, false)},
		"selectattr":     {Variadic: true, Fn: filterSelect(true, true)},
		"slice":          method(filterSlice, req("slices"), opt("fill_with", nil)),
		"sort":           method(filterSort, opt("reverse", false), opt("case_sensitive", false), opt("attribute", nil)),
		"string":         method(filterString),
		"striptags":      method(filterStripTags),
		"sum":            method(filterSum, opt("attribute", nil), opt("start", int64(0))),
		"title":          method(filterTitle),
		"tojson":         method(filterToJSON, opt("indent", nil)),
		"trim":           method(filterTrim, opt("chars", nil)),
		"truncate":       method(filterTruncate, opt("length", int64(255)), opt("killwords", false), opt("end", "..."), opt("leeway", nil)),
		"unique":         method(filterUnique, opt("case_sensitive", false), opt("attribute", nil)),
		"upper":          textFilter(upper),
		"urlencode":      method(filterURLEncode),
		"urlize":         method(filterUrlize, opt("trim_url_limit", nil), opt("nofollow", false), opt("target", nil), opt("rel", nil), opt("extra_schemes", nil)),
		"wordcount":      method(filterWordCount),
		"wordwrap":       method(filterWordWrap, opt("width", int64(79)), opt("break_long_words", true), opt("wrapstring", nil), opt("break_on_hyphens", true)),
		"xmlattr":        method(filterXMLAttr, opt("autospace", true)),
	}
	for alias, name := range map[string]string{"d": "default", "e": "escape", "count": "length"} {
		m[alias] = m[name]
	}
	return m
}

// soft is str(v) that stays Markup when it is: what text filters work on.
func (c *Call) soft(v expr.Value) (text string, safe bool, err error) {
	_, safe = v.(expr.Markup)
	text, err = expr.Str(c.Budget, v)
	if err == nil {
		err = c.Budget.Grow(int64(len(text)))
	}
	return text, safe, err
}

func softValue(s string, safe bool) expr.Value {
	if safe {
		return expr.Markup(s)
	}
	return s
}

// textFilter makes a filter of a function on text.
func textFilter(f func(string) string) Func {
	return method(func(c *Call, a []expr.Value) (expr.Value, error) {
		s, safe, err := c.soft(a[0])
		if err != nil {
			return nil, err
		}
		return softValue(f(s), safe), nil
	})
}

func (c *Call) undefined(hint string) expr.Value {
	return &expr.Undefined{Kind: c.frame.render.env.Undefined, Hint: hint}
}

// getter makes the function behind attribute= arguments: "a.b.0" walks members; nil gives the item itself.
func (c *Call) getter(attribute, missing expr.Value) func(expr.Value) (expr.Value, error) {
	if text, ok := expr.Text(attribute); ok {
		if err := c.Budget.GrowItems(2 * strings.Count(text, ".")); err != nil {
			return func(expr.Value) (expr.Value, error) { return nil, err }
		}
	}
	path := attributePath(attribute)
	return func(v expr.Value) (expr.Value, error) {
		if err := c.Budget.Step(int64(len(path))); err != nil {
			return nil, err
		}
		for _, part := range path {
			var err error
			if v, err = c.frame.getItem(v, part); err != nil {
				return nil, err
			}
			if _, undef := v.(*expr.Undefined); undef && missing != nil {
				v = missing
			}
		}
		return v, nil
	}
}

func filterDefault(c *Call, a []expr.Value) (expr.Value, error) {
	if _, undef := a[0].(*expr.Undefined); undef {
		return a[1], nil
	}
	byTruth, err := expr.Truthy(a[2])
	if err != nil || !byTruth {
		return a[0], err
	}
	yes, err := expr.Truthy(a[0])
	if err != nil || yes {
		return a[0], err
	}
	return a[1], nil
}

func filterAttr(c *Call, a []expr.Value) (expr.Value, error) {
	name, err := expr.Str(c.Budget, a[1])
	if err != nil {
		return nil, err
	}
	if u, ok := a[0].(*expr.Undefined); ok {
		return nil, u.Err()
	}
	v, ok, err := c.frame.ownAttr(a[0], name)
	if err != nil || ok {
		return v, err
	}
	return c.frame.noMember(a[0], name), nil
}

func filterString(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	return softValue(s, safe), err
}

func filterLength(c *Call, a []expr.Value) (expr.Value, error) {
	v, err := c.frame.resolved(a[0])
	if err != nil {
		return nil, err
	}
	n, err := expr.Len(v)
	return int64(n), err
}

func filterList(c *Call, a []expr.Value) (expr.Value, error) {
	items, err := expr.Items(c.Budget, a[0])
	return expr.NewList(append([]expr.Value(nil), items...)...), err
}
