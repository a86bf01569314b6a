package rules

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// pattern is what a value is held against. Only texts are rendered, and only at the top.
// st2: triggers-rules reference, pattern rendering.
type pattern struct {
	value    expr.Value // when it holds no Jinja
	template string     // when it does
	typed    string     // the template that gives JSON, "" when there is no expression
}

func newPattern(v expr.Value) pattern {
	text, ok := v.(string)
	if !ok {
		return pattern{value: v}
	}
	for _, mark := range []string{"{{", "{%", "{#"} {
		if strings.Contains(text, mark) {
			return pattern{value: v, template: text, typed: typedTemplate(text)}
		}
	}
	return pattern{value: strings.TrimSuffix(text, "\n")} // Jinja drops one last newline
}

// typedTemplate makes the last expression of a template give JSON, so that the type of
// its value is not lost. A filter binds tighter than an operator: {{ n + 1 }} is no
// longer what it was. st2: same.
func typedTemplate(text string) string {
	begin := strings.LastIndex(text, "{{")
	if begin < 0 {
		return ""
	}
	end := strings.LastIndex(text[begin:], "}}")
	if end < 0 {
		return ""
	}
	end += begin
	closing := text[end:]
	inner := text[begin:end]
	if strings.HasSuffix(inner, "-") { // -}} trims what follows
		inner, closing = strings.TrimSuffix(inner, "-"), "-"+closing
	}
	return text[:begin] + inner + " | to_complex" + closing
}

// render gives the pattern's value: what the typed template's text says as JSON, else
// the plain text.
//
// st2 differs: a datastore key alone, {{ st2kv.system.key }}, is its text, as documented;
// there it fails, since such a lookup has no JSON form.
func (e *evaluation) render(p pattern, names *expr.Dict) (expr.Value, error) {
	if p.template == "" {
		return p.value, nil
	}
	if p.typed == "" {
		return e.renderer.Render(e.budget, p.template, names)
	}
	text, typedErr := e.renderer.Render(e.budget, p.typed, names)
	if typedErr == nil {
		if v, err := expr.ParseJSON(e.budget, text); err == nil {
			return v, nil
		}
	}
	plain, err := e.renderer.Render(e.budget, p.template, names)
	if typedErr == nil || err != nil || strings.Contains(p.template, "st2kv.") {
		return plain, err // when both fail, this error says it better
	}
	return nil, typedErr
}
