package execution

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/schema"
)

// scope renders a set of values that may mention one another, in whatever order they
// need; a circle is an error. What a rendered value holds is data and never a template.
type scope struct {
	jinja  Jinja
	names  map[string]expr.Value // what templates may mention besides the values
	params core.Parameters
	all    map[string]any
	fresh  func(name string) bool // whether a value is a template, not data
	done   map[string]any
	path   []string // of values being rendered, to find circles
}

// renderAll renders the fresh values of all and returns all with what became of them,
// cast to their parameters' types.
func (s *scope) renderAll(ctx context.Context, params core.Parameters, all map[string]any, fresh func(string) bool) (map[string]any, error) {
	s.params, s.all, s.fresh, s.done = params, all, fresh, map[string]any{}
	for name := range all {
		if _, err := s.value(ctx, name); err != nil {
			return nil, err
		}
	}
	return s.done, nil
}

// value returns a value rendered, rendering first what it mentions.
func (s *scope) value(ctx context.Context, name string) (any, error) {
	if v, ok := s.done[name]; ok {
		return v, nil
	}
	v := s.all[name]
	if !s.fresh(name) || !holdsTemplate(v) {
		s.done[name] = v
		return v, nil
	}
	if i := slices.Index(s.path, name); i >= 0 {
		circle := strings.Join(append(slices.Clone(s.path[i:]), name), " → ")
		return nil, &RenderError{name, fmt.Errorf("the parameters refer to each other in a circle: %s", circle)}
	}
	s.path = append(s.path, name)
	out, err := s.render(ctx, name, v)
	s.path = s.path[:len(s.path)-1]
	if err != nil {
		return nil, err
	}
	s.done[name] = out
	return out, nil
}

func (s *scope) render(ctx context.Context, name string, v any) (any, error) {
	out, err := s.walk(ctx, v)
	if err != nil {
		if re, ok := err.(*RenderError); ok {
			return nil, re // of a value this one mentions
		}
		return nil, &RenderError{name, err}
	}
	ps, _ := s.params.Get(name)
	cast, err := schema.Cast(out, ps.Text("type"))
	if err != nil {
		return nil, core.FieldErrorf(name, "Failed to cast value \"%v\" for parameter \"%s\" of type \"%s\": %v", out, name, ps.Text("type"), err)
	}
	return cast, nil
}

// walk renders every string of a value.
// st2 differs: StackStorm renders the JSON text of lists and objects, so that a quote in
// the data breaks them; here each string is rendered by itself.
func (s *scope) walk(ctx context.Context, v any) (any, error) {
	switch v := v.(type) {
	case string:
		return s.text(ctx, v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = s.inner(ctx, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			key, err := s.text(ctx, name)
			if err != nil {
				return nil, err
			}
			if out[key], err = s.inner(ctx, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

var bareName = regexp.MustCompile(`^\{\{\s*([A-Za-z_]\w*)\s*\}\}$`)

// inner renders a value inside a list or object: a string that is just one name stands
// for that value with its type.
func (s *scope) inner(ctx context.Context, v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return s.walk(ctx, v)
	}
	m := bareName.FindStringSubmatch(text)
	if m == nil {
		return s.text(ctx, text)
	}
	if _, isParam := s.all[m[1]]; isParam {
		return s.value(ctx, m[1])
	}
	if known, ok := s.names[m[1]]; ok {
		return expr.ToGo(known)
	}
	return s.text(ctx, text)
}

// text renders one template with the names it mentions. What is no valid template is
// taken literally. st2: triggers-rules reference, action parameter rendering.
func (s *scope) text(ctx context.Context, src string) (string, error) {
	if !holdsTemplate(src) {
		return src, nil
	}
	mentioned, err := s.jinja.Variables(src)
	if err != nil {
		return src, nil // literal, as documented
	}
	vars := expr.NewDict()
	for _, name := range mentioned {
		v, ok, err := s.lookup(ctx, name)
		if err != nil {
			return "", err
		}
		if ok {
			if err := vars.Set(name, v); err != nil {
				return "", err
			}
		}
	}
	return s.jinja.Render(ctx, src, vars)
}

// lookup finds a name: a parameter first, then what surrounds them.
func (s *scope) lookup(ctx context.Context, name string) (expr.Value, bool, error) {
	if _, ok := s.all[name]; ok {
		v, err := s.value(ctx, name)
		if err != nil {
			return nil, false, err
		}
		x, err := expr.FromGo(v)
		return x, true, err
	}
	if v, ok := s.names[name]; ok {
		return v, true, nil
	}
	_, declared := s.params.Get(name) // one that nobody gave is None, not undefined
	return nil, declared, nil
}
