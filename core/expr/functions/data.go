package functions

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jsonpath"
)

// fromJSONString parses the text of a value. st2 differs from json(): NaN and Infinity are refused.
func fromJSONString(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, err := text(b, a[0])
	if err != nil {
		return nil, err
	}
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if strings.TrimSpace(s) == word {
			return nil, expr.Errorf("ValueError", "invalid constant: %s", word)
		}
	}
	return expr.ParseJSON(b, s)
}

func toJSONString(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	o := expr.JSONOptions{}
	if a[1] != nil {
		if err := o.SetIndent(a[1]); err != nil {
			return nil, err
		}
	}
	var err error
	if o.SortKeys, err = expr.Truthy(a[2]); err != nil {
		return nil, err
	}
	if a[3] != nil {
		if err := separators(b, a[3], &o); err != nil {
			return nil, err
		}
	}
	s, err := expr.ToJSON(b, a[0], o)
	return s, err
}

func separators(b *expr.Budget, v expr.Value, o *expr.JSONOptions) error {
	pair, err := expr.Items(b, v)
	if err != nil {
		return err
	}
	if len(pair) != 2 {
		return expr.Errorf("ValueError", "separators must be a pair, got %d values", len(pair))
	}
	if o.ItemSeparator, err = str(pair[0]); err != nil {
		return err
	}
	o.KeySeparator, err = str(pair[1])
	return err
}

func jsonEscape(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, err := expr.ToJSON(b, a[0], expr.JSONOptions{})
	return strings.Trim(s, `"`), err
}

// toComplex passes a value on with its type, as JSON text.
func toComplex(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, err := expr.ToJSON(b, a[0], expr.JSONOptions{})
	return s, err
}

// jsonpathQuery gives the list of matches, or None.
func jsonpathQuery(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	query, err := str(a[1])
	if err != nil {
		return nil, err
	}
	p, err := jsonpath.Compile(query)
	if err != nil {
		return nil, err
	}
	found, err := p.Find(b, a[0])
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return expr.NewList(found...), nil
}

func baseName(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

// dirName drops the last part and the slashes before it, but not a root.
func dirName(p string) string {
	head := p[:strings.LastIndexByte(p, '/')+1]
	if strings.Trim(head, "/") == "" {
		return head
	}
	return strings.TrimRight(head, "/")
}
